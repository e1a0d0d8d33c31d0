from typing import Final, TypeAlias

from .counters import Counters
from .events import Answered as Answered
from .events import Asked as Asked
from .events import GaveUp as GaveUp
from .events import LinkLost, LinkUp
from .events import PeerNotice as PeerNotice
from .frame import BadFrame as BadFrame

ACK_TIMEOUT_MS: Final = 200
SENDS: Final = 3
HEARTBEAT_MS: Final = 55_000
LOST_AFTER: Final = 4
MAX_QUEUE: Final = 16
DUPLICATE_MS: Final = 3500
MAX_BACKLOG: Final = 16_640

_Event: TypeAlias = Asked | Answered | GaveUp | PeerNotice | BadFrame | LinkUp | LinkLost

class Session:
    role: str
    counters: Counters
    def __init__(
        self,
        role: str,
        *,
        baud: int = 9600,
        ack_timeout_ms: int = 200,
        sends: int = 3,
        heartbeat_ms: int = 55_000,
        lost_after: int = 4,
        max_queue: int = 16,
        max_payload: int = 4096,
        duplicate_ms: int = 3500,
        max_backlog: int = 16_640,
    ) -> None: ...
    @property
    def up(self) -> bool: ...
    def ask(
        self,
        cmd: int,
        payload: bytes | bytearray = b"",
        *,
        now: int,
        flags: int = 0,
        service_ms: int | None = None,
    ) -> int: ...
    def withdraw(self, ticket: int, now: int) -> None: ...
    def answer(self, asked: Asked, payload: bytes | bytearray = b"") -> None: ...
    def refuse(self, asked: Asked, error: int) -> None: ...
    def receive(self, data: bytes | bytearray, now: int) -> list[_Event]: ...
    def poll(self, now: int) -> list[_Event]: ...
    def data_to_send(self) -> bytes: ...
    def next_deadline(self) -> int | None: ...
