"""Where the keys of a TOML text stand: tomllib, which says what they mean, keeps no lines."""

import re
import tomllib
from collections.abc import Mapping
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Keys and list indexes from the top of a document."""

_SPACE = re.compile(r"(?:[ \t]|\r?\n|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_KEY = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|[A-Za-z0-9_-]+')
_TEXT = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!"")|""(?!"))*"{3,5}'
    r"|'''(?:[^']|'(?!'')|''(?!'))*'{3,5}"
    r'|"(?:[^"\\]|\\.)*"'
    r"|'[^']*'",
    re.DOTALL,
)
_BARE = re.compile(r"[^,\]}#\r\n]*")


def places_of(text: str) -> Mapping[Path, int]:
    """Offset of every key, and of every element of a list, in a text that tomllib accepts."""
    return _Scan(text).places


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, both from 1."""
    line_start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, offset - line_start + 1


class _Scan:
    """One pass over a text that is known to be right."""

    def __init__(self, text: str) -> None:
        self.places: dict[Path, int] = {}
        self._text = text
        self._at = 0
        self._lists: dict[Path, int] = {}
        self._table: Path = ()
        self._skip(_SPACE)
        while self._at < len(text):
            if text[self._at] == "[":
                self._header()
            else:
                self._pair(self._table)
            self._skip(_SPACE)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        start, self._at = self._at, found.end() if found else self._at
        return self._text[start : self._at]

    def _take(self, mark: str) -> bool:
        if self._text.startswith(mark, self._at):
            self._at += len(mark)
            return True
        return False

    def _words(self) -> list[tuple[str, int]]:
        """The parts of a dotted key, each with its offset."""
        words = []
        while True:
            self._skip(_BLANK)
            start = self._at
            words.append((_word(self._skip(_KEY)), start))
            self._skip(_BLANK)
            if not self._take("."):
                return words

    def _header(self) -> None:
        start = self._at
        many = self._take("[[")
        if not many:
            self._take("[")
        words = self._words()
        self._take("]]" if many else "]")
        path: Path = ()
        for depth, (word, _) in enumerate(words, 1):
            path += (word,)
            self.places.setdefault(path, start)
            if many and depth == len(words):
                self._lists[path] = self._lists.get(path, -1) + 1
            if path in self._lists:
                path += (self._lists[path],)
        self.places.setdefault(path, start)
        self._table = path

    def _pair(self, table: Path) -> None:
        path = table
        for word, start in self._words():
            path += (word,)
            self.places.setdefault(path, start)
        self._take("=")
        self._skip(_BLANK)
        self._value(path)

    def _value(self, path: Path) -> None:
        if self._take("["):
            self._list(path)
        elif self._take("{"):
            self._inline(path)
        elif not self._skip(_TEXT):
            self._skip(_BARE)

    def _list(self, path: Path) -> None:
        index = 0
        while True:
            self._skip(_SPACE)
            if self._take("]"):
                return
            self.places[(*path, index)] = self._at
            self._value((*path, index))
            self._skip(_SPACE)
            self._take(",")
            index += 1

    def _inline(self, path: Path) -> None:
        while True:
            self._skip(_SPACE)
            if self._take("}"):
                return
            self._pair(path)
            self._skip(_SPACE)
            self._take(",")


def _word(key: str) -> str:
    """What a key says, without its quotes."""
    return next(iter(tomllib.loads(f"{key} = 0")))
