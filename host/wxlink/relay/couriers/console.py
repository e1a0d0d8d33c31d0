"""The courier of a relay that has no other: writes to the operator's terminal."""

import sys
from typing import TextIO

from wxlink.relay.couriers.message import Letter, Text


class Console:
    """Prints each message, on stderr unless told; not to the log, which must hold no code."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    async def text(self, text: Text) -> None:
        """Print a text message."""
        self._print(f"text message to {text.phone}: {text.words}")

    async def letter(self, letter: Letter) -> None:
        """Print an e-mail."""
        self._print(f"e-mail to {letter.address}: {letter.words.strip()}")

    def _print(self, line: str) -> None:
        shown = "".join(char if char.isprintable() else " " for char in line)
        (self._stream or sys.stderr).write(f"{shown}\n")
