"""Captures of a serial link: raw bytes, hex in the forms people paste, and logs with lines of tx and rx."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_DIRECTED = re.compile(
    r"""^\s* (?P<stamp>.*?) (?:^|(?<=[\s\[(<]))   # a time and the like; then, as a word of its own,
        (?P<direction>tx|rx) [\])>:=]*             # the direction
        (?: \s+ (?P<digits>.*))? $""",
    re.IGNORECASE | re.VERBOSE,
)
_STAMP = re.compile(r"^\s*[\[(]?\d+(?:[-:./]\d+)+(?:[T ]\d+(?::\d+)+(?:\.\d+)?)?Z?[\])]?:?(?=\s)")
_STAMP_WORDS = 3  # date, time and a level; a sentence that happens to hold "rx" has more before it
_SEPARATORS = re.compile(r"[\s,;{}]+")
_COLONS = re.compile(r"\A[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})+\Z")
_DIGITS = re.compile(r"\A(?:[0-9A-Fa-f]{2}|\*\*)+\Z")
_STAR = ord("*")


class CaptureError(ValueError):
    """The text is neither hex nor a log; says which word of which line, and what to do."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that follow each other on one wire.

    direction: "tx" or "rx" as the log says, None where nothing says it. stamp: what stood before it in its
    line. starred: some bytes were hidden by who wrote the log, and are ``*`` in `data`.
    """

    data: bytes
    direction: str | None = None
    stamp: str | None = None
    starred: bool = False


def pieces(raw: bytes) -> list[Piece]:
    """The bytes of a capture, in the order in which they were written down.

    raw: the file. What is no UTF-8 text is the link's bytes themselves: a header of FF FF never is. In text
    with lines of tx and rx those lines count and the others are passed over. Any other text must be hex
    throughout: with blanks, commas, colons, 0x or line breaks, and a time before each line if wanted.
    CaptureError.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return [Piece(raw)]
    lines = text.splitlines()
    directed = [(number, found) for number, line in enumerate(lines, 1) if (found := _directed(line))]
    if directed:
        return [_logged(number, found) for number, found in directed]
    return [Piece(bytes(data)) for data in [_hex(lines)] if data]


def _directed(line: str) -> re.Match[str] | None:
    found = _DIRECTED.match(line)
    return found if found and len(found["stamp"].split()) <= _STAMP_WORDS else None


def _logged(number: int, found: re.Match[str]) -> Piece:
    data, starred = _octets(number, found["digits"] or "")
    stamp = found["stamp"].strip().rstrip(" \t[(<")
    return Piece(bytes(data), found["direction"].lower(), stamp or None, starred)


def _hex(lines: list[str]) -> bytearray:
    data = bytearray()
    for number, line in enumerate(lines, 1):
        stamp = _STAMP.match(line)
        octets, starred = _octets(number, line[stamp.end() :] if stamp else line)
        if starred:
            raise CaptureError(f"line {number}: only lines of tx and rx may hold starred bytes")
        data += octets
    return data


def _octets(number: int, text: str) -> tuple[bytearray, bool]:
    """The bytes of one line of hex digits, and whether some were starred."""
    data = bytearray()
    starred = False
    for word in _words(text):
        if not _DIGITS.match(word):
            raise CaptureError(
                f"line {number}: {word[:40]!r} is not hex: give bytes of two hex digits each, "
                "or a log whose lines hold tx or rx before them"
            )
        starred = starred or "*" in word
        data += bytes.fromhex(word.replace("**", f"{_STAR:02X}"))
    return data, starred


def _words(text: str) -> Iterator[str]:
    for word in _SEPARATORS.split(text):
        if word[:2] in {"0x", "0X"}:
            yield word[2:].zfill(2)
        elif _COLONS.match(word):
            yield word.replace(":", "")
        elif word:
            yield word
