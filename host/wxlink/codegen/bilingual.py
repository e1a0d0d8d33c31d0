"""Texts in both languages of what is generated for people: Chinese first."""

from decimal import Decimal
from typing import NamedTuple

LANGUAGES = ("zh", "en")


class Text(NamedTuple):
    """The same in Chinese and in English."""

    zh: str
    en: str


def same(text: object) -> Text:
    """What reads alike in both languages: a number, a name, bytes."""
    return Text(str(text), str(text))


def number_text(value: float) -> str:
    """A number as people write it, without exponent."""
    return format(Decimal(repr(value)), "f")
