"""Debian's Chromium as a process: one may serve many tests, each in a browser context of its own."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

BINARY: Final = shutil.which("chromium")
START_WITHIN_S: Final = 30.0
STOP_WITHIN_S: Final = 5.0
POLL_S: Final = 0.05

_FLAGS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)


class ChromiumError(Exception):
    """The browser did not do what was asked: a script threw, an element is missing, a wait ran out."""


class ChromiumProcess:
    """A browser without pages. `folder` is for its profile; started, `address` is its DevTools socket."""

    address: str

    def __init__(self, folder: Path) -> None:
        self._profile = folder / "chromium"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it can be driven. Raises ChromiumError."""
        if BINARY is None:
            raise ChromiumError("chromium is not installed: apt-get install chromium")
        self._profile.mkdir(parents=True, exist_ok=True)
        file = self._profile / "DevToolsActivePort"  # the browser writes it when it is up
        file.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [BINARY, *_FLAGS, f"--user-data-dir={self._profile}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_WITHIN_S
        while len(lines := _words(file)) != 2:
            if self._process.poll() is not None:
                raise ChromiumError("chromium ended at once; start it by hand to see why")
            if time.monotonic() > deadline:
                raise ChromiumError(f"chromium did not start within {START_WITHIN_S} s")
            time.sleep(POLL_S)
        port, path = lines
        self.address = f"ws://127.0.0.1:{port}{path}"

    def stop(self) -> None:
        """End the browser and everything that it started."""
        process, self._process = self._process, None
        if process is None:
            return
        for sign in (signal.SIGTERM, signal.SIGKILL):
            _signal_group(process.pid, sign)
            try:
                process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                continue
            break
        _signal_group(process.pid, signal.SIGKILL)  # helpers that outlived it


def _words(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


def _signal_group(pid: int, sign: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, sign)
