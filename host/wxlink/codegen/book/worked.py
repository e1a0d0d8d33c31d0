"""Worked frames: bytes as they run over the serial link, split into their parts, and what they say."""

from dataclasses import dataclass

from wxlink.codegen.bilingual import Text
from wxproto import frame

_PARTS = (
    (Text("包头", "header"), 2),
    (Text("长度", "length"), 2),
    (Text("命令", "command"), 1),
    (Text("序号", "sn"), 1),
    (Text("标志", "flags"), 2),
)
_PAYLOAD = Text("数据", "payload")
_CHECKSUM = Text("校验和", "checksum")
_STUFFED = 0xFF


@dataclass(frozen=True)
class Part:
    """Some bytes of a frame with their name; `hex` holds the stuffing after an FF, too."""

    name: Text
    hex: str


@dataclass(frozen=True)
class Worked:
    """One frame: `title` says what it is, `says` names and values of what it carries."""

    title: Text
    cmd: int
    sn: int
    payload: bytes
    says: tuple[tuple[Text, Text], ...] = ()

    @property
    def parts(self) -> list[Part]:
        """The whole frame, part by part."""
        payload = [(_PAYLOAD, len(self.payload))] if self.payload else []
        wire = frame.encode(self.cmd, self.sn, self.payload)
        parts = []
        at = 0
        for name, size in (*_PARTS, *payload, (_CHECKSUM, 1)):
            end = at
            for _ in range(size):
                stuffed = at > 0 and wire[end] == _STUFFED
                end += 2 if stuffed else 1
            parts.append(Part(name, wire[at:end].hex(" ").upper()))
            at = end
        return parts
