from typing import Final

from .line import Line

ANSWER_SIZE: Final = 128

def sub_device(flags: int, payload: bytes | bytearray) -> bytes: ...
def answer_size(kind: int, flags: int, payload: bytes | bytearray, largest: int) -> int: ...

class Question:
    ticket: int
    cmd: int
    sn: int
    frame: bytes
    sends: int
    sent_at: int
    deadline: int
    def __init__(
        self, ticket: int, cmd: int, sn: int, frame: bytes, *, answer: int, service_ms: int
    ) -> None: ...
    def sent(self, now: int, leaves: int, line: Line, at_least: int) -> None: ...
