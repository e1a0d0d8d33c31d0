from collections.abc import Callable
from typing import Final

from .events import Asked

COMMANDS: Final[tuple[int, ...]]
OFFER_MS: Final = 60_000

NEW: Final = "new"
ANNOUNCING: Final = "announcing"
OFFERED: Final = "offered"
SENDING: Final = "sending"
DONE: Final = "done"
STOPPED: Final = "stopped"
STARTED: Final = "the program started it"
ACKED: Final = "the announcement was acknowledged"
READY: Final = "the receiver asked for it"
COMPLETE: Final = "the last piece was acknowledged"
SILENT: Final = "a question was given up"
LATE: Final = "nobody asked for it in time"
CANCELLED: Final = "the receiver cancelled"
WITHDRAWN: Final = "the sender cancelled"
TRANSITIONS: Final[dict[tuple[str, str], str]]

class Sender:
    state: str
    reason: str | None
    size: int
    sent: int
    waiting: bool
    def __init__(
        self,
        size: int,
        md5: str,
        read: Callable[[int, int], bytes],
        *,
        hex_lines: bool = False,
        offer_ms: int = 60_000,
    ) -> None: ...
    def start(self) -> None: ...
    def cancel(self) -> None: ...
    def question(self) -> tuple[int, bytes, int] | None: ...
    def answered(self, now: int) -> None: ...
    def gave_up(self, now: int) -> None: ...
    def take(self, asked: Asked, now: int) -> int | None: ...
    def poll(self, now: int) -> None: ...
    def next_deadline(self) -> int | None: ...
