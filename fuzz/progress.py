"""How far a long run is: a line that grows on a terminal, plain lines in a pipe."""

import sys
import time

EVERY_S = 10.0


class Progress:
    """Call `at` as often as wanted; it prints rarely."""

    def __init__(self, name: str, whole: int, unit: str) -> None:
        self._name = name
        self._whole = whole
        self._unit = unit
        self._began = time.monotonic()
        self._printed = self._began
        self._live = sys.stderr.isatty()

    def at(self, count: int) -> None:
        """Tell how much is done."""
        now = time.monotonic()
        if now - self._printed < (0.2 if self._live else EVERY_S):
            return
        self._printed = now
        text = (
            f"{self._name}: {count:,} of {self._whole:,} {self._unit}, {self._rate(count, now):,.0f} a second"
        )
        sys.stderr.write(f"\r{text} " if self._live else text + "\n")
        sys.stderr.flush()

    def end(self, count: int, words: str) -> None:
        """The last line, on standard output."""
        if self._live:
            sys.stderr.write("\n")
        now = time.monotonic()
        print(
            f"{self._name}: {count:,} {self._unit} in {now - self._began:,.0f} s "
            f"({self._rate(count, now):,.0f} a second), {words}",
            flush=True,
        )

    def _rate(self, count: int, now: float) -> float:
        return count / max(now - self._began, 1e-6)
