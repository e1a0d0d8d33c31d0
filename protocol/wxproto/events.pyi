from typing import ClassVar

from .record import Record

class Asked(Record):
    fields: ClassVar[tuple[str, ...]]
    cmd: int
    sn: int
    flags: int
    payload: bytes
    wants_answer: bool
    def __init__(self, cmd: int, sn: int, flags: int, payload: bytes, wants_answer: bool = False) -> None: ...

class Answered(Record):
    fields: ClassVar[tuple[str, ...]]
    ticket: int
    cmd: int
    sn: int
    payload: bytes
    def __init__(self, ticket: int, cmd: int, sn: int, payload: bytes) -> None: ...

class GaveUp(Record):
    fields: ClassVar[tuple[str, ...]]
    ticket: int
    cmd: int
    def __init__(self, ticket: int, cmd: int) -> None: ...

class PeerNotice(Record):
    fields: ClassVar[tuple[str, ...]]
    code: int
    sn: int
    def __init__(self, code: int, sn: int) -> None: ...

class LinkUp(Record): ...
class LinkLost(Record): ...
