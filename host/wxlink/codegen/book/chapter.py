"""What a chapter on a command of the serial link is made of."""

from dataclasses import dataclass

from wxlink.codegen.bilingual import Text
from wxlink.codegen.book.worked import Worked
from wxproto import commands

TEXT_FORM = Text("文本，右侧补 0", "text, padded with zeros")
MULTI_BYTE = Text("高字节在前", "high byte first")


@dataclass(frozen=True)
class Field:
    """A field of a payload: bytes, name and what it holds."""

    size: str
    name: Text
    form: Text


@dataclass(frozen=True)
class Chapter:
    """A command of commands.COMMANDS: Chinese name, what to know, payloads of both ways, worked frames."""

    code: int
    name: str
    note: Text
    payload: tuple[Field, ...] = ()
    ack: tuple[Field, ...] = ()
    frames: tuple[Worked, ...] = ()


def asked(code: int, sn: int, payload: bytes = b"", *says: tuple[Text, Text]) -> Worked:
    """The worked frame of a command."""
    return Worked(Text("命令", "command"), code, sn, payload, says)


def acked(code: int, sn: int, payload: bytes = b"", *says: tuple[Text, Text]) -> Worked:
    """The worked frame of the acknowledgement of command `code`."""
    ack = commands.COMMANDS[code].ack
    if ack is None:
        raise LookupError(f"command {code:02X} has no acknowledgement")
    return Worked(Text("应答", "acknowledgement"), ack, sn, payload, says)


def short(code: int, sn: int, payload: bytes = b"", *says: tuple[Text, Text]) -> tuple[Worked, Worked]:
    """A command and its empty acknowledgement."""
    return asked(code, sn, payload, *says), acked(code, sn)
