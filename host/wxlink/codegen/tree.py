"""A folder of generated files: write it, or say how it differs from what would be written."""

import re
from collections.abc import Iterable
from pathlib import Path

from wxlink.codegen import targets
from wxlink.product import ProductFile
from wxproto.product import ProductError

_MARK = re.compile(rb"Generated from .+ by wxlink codegen.*, do not edit\.")
_MARK_WITHIN = 2048
"""Bytes at the beginning of a file in which its mark stands."""


class Tree:
    """The files of some targets of one product, as they belong into `folder`; targets.TARGETS has the names.

    ProductError when a target cannot say the product, or when two targets give different files one name.
    """

    def __init__(self, product_file: ProductFile, names: Iterable[str], folder: Path) -> None:
        self._contents: dict[Path, bytes] = {}
        for target in names:
            for name, content in targets.files(product_file, target).items():
                path, data = folder / name, content.encode() if isinstance(content, str) else content
                if self._contents.setdefault(path, data) != data:
                    raise ProductError(f"two targets write {path}: give each its own folder")

    @property
    def paths(self) -> list[Path]:
        """Every file, in the order of the targets."""
        return list(self._contents)

    def write(self) -> None:
        """Write the files. OSError when the folder cannot be used.

        Files that would not change are left untouched, so that nothing is built again for them.
        """
        for path in self.differing():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self._contents[path])

    def differing(self) -> list[Path]:
        """The files that write() would create or change."""
        return [
            path for path, data in self._contents.items() if not path.exists() or path.read_bytes() != data
        ]

    def stale(self) -> list[Path]:
        """Files beside these that carry the same mark but are generated no more; nobody should build them."""
        marks = {_mark_of(data) for data in self._contents.values()} - {None}
        folders = sorted({path.parent for path in self._contents})
        beside = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())]
        others = [path for path in beside if path not in self._contents and path.is_file()]
        return [path for path in others if _mark_of(_head(path)) in marks]


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MARK_WITHIN)


def _mark_of(content: bytes) -> bytes | None:
    found = _MARK.search(content[:_MARK_WITHIN])
    return found[0] if found else None
