"""The product MCU of the bench: the GoKit's board in C, on this machine, at the end of a serial line."""

import contextlib
import re
import subprocess
import time
from pathlib import Path
from typing import Self

from wxlink.codegen.build import build_board
from wxlink.product import ProductFile

SEED = 1
DRIFT_MS = 1000  # how often the simulated hardware's surroundings change
STOPS_WITHIN_S = 5.0
POLL_S = 0.02
_LINE = re.compile(r"^(\d+) (.*)$")


class Board:
    """One board on `tty`; start() and stop() are its power, `lines` what its log says since the beginning."""

    def __init__(self, product: ProductFile, folder: Path, tty: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._program = build_board(product, folder / "build")
        self.tty = tty
        self._log = folder / "mcu.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Give it power."""
        argv = [self._program, "--port", self.tty, "--log", self._log]
        argv += ["--seed", str(SEED), "--drift-ms", str(DRIFT_MS)]
        with self._log.with_suffix(".out").open("ab") as out:
            self._process = subprocess.Popen(argv, stdout=out, stderr=out)

    def stop(self) -> None:
        """Take its power away."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOPS_WITHIN_S)
            self._process = None

    @property
    def lines(self) -> list[str]:
        """The log: `tx FF..`, `rx FF..`, `hw NAME = value` and so on, without the time."""
        with contextlib.suppress(FileNotFoundError):
            found = [_LINE.match(line) for line in self._log.read_text("utf-8", "replace").splitlines()]
            return [match[2] for match in found if match]
        return []

    def wait(self, text: str, since: int, within: float) -> str:
        """The first line from number `since` on that contains `text`; AssertionError after the time."""
        deadline = time.monotonic() + within
        while True:
            lines = self.lines[since:]
            for line in lines:
                if text in line:
                    return line
            assert time.monotonic() < deadline, f"the MCU's log has no {text!r}; its end: {lines[-5:]}"
            time.sleep(POLL_S)
