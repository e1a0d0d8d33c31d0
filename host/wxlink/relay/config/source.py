"""Values as the operator wrote them, a file or the environment, taken one by one; mistakes are noted."""

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from wxlink.relay.config.keys import FILE_SUFFIX, Key
from wxlink.relay.config.kinds import PATH

SECRET_MAX: Final = 4096  # bytes of a file that holds a secret
_SHOWN: Final = 40  # characters of a refused value

_WRONG: Final = (ValueError, TypeError, OverflowError)


class Source:
    """One place that settings come from.

    name: how messages call it. folder: what relative paths start from. note: takes each mistake.
    """

    def __init__(self, name: str, folder: Path, note: Callable[[str], None]) -> None:
        self._name = name
        self._folder = folder
        self._note = note

    def wrong(self, text: str) -> None:
        """Note a mistake."""
        self._note(f"{self._name}: {text}")

    def unknown(self, what: str, called: str, known: Collection[str]) -> None:
        """Note a name that stands for nothing."""
        near = difflib.get_close_matches(called, known, 1)
        advice = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        self.wrong(f"there is no {what} {called}; {advice}")

    def take(self, key: Key, called: str, value: object) -> Any:
        """The setting of a TOML value; None after a mistake."""
        try:
            taken = key.kind.take(value)
        except _WRONG:
            shown = "what is there" if key.secret else f"{value!r:.{_SHOWN}}"
            self.wrong(f"{called} must be {key.kind.allowed}, not {shown}")
            return None
        return self._folder / taken if key.kind is PATH else taken

    def parse(self, key: Key, called: str, text: str) -> Any:
        """The setting of a text of the environment; None after a mistake."""
        try:
            value = key.kind.parse(text)
        except _WRONG:
            value = text
        return self.take(key, called, value)

    def secret(self, key: Key, called: str, given: object) -> Any:
        """The setting that stands in the file `given`; None after a mistake."""
        try:
            path = self._folder / PATH.take(given)
        except _WRONG:
            self.wrong(f"{called} must be {PATH.allowed}")
            return None
        try:
            with path.open("rb") as file:
                content = file.read(SECRET_MAX + 1)
        except OSError as error:
            self.wrong(f"{called} names {path}, which cannot be read ({error.strerror})")
            return None
        try:
            text = content.decode().strip()
        except UnicodeDecodeError:
            text = ""
        if not text or len(content) > SECRET_MAX:
            self.wrong(f"{called} names {path}, which holds no line of text of at most {SECRET_MAX} bytes")
            return None
        return self.parse(key, called, text)

    def table(self, table: Mapping[str, Any], keys: Iterable[Key], prefix: str) -> dict[str, Any]:
        """The settings of one TOML table, by field."""
        by_name = {key.name: key for key in keys}
        files = {name + FILE_SUFFIX: key for name, key in by_name.items() if key.secret}
        found: dict[str, Any] = {}
        for name, value in table.items():
            called = f"{prefix}.{name}"
            key = by_name.get(name) or files.get(name)
            if key is None:
                self.unknown("setting", called, [f"{prefix}.{known}" for known in (*by_name, *files)])
                continue
            if name in files and key.name in table:
                self.wrong(f"{prefix}.{key.name} and {called} are one setting; keep one of them")
                continue
            reading = self.secret if name in files else self.take
            taken = reading(key, called, value)
            if taken is not None:
                found[key.field] = taken
        return found
