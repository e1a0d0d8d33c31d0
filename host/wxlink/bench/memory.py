"""What a simulated board keeps over a restart: a file in place of its flash, written whole or not at all."""

import os
from collections.abc import Mapping
from pathlib import Path

SUFFIX = ".new"


class Memory:
    """Raw values by name, under a product key; without a path they live as long as the board."""

    def __init__(self, path: Path | None, product_key: str) -> None:
        self._path = path
        self._key = product_key
        self._kept: dict[str, int] = {}

    def read(self) -> Mapping[str, int]:
        """What was kept last; nothing when it belongs to another product or cannot be read as a whole."""
        if self._path is not None:
            try:
                key, *lines = self._path.read_text("ascii").split("\n")
                pairs = [line.split(" ") for line in lines if line]
                self._kept = {name: int(raw) for name, raw in pairs} if key == self._key else {}
            except (OSError, ValueError):
                self._kept = {}
        return self._kept

    def write(self, values: Mapping[str, int]) -> None:
        """Keep these values, unless they are kept already. OSError when the file cannot be written."""
        if values == self._kept:
            return
        self._kept = dict(values)
        if self._path is None:
            return
        fresh = self._path.with_name(self._path.name + SUFFIX)
        with fresh.open("w", encoding="ascii") as file:
            file.write(self._key + "\n" + "".join(f"{name} {raw}\n" for name, raw in values.items()))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
