"""What a person sees of work at several ports: a bar each on a terminal, plain lines in a pipe."""

import shutil
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TextIO

REDRAW_S: Final = 0.1  # smooth to the eye, and nothing to the machine
PLAIN_STEP: Final = 0.25  # in a pipe each quarter is a line
BAR: Final = 24  # characters
_NARROW: Final = 60  # columns below which there is no bar
_UP, _CLEAR, _GREEN, _RED, _PLAIN = "\x1b[{}A", "\x1b[K", "\x1b[32m", "\x1b[31m", "\x1b[0m"


class Lane:
    """The line of one port. Its calls may come from any thread."""

    def __init__(self, port: str, display: "Display") -> None:
        self.port = port
        self._display = display
        self.text = "waits"
        self.part = 0.0
        self.ended: bool | None = None
        """None while it works, then whether it went well."""
        self._told = 0.0

    def step(self, text: str) -> None:
        """Say what is being done now."""
        self.text, self.part, self._told = text, 0.0, 0.0
        self._display.tell(self, text)

    def progress(self, part: float) -> None:
        """How much of the step is done, 0 to 1."""
        self.part = part
        if part - self._told >= PLAIN_STEP:
            self._told = part - part % PLAIN_STEP
            self._display.tell(self, f"{self.text} {self._told:.0%}")

    def end(self, text: str, *, well: bool) -> None:
        """The last word of this port."""
        self.text, self.part, self.ended = text, float(well), well
        self._display.tell(self, text)


class Display:
    """All lanes. On a terminal `with Display(ports, sys.stdout) as display` keeps redrawing them in place."""

    def __init__(self, ports: Sequence[str], out: TextIO) -> None:
        self._out = out
        self._drawn = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._draws = out.isatty()
        self._width = max(len(short(port)) for port in ports)
        self.lanes = [Lane(port, self) for port in ports]
        self._drawer = threading.Thread(target=self._redraw, name="progress", daemon=True)

    def __enter__(self) -> Self:
        if self._draws:
            self._drawer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        if self._draws:
            self._drawer.join()
            self._draw()

    def tell(self, lane: Lane, text: str) -> None:
        """Something happened in a lane: a line where nothing is drawn."""
        if not self._draws:
            with self._lock:
                self._out.write(f"{short(lane.port)}: {text}\n")
                self._out.flush()

    def _redraw(self) -> None:
        while not self._stopping.wait(REDRAW_S):
            self._draw()

    def _draw(self) -> None:
        columns = shutil.get_terminal_size().columns
        lines = [self._line(lane, columns) for lane in self.lanes]
        up = _UP.format(self._drawn) if self._drawn else ""
        self._out.write(up + "".join(f"{line}{_CLEAR}\n" for line in lines))
        self._out.flush()
        self._drawn = len(lines)

    def _line(self, lane: Lane, columns: int) -> str:
        name = f"{short(lane.port):<{self._width}}"
        if lane.ended is not None:
            colour = _GREEN if lane.ended else _RED
            return f"{name}  {colour}{lane.text[: columns - len(name) - 3]}{_PLAIN}"
        full = round(BAR * lane.part)
        bar = f"{'█' * full}{'░' * (BAR - full)} {lane.part:>4.0%}  " if columns >= _NARROW else ""
        return (f"{name}  {bar}{lane.text}")[: columns - 1]


class Stopwatch:
    """Seconds since it was made, in tenths."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """For a record."""
        return round(time.monotonic() - self._began, 1)


def short(port: str) -> str:
    """A port as it is called at the bench: ttyUSB0."""
    return Path(port).name or port


def out_for(json: bool) -> TextIO:
    """Where progress goes: beside the result when that is for a program."""
    return sys.stderr if json else sys.stdout
