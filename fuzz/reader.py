"""Programs that do the same as we do here, in another language or interpreter."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

from fuzz.build import ROOT, NoTool
from fuzz.invariant import Broken


class Reader:
    """A running program that reads blocks and answers each with a line."""

    def __init__(self, name: str, *command: str | Path) -> None:
        self.name = name
        paths = {"MICROPYPATH": f"{ROOT / 'protocol'}:.frozen"}
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **paths},
        )

    def send(self, block: bytes) -> None:
        """Give it a block, with its size before it. That it has died shows in what it does not answer."""
        with suppress(BrokenPipeError):
            _pipe(self._process.stdin).write(len(block).to_bytes(4, "big") + block)
            _pipe(self._process.stdin).flush()

    def read(self) -> str:
        """Its next line, empty when it has died."""
        return _pipe(self._process.stdout).readline().decode().strip()

    def close(self) -> None:
        """Wait for its end. Broken when it does not end well."""
        with suppress(BrokenPipeError):
            _pipe(self._process.stdin).close()
        _pipe(self._process.stdout).close()
        if self._process.wait() != 0:
            raise Broken(f"{self.name} ended with status {self._process.returncode}")


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # all of them were asked for
    return pipe


def micropython() -> str:
    """The interpreter of the dependency group `bench`, or the user's own."""
    own = Path(sys.executable).with_name("micropython")
    found = os.environ.get("WXLINK_MICROPYTHON") or str(own)
    if not Path(found).exists():
        raise NoTool(f"no MicroPython at {found} (set WXLINK_MICROPYTHON)")
    return found
