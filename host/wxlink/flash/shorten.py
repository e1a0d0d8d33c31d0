"""Gives the private names of an application, and its arguments, short ones that its files share.

MicroPython keeps every name that it ever loaded, its text and an entry in a table that doubles when full.
Half of a module's names are private, and no file uses another's: so every file can have the same few. So can
arguments that nobody passes by their name. What `names` tells is for reading a traceback.
"""

import ast
import builtins
import itertools
import re
import string
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_PRIVATE = re.compile(r"_(?!_)\w+")
_LETTERS = string.ascii_lowercase + string.ascii_uppercase


class Shortened(NamedTuple):
    """`sources` by path, and `names`: path -> short name -> name in the source."""

    sources: dict[str, str]
    names: dict[str, dict[str, str]]


def shorten(sources: Mapping[str, str]) -> Shortened:
    """Shorten private names and arguments of all files (path -> source). SyntaxError when one is no Python.

    Files of which one derives a class of the other share one table. A private name that a file only uses,
    passes as a keyword, imports from another or spells as a text stays as it is, everywhere; so does an
    argument whose name is anything but an argument or a local variable anywhere.
    """
    files = {path: _File(path, source) for path, source in sources.items()}
    groups = _grouped(files)
    kept = {name for file in files.values() for name in file.kept}
    for group in groups:
        defined = {name for path in group for name in files[path].defined}
        kept |= {name for path in group for name in files[path].used} - defined
    public = {name for file in files.values() for name in file.public}
    done: dict[str, str] = {}
    told: dict[str, dict[str, str]] = {}
    for group in groups:
        own = dict.fromkeys(name for path in group for name in files[path].defined if name not in kept)
        outside = {name for path in group for name in files[path].outside}
        own |= dict.fromkeys(
            name for path in group for name in files[path].arguments if name not in public | outside
        )
        taken = {name for path in group for name in files[path].used} - own.keys()
        fresh = (short for short in _short_names() if short not in taken and short not in kept)
        table = dict(zip(own, fresh, strict=False))
        for path in group:
            done[path] = files[path].renamed(table)
            told[path] = {table[name]: name for name in files[path].defined if name in table}
    return Shortened({path: done[path] for path in sources}, {path: told[path] for path in sources})


def _short_names() -> Iterator[str]:
    for size in itertools.count(1):
        for letters in itertools.product(_LETTERS, repeat=size):
            yield "_" + "".join(letters)


def _grouped(files: Mapping[str, "_File"]) -> list[list[str]]:
    """Paths that must share a table, as groups: a class and those it is made of, if any has private names."""
    group_of = {path: [path] for path in files}
    idle = {path for path, file in files.items() if not file.defined and not file.bases}
    for path, file in files.items():
        for base in file.bases:
            other = next((found for found in (f"{base}.py", f"{base}/__init__.py") if found in files), None)
            if other is not None and other not in idle and group_of[other] is not group_of[path]:
                joined = group_of[path] + group_of[other]
                for one in joined:
                    group_of[one] = joined
    return list({id(group): group for group in group_of.values()}.values())


class _File:
    """One source file: which private names it defines, uses, and must keep; whose classes it derives.

    `arguments` of its functions; `public` names, which mean the same in all files; `outside`: bound there.
    """

    def __init__(self, path: str, source: str) -> None:
        self._tree = ast.parse(source, path)
        defined: dict[str, None] = {}
        self.used: set[str] = set()
        self.kept: set[str] = set()
        for node in ast.walk(self._tree):
            for name, is_new in _names(node):
                if _PRIVATE.fullmatch(name):
                    self.used.add(name)
                    if is_new:
                        defined.setdefault(name)
            self.kept |= {name for name in _fixed(node) if _PRIVATE.fullmatch(name)}
        self.defined = list(defined)
        arguments = [node.arg for node in ast.walk(self._tree) if isinstance(node, ast.arg)]
        self.arguments = [
            name for name in arguments if not (_PRIVATE.fullmatch(name) or hasattr(builtins, name))
        ]
        self.public = {name for node in ast.walk(self._tree) for name in _public(node)}
        self.outside = set(_bound_outside(self._tree))
        self.bases = self._find_bases(path)

    def renamed(self, table: Mapping[str, str]) -> str:
        """The source with the names of the table."""
        return ast.unparse(_Renaming(table).visit(self._tree)) + "\n"

    def _find_bases(self, path: str) -> set[str]:
        origins: dict[str, str] = {}
        for node in ast.walk(self._tree):
            if isinstance(node, ast.ImportFrom):
                above = path.split("/")[: -node.level] if node.level else []
                origin = "/".join([*above, *(node.module or "").split(".")]).strip("/")
                for alias in node.names:
                    origins[alias.asname or alias.name] = origin
                    origins[f"{alias.asname or alias.name}."] = f"{origin}/{alias.name}".strip("/")
        found = set()
        for node in ast.walk(self._tree):
            for base in node.bases if isinstance(node, ast.ClassDef) else ():
                match base:
                    case ast.Name(id=name) if name in origins:
                        found.add(origins[name])
                    case ast.Attribute(value=ast.Name(id=name)) if f"{name}." in origins:
                        found.add(origins[f"{name}."])
        return found


def _names(node: ast.AST) -> list[tuple[str, bool]]:
    """(name, whether it is given a meaning here) of one node."""
    match node:
        case ast.Name(id=name, ctx=context) | ast.Attribute(attr=name, ctx=context):
            return [(name, isinstance(context, ast.Store))]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [(name, True)]
        case ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
            return [(name, True)]
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return [(name, False) for name in names]
    return []


def _fixed(node: ast.AST) -> list[str]:
    """Names in one node that cannot be changed."""
    match node:
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return [part for one in names for part in (*one.name.split("."), one.asname or "")]
        case ast.keyword(arg=str(name)) | ast.Constant(value=str(name)):
            return [name]
    return []


def _public(node: ast.AST) -> list[str]:
    """Names in one node that other files may mean too."""
    match node:
        case ast.Attribute(attr=name):
            return [name]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
    return [*_fixed(node), "self", "_"]  # MicroPython has these two


def _bound_outside(node: ast.AST) -> Iterator[str]:
    """Names that a file or its classes bind, not their functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id
        elif isinstance(child, ast.ExceptHandler) and child.name:
            yield child.name
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _bound_outside(child)


class _Renaming(ast.NodeTransformer):
    def __init__(self, table: Mapping[str, str]) -> None:
        self._table = table

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for field in ("id", "attr", "name", "arg"):
            name = getattr(node, field, None)
            if (
                isinstance(name, str)
                and name in self._table
                and not isinstance(node, ast.alias | ast.keyword)
            ):
                setattr(node, field, self._table[name])
        if isinstance(node, ast.Global | ast.Nonlocal):
            node.names = [self._table.get(name, name) for name in node.names]
        return super().generic_visit(node)
