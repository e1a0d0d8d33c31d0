"""Kinds of fields: how a value is written after ``field=``, and what it becomes."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple


class Kind(NamedTuple):
    """form: what help says that one writes. read: the value of a text; ValueError when it is none."""

    form: str
    read: Callable[[str], Any]


def _flag(text: str) -> bool:
    value = FLAGS.get(text.lower())
    if value is None:
        raise ValueError
    return value


def _number(text: str) -> int:
    return int(text, 0)


def _number_or_none(text: str) -> int | None:
    return None if text.lower() == "none" else _number(text)


def _text(text: str) -> str:
    text.encode()  # no character is half of a pair, as those of arguments that are no UTF-8
    return text


def _octets(text: str) -> bytes:
    return bytes.fromhex(re.sub(r"\A0x|[\s,:]", "", text, flags=re.IGNORECASE))


def _text_or_octets(text: str) -> bytes:
    return _octets(text) if text[:2] in {"0x", "0X"} else text.encode()


def choice(values: Mapping[str, int]) -> Kind:
    """One of the words of `values`, or its number."""

    def read(text: str) -> int:
        return values[text] if text in values else int(text, 0)

    return Kind("|".join(values), read)


FLAGS: Final = {"true": True, "false": False, "on": True, "off": False, "1": True, "0": False}
TEXT: Final = Kind("TEXT", _text)
NUMBER: Final = Kind("NUMBER", _number)
NUMBER_OR_NONE: Final = Kind("NUMBER|none", _number_or_none)
FLAG: Final = Kind("true|false", _flag)
OCTETS: Final = Kind("HEX", _octets)
TEXT_OR_OCTETS: Final = Kind("TEXT|0xHEX", _text_or_octets)
