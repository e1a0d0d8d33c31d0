"""Typed access to one table of a product file; every mistake is noted with its place, and reading goes on."""

import difflib
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, TypeAlias

from wxlink.product.places import Path
from wxlink.product.spec import Number, Title, exact
from wxproto.product import MAX_TEXT

Note: TypeAlias = Callable[[Path, str, str, str], None]
"""Takes a mistake: path of the key, name of the data point or "", what is wrong, what to do."""

MAX_DIGITS = 60
"""Digits of a number; 32-bit numbers times a factor of 12 digits on both sides of the point need fewer."""

_SHOWN = 40  # characters of a refused value in an error text


class Table:
    """A table of a file, about a data point or none; a wrong value is noted and reads as missing."""

    def __init__(self, value: object, path: Path, note: Note, point: str = "") -> None:
        self._path = path
        self._note = note
        self.point = point
        self._known: set[str] = set()
        self._values: dict[str, Any] = {}
        if isinstance(value, dict):
            self._values = value
        else:
            note(path, point, f"{_shown(value)} is no table", "write keys and values, as in { low = 0 }")

    def wrong(self, key: str, text: str, remedy: str) -> None:
        """Note a mistake at a key, or at the table itself when it has no such key."""
        self._note((*self._path, key) if key in self._values else self._path, self.point, text, remedy)

    def has(self, key: str) -> bool:
        """True when the key is there."""
        self._known.add(key)
        return key in self._values

    def end(self) -> None:
        """Note every key that nothing asked for."""
        for key in self._values:
            if key not in self._known:
                near = difflib.get_close_matches(key, self._known, 1)
                remedy = (
                    f'did you mean "{near[0]}"?' if near else f"known are {', '.join(sorted(self._known))}"
                )
                self.wrong(key, f'unknown key "{key}"', remedy)

    def raw(self, key: str) -> Any:
        """Any value; None when it is missing."""
        self._known.add(key)
        return self._values.get(key)

    def text(self, key: str, *, remedy: str = "") -> str | None:
        """A text; a `remedy` makes it a required one."""
        value = self._of(key, str, "a text in quotes", remedy)
        return value if value is None else self._checked(key, value)

    def choice(self, key: str, options: Iterable[str], *, remedy: str = "") -> str | None:
        """One of some words."""
        value: str | None = self._of(key, str, "a text in quotes", remedy)
        words = tuple(options)
        if value is not None and value not in words:
            near = difflib.get_close_matches(value, words, 1)
            hint = f'did you mean "{near[0]}"?' if near else f"use one of {', '.join(words)}"
            self.wrong(key, f'{key} cannot be "{value[:_SHOWN]}"', hint)
            return None
        return value

    def flag(self, key: str) -> bool:
        """true or false; false when missing."""
        return bool(self._of(key, bool, "true or false"))

    def whole(self, key: str, least: int, most: int, *, remedy: str = "") -> int | None:
        """A whole number within limits."""
        value: int | None = self._of(key, int, "a whole number", remedy)
        if value is not None and not least <= value <= most:
            self.wrong(key, f"{key} is {str(value)[:_SHOWN]}", f"use {least} to {most}")
            return None
        return value

    def number(self, key: str) -> Number | None:
        """An exact number."""
        value = self._of(key, (int, float, Decimal), "a number")
        return None if value is None else self._number(key, value)

    def pair(self, key: str) -> tuple[Number, Number] | None:
        """Two exact numbers, the smaller first."""
        value = self._of(key, list, "two numbers, as in [0, 100]")
        if value is None:
            return None
        if len(value) != 2 or not all(_is_number(one) for one in value):
            self.wrong(key, f"{key} is {_shown(value)}", "give two numbers, as in [0, 100]")
            return None
        first, last = (self._number(key, one) for one in value)
        if first is None or last is None:
            return None
        if first > last:
            self.wrong(key, f"{key} begins above its end", f"write [{last}, {first}]")
            return None
        return first, last

    def title(self, key: str, *, remedy: str = "") -> Title | None:
        """A text for people: Chinese alone, or a table with zh and en."""
        value = self.raw(key)
        if value is None and remedy:
            self.wrong(key, f"{key} is missing", remedy)
        return None if value is None else self._title(value, (key,))

    def _title(self, value: object, inner: Path) -> Title | None:
        """A text for people that stands at a path inside this table."""
        if isinstance(value, str):
            text = self._checked(str(inner[0]), value)
            return None if text is None else Title(text)
        if not isinstance(value, dict):
            remedy = 'give a text in quotes, or { zh = "温度", en = "Temperature" }'
            self._note((*self._path, *inner), self.point, f"{_shown(value)} is no text", remedy)
            return None
        table = self.inside(value, inner)
        chinese = table.text("zh", remedy='give the Chinese text, as in { zh = "温度", en = "Temperature" }')
        title = None if chinese is None else Title(chinese, table.text("en"))
        table.raw("en")
        table.end()
        return title

    def titles(self, key: str, most: int, *, remedy: str) -> tuple[Title, ...]:
        """A list of 1 to `most` texts for people."""
        value = self._of(key, list, "a list of texts", remedy)
        if value is None:
            return ()
        if not 1 <= len(value) <= most:
            self.wrong(key, f"{key} has {len(value)} entries", f"give 1 to {most}")
            return ()
        titles = [self._title(one, (key, index)) for index, one in enumerate(value)]
        return tuple(title for title in titles if title is not None)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty when missing."""
        value = self._of(key, list, "a list of texts")
        if value is not None and not all(isinstance(one, str) for one in value):
            self.wrong(key, f"{key} is {_shown(value)}", "give a list of texts")
            return ()
        return tuple(value or ())

    def table(self, key: str) -> "Table | None":
        """The table at a key; None when it is missing."""
        self._known.add(key)
        return self.inside(self._values[key], (key,)) if key in self._values else None

    def inside(self, value: object, inner: Path) -> "Table":
        """A table that stands at a path inside this one."""
        return Table(value, (*self._path, *inner), self._note, self.point)

    def _of(self, key: str, kinds: type | tuple[type, ...], words: str, remedy: str = "") -> Any:
        self._known.add(key)
        value = self._values.get(key)
        if value is None:
            if remedy:
                self.wrong(key, f"{key} is missing", remedy)
            return None
        wanted = kinds if isinstance(kinds, tuple) else (kinds,)
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
            self.wrong(key, f"{key} is {_shown(value)}", f"give {words}")
            return None
        return value

    def _number(self, key: str, value: float | Decimal) -> Number | None:
        decimal = value if isinstance(value, Decimal) else Decimal(repr(value))
        if not decimal.is_finite() or abs(decimal.adjusted()) + len(decimal.as_tuple().digits) > MAX_DIGITS:
            self.wrong(
                key, f"{key} is {str(value)[:_SHOWN]}", f"use a finite number of at most {MAX_DIGITS} digits"
            )
            return None
        return exact(decimal)

    def _checked(self, key: str, value: str) -> str | None:
        if len(value) > MAX_TEXT:
            self.wrong(key, f"{key} has {len(value)} characters", f"shorten it to {MAX_TEXT}")
            return None
        return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return (str(value) if isinstance(value, int | Decimal) else repr(value))[:_SHOWN]
