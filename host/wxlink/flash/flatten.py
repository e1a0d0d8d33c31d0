"""Puts the files of an application at the root of its slot, under names that MicroPython has in its flash.

Of each file that it imports MicroPython keeps three texts for ever: `module.x`, `x`, and the path. Of one at
the root whose name it has anyway it keeps the path alone. Imports say the new names, and so do texts that
name a file, as those for drop(). What the root files import stays where it is.
"""

import ast
import keyword
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from wxlink.flash.problem import FlashError
from wxlink.flash.scope import dotted, loaded
from wxlink.flash.shorten import COMMON

BUILT_IN: Final = frozenset(
    """
    aioespnow apa106 argparse array asyncio binascii bluetooth btree builtins cmath collections core cryptolib
    deflate dht ds18x20 errno esp esp32 espnow event flashbdev framebuf funcs gc hashlib heapq inisetup io
    json lock lwip machine marshal math micropython mip neopixel network ntptime onewire os platform random
    re requests robust select simple socket ssl stream string struct sys task termios time tls uasyncio
    uctypes umqtt upysh urequests vfs weakref webrepl webrepl_setup websocket zlib
    """.split()  # noqa: SIM905 - one a line would be a page
)
"""Modules that MicroPython has built in or frozen, on a PC or an ESP32, and the files of its packages."""

# What else lies in a slot or beside it.
_OTHERS: Final = frozenset({"a", "b", "boot", "data", "lib", "main", "manifest", "page", "texts"})
_WORD: Final = re.compile(r"\w+")


class Flattened(NamedTuple):
    """`sources` by their new paths, and `origins`: new path -> path before."""

    sources: dict[str, str]
    origins: dict[str, str]


def flatten(sources: Mapping[str, str], entries: Collection[str], kept: Collection[str] = ()) -> Flattened:
    """All files (path -> source, without relative imports) at the root; of packages `entries` are left.

    kept: words that no file may have for its name. A new name is a word that the application does not use.
    Raises SyntaxError when a file is no Python, FlashError when a package has code of its own, is used as an
    object, or when a text has the form of a file's name and names none.
    """
    trees = {path: ast.parse(source, path) for path, source in sources.items()}
    packages = {dotted(str(one)) for path in trees for one in PurePosixPath(path).parents} - {"."}
    for path in [path for path in trees if path.endswith("__init__.py")]:
        tree = trees.pop(path)
        if len(tree.body) > (ast.get_docstring(tree) is not None):
            raise FlashError(f"{path} has code of its own: move that into a file of the package")
    moving = sorted(path for path in trees if "/" in path and path not in entries)
    used = {word for path, source in sources.items() for word in _WORD.findall(path + " " + source)}
    names = dict(zip(moving, _free(used.union(kept)), strict=False))
    if len(names) < len(moving):
        raise FlashError(f"MicroPython has too few names for {len(moving)} files")
    files = {dotted(path): names.get(path, dotted(path)) for path in trees}
    done = {}
    for path, tree in trees.items():
        flat = ast.fix_missing_locations(_Flat(path, files, packages, loaded(tree)).visit(tree))
        done[f"{names[path]}.py" if path in names else path] = ast.unparse(flat) + "\n"
    return Flattened(done, {f"{name}.py": path for path, name in names.items()})


def _free(taken: Collection[str]) -> Iterable[str]:
    """Names for files, the shortest first: each is a part of a path, which takes heap.

    Small letters, for a PC's file system may not tell A from a. MicroPython has modules that begin with `_`,
    and by some names `ux` it means `x`.
    """
    fit = {name for name in COMMON if re.fullmatch(r"[a-z][a-z0-9_]*", name) and not keyword.iskeyword(name)}
    fit -= {*taken, *_OTHERS, *BUILT_IN, *("u" + name for name in BUILT_IN)}
    return sorted(fit, key=lambda name: (len(name), name))


class _Flat(ast.NodeTransformer):
    """Rewrites one file. files: what an import of a file said -> what it says now."""

    def __init__(
        self, path: str, files: Mapping[str, str], packages: Collection[str], used: set[str]
    ) -> None:
        self._path = path
        self._files = files
        self._packages = packages
        self._used = used

    def visit_Import(self, node: ast.Import) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for one in node.names:
            name = self._files.get(one.name, one.name)
            if one.name in self._packages or (name != one.name and one.asname is None):
                package = one.asname or one.name.partition(".")[0]
                if package in self._used:
                    raise FlashError(f"{self._path}: {package} is no object: import its files from it")
                if one.name not in self._packages:  # loads it, and gives it no name here
                    load = ast.Call(ast.Name("__import__", ast.Load()), [ast.Constant(name)], [])
                    made.append(ast.Expr(load))
            else:
                made.append(ast.Import([ast.alias(name, one.asname)]))
        return made or [ast.Pass()]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.stmt]:
        origin = node.module or ""
        left: list[ast.alias] = []
        made: list[ast.stmt] = []
        for one in node.names:
            file = f"{origin}.{one.name}"
            if self._files.get(file, file) != file:
                made.append(ast.Import([ast.alias(self._files[file], one.asname or one.name)]))
            else:
                left.append(one)
        if left:
            made.append(ast.ImportFrom(self._files.get(origin, origin), left, 0))
        return made

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if not isinstance(node.value, str) or not self._names_a_file(node.value):
            return node
        if node.value not in self._files:
            raise FlashError(f"{self._path}: {node.value} is no file of the application")
        return ast.Constant(self._files[node.value])

    def _names_a_file(self, text: str) -> bool:
        package, *names = text.split(".")
        return package in self._packages and bool(names) and all(name.isidentifier() for name in names)
