from collections.abc import Callable
from typing import Final, Protocol

from .big_data import Announce
from .events import Asked

COMMANDS: Final[tuple[int, ...]]
QUIET_MS: Final = 15_000
ASKS: Final = 3

IDLE: Final = "idle"
OFFERED: Final = "offered"
WAITING: Final = "waiting"
RECEIVING: Final = "receiving"
DONE: Final = "done"
STOPPED: Final = "stopped"
ANNOUNCED: Final = "the sender announced a file"
ACCEPTED: Final = "the program wants it"
PIECE: Final = "the next piece came"
QUIET: Final = "no piece came for a while"
COMPLETE: Final = "all pieces are here and fit"
GONE: Final = "the sender is silent"
MISSING: Final = "a piece is missing"
WRONG_SIZE: Final = "the size is not the announced one"
WRONG_DIGEST: Final = "the MD5 is not the announced one"
CANCELLED: Final = "the sender cancelled"
REFUSED: Final = "the receiver cancelled"
TRANSITIONS: Final[dict[tuple[str, str], str]]

class _Digest(Protocol):
    def update(self, data: bytes, /) -> object: ...
    def digest(self) -> bytes: ...

class Receiver:
    state: str
    reason: str | None
    announced: Announce | None
    have: int
    waiting: bool
    def __init__(
        self,
        write: Callable[[int, bytes], object],
        max_bytes: int,
        *,
        piece_bytes: int = 256,
        hex_lines: bool = False,
        new_digest: Callable[[], _Digest] | None = None,
        bare: bool = False,
        quiet_ms: int = 15_000,
        asks: int = 3,
    ) -> None: ...
    def accept(self, now: int, *, have: int = 0, announced: Announce | None = None) -> None: ...
    def cancel(self) -> None: ...
    def question(self) -> tuple[int, bytes, int] | None: ...
    def answered(self, now: int) -> None: ...
    def gave_up(self, now: int) -> None: ...
    def take(self, asked: Asked, now: int) -> int | None: ...
    def poll(self, now: int) -> None: ...
    def next_deadline(self) -> int | None: ...
