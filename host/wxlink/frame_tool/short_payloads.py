"""Payloads of a byte or two, and those whose form is not public: named fields for people."""

from typing import Final, Self

from wxproto import commands as c
from wxproto import module_info
from wxproto.errors import LocalError
from wxproto.fields import Reader, number
from wxproto.record import Record

_STATUS_FLAGS: Final = {
    "softap": c.STATUS_SOFTAP,
    "station": c.STATUS_STATION,
    "onboarding": c.STATUS_ONBOARDING,
    "binding": c.STATUS_BINDING,
    "router": c.STATUS_ROUTER,
    "cloud": c.STATUS_CLOUD,
    "app": c.STATUS_APP,
    "test": c.STATUS_TEST,
}
_STRONGEST: Final = 7


class Status(Record):
    """Module status word (0D, README 3.5): a bool for each bit, and `signal`, 0 to 7."""

    fields = (*_STATUS_FLAGS, "signal")

    def __init__(self, *, signal: int = 0, **flags: bool) -> None:
        self.signal = signal
        for name in _STATUS_FLAGS:
            setattr(self, name, flags.get(name, False))

    def encode(self) -> bytes:
        """Payload of 0D. LocalError when the signal is no level."""
        level = number("signal", self.signal, 1)[0]
        if level > _STRONGEST:
            raise LocalError(f"signal must be 0..{_STRONGEST}, not {self.signal}")
        word = level << c.STATUS_SIGNAL_SHIFT
        for name, bit in _STATUS_FLAGS.items():
            word |= bit if getattr(self, name) else 0
        return word.to_bytes(2, "big")

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read the payload of 0D. PeerError when it is too short."""
        word = Reader("module status", payload).number("the status word", 2)
        flags = {name: bool(word & bit) for name, bit in _STATUS_FLAGS.items()}
        return cls(signal=(word & c.STATUS_SIGNAL_MASK) >> c.STATUS_SIGNAL_SHIFT, **flags)


class Notice(Record):
    """Error notice (11 and 12, README 3.2); `meaning` is None for a number that is not known."""

    fields = ("error", "meaning")

    def __init__(self, error: int) -> None:
        self.error = error
        self.meaning = c.NOTICES.get(error)

    def encode(self) -> bytes:
        """Payload of 11 and 12. LocalError when the error is no byte."""
        return number("error", self.error, 1)

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read the payload of 11 and 12. PeerError when it is empty."""
        return cls(Reader("error notice", payload).number("error", 1))


class ModuleQuestion(Record):
    """Question for module information (21, README 3.8); `kind` 0 is the only public one."""

    fields = ("kind",)

    def __init__(self, kind: int = module_info.BASIC) -> None:
        self.kind = kind

    def encode(self) -> bytes:
        """Payload of 21. LocalError when the kind is no byte."""
        return module_info.encode_request(self.kind)

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read the payload of 21. PeerError when it is empty."""
        return cls(module_info.decode_request(payload))
