"""Names and values made fit for Python, laid out as formatters lay them out."""

import keyword
import unicodedata
from collections.abc import Collection

from wxlink.codegen import c_text

LINE = 110
"""Columns of a line; a Chinese character takes two."""


def attribute_name(name: str, taken: Collection[str]) -> str:
    """An attribute for a data point's name: the name itself, wherever Python and `taken` allow it."""
    if name.startswith("_"):
        name = f"p{name}"
    return f"{name}_" if keyword.iskeyword(name) or name in taken else name


def class_name(word: str) -> str:
    """pet_house -> PetHouse."""
    return "".join(part.capitalize() for part in word.split("_"))


def docstring(text: str) -> str:
    """A text within one line of a docstring."""
    return c_text.comment(text).replace("\\", "\\\\").replace('"', "'")


def literal(value: object) -> str:
    """A value as source; texts in double quotes."""
    if isinstance(value, str):
        quoted = "".join(
            char if char.isprintable() else _escaped(char) for char in value.replace("\\", "\\\\")
        )
        return (
            "'" + quoted + "'"
            if '"' in quoted and "'" not in quoted
            else '"' + quoted.replace('"', '\\"') + '"'
        )
    return repr(value)


def laid_out(items: list[str], indent: str, tail: str) -> str:
    """`(a, b)` and what follows it, on one line if it fits, else one item a line with a comma behind each."""
    one_line = "(" + ", ".join(items) + ("," if len(items) == 1 else "") + ")"
    if width(indent + one_line + tail) <= LINE:
        return one_line + tail
    return "(\n" + "".join(f"{indent}    {item},\n" for item in items) + f"{indent}){tail}"


def width(text: str) -> int:
    """Columns that a text takes on a screen."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode()
