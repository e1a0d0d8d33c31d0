"""Writes whole-number constants into the places that use them, across all files of an application.

A name costs a chip about 40 bytes of heap: an entry in its module, its text, and a load at each use. The
sources keep their names; only what is compiled loses them. Names in capitals that a module sets once at its
top, to a whole number or a sum of such, are constants here.
"""

import ast
import operator
import re
from collections import Counter
from collections.abc import Callable, Collection, Container, Mapping
from typing import Final

from wxlink.flash.scope import loaded

_NAME: Final = re.compile(r"_?[A-Z][A-Z0-9_]*")
_OPERATORS: Final[Mapping[type[ast.operator], Callable[[int, int], int]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.LShift: operator.lshift,
    ast.BitOr: operator.or_,
}
_LARGEST: Final = 1 << 29  # a larger number is an object on a 32-bit chip: it is shared by its name


class _All(Container[str]):
    def __contains__(self, _: object) -> bool:
        return True


_ALL: Final = _All()


def fold(sources: Mapping[str, str], public: Collection[str] = ()) -> dict[str, str]:
    """The same files by path, with constants folded. SyntaxError when one is no Python.

    public: paths whose names other programs use too: there the constants stay, and are folded as well.
    """
    files = {path: _File(path, source) for path, source in sources.items()}
    modules = {file.module: file for file in files.values()}
    for file in files.values():
        file.bind(modules)
    known: dict[tuple[str, str], int] = {}
    while _learn(files.values(), known):  # a constant may be a sum of others, of any file
        pass
    asked = {name for file in files.values() for name in file.asked(known)}
    return {path: file.folded(known, kept=_ALL if path in public else asked) for path, file in files.items()}


def _learn(files: Collection["_File"], known: dict[tuple[str, str], int]) -> bool:
    before = len(known)
    for file in files:
        for name, value in file.candidates:
            number = file.number(value, known)
            if number is not None and abs(number) < _LARGEST:
                known[file.module, name] = number
    return len(known) > before


class _File:
    """One source file: what it sets at its top, and what its names mean."""

    def __init__(self, path: str, source: str) -> None:
        self.module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        self._package = self.module if path.endswith("__init__.py") else self.module.rpartition(".")[0]
        self._tree = ast.parse(source, path)
        self._set = _counted(self._tree)
        self._modules: dict[str, str] = {}
        self._names: dict[str, tuple[str, str]] = {}
        self.candidates = [
            (name, value)
            for statement in self._tree.body
            for name, value in _assigned(statement)
            if _NAME.fullmatch(name) and self._set.get(name) == 1
        ]
        self._own = {name for name, _ in self.candidates}

    def bind(self, modules: Mapping[str, "_File"]) -> None:
        """Learn which names are modules of the application, and which are names of theirs."""
        nodes = [node for node in ast.walk(self._tree) if isinstance(node, ast.ImportFrom)]
        imported = Counter(alias.asname or alias.name for node in nodes for alias in node.names)
        for node in nodes:
            origin = ".".join(filter(None, [self._package if node.level else "", node.module or ""]))
            for alias in node.names:
                bound = alias.asname or alias.name
                if self._set.get(bound, 0) != imported[bound]:
                    continue  # something else has this name too
                if f"{origin}.{alias.name}" in modules:
                    self._modules[bound] = f"{origin}.{alias.name}"
                elif origin in modules:
                    self._names[bound] = origin, alias.name

    def number(self, node: ast.expr, known: Mapping[tuple[str, str], int]) -> int | None:  # noqa: PLR0911
        """The whole number that an expression is, None when it is none or not known yet."""
        match node:
            case ast.Constant(value=int(value)) if not isinstance(value, bool):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                number = self.number(operand, known)
                return None if number is None else -number
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                one, other = self.number(left, known), self.number(right, known)
                return None if one is None or other is None else _OPERATORS[type(op)](one, other)
            case ast.Call(func=ast.Name(id="const"), args=[value]):
                return self.number(value, known)
            case ast.Name(id=name):
                return known.get(
                    (self.module, name) if name in self._own else self._names.get(name, ("", ""))
                )
            case ast.Attribute(value=ast.Name(id=owner), attr=name):
                return known.get((self._modules.get(owner, ""), name))
        return None

    def asked(self, known: Mapping[tuple[str, str], int]) -> set[str]:
        """Names that it reads of an object that nothing here tells to be a module, such as an argument."""
        nodes = [node for node in ast.walk(self._tree) if isinstance(node, ast.Attribute)]
        return {node.attr for node in nodes if self.number(node, known) is None}

    def folded(self, known: Mapping[tuple[str, str], int], *, kept: Container[str]) -> str:
        """The source with every known constant written out, and without their names but those `kept`."""
        before = loaded(self._tree)
        tree = _Folding(self, known, kept=kept).visit(self._tree)
        idle = before - loaded(tree)
        tree.body = [left for statement in tree.body if (left := _trimmed(statement, idle)) is not None]
        return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


class _Folding(ast.NodeTransformer):
    def __init__(self, file: _File, known: Mapping[tuple[str, str], int], *, kept: Container[str]) -> None:
        self._file = file
        self._known = known
        self._kept = kept

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._written(node) if isinstance(node.ctx, ast.Load) else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        written = self._written(node) if isinstance(node.ctx, ast.Load) else node
        return self.generic_visit(written) if written is node else written  # type: ignore[return-value]

    def visit_Assign(self, node: ast.Assign) -> ast.Assign | None:
        names = [name for name, _ in _assigned(node)]
        known = names and all((self._file.module, name) in self._known for name in names)
        if known and not any(name in self._kept for name in names):
            return None if node.col_offset == 0 else node
        return self.generic_visit(node)  # type: ignore[return-value]

    def _written(self, node: ast.expr) -> ast.expr:
        number = self._file.number(node, self._known)
        return node if number is None else ast.copy_location(ast.Constant(number), node)


def _assigned(statement: ast.stmt) -> list[tuple[str, ast.expr]]:
    """(name, value) of `A = 1` and of `A, B = range(2)`; nothing for other statements."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return [(name, value)]
        case ast.Assign(
            targets=[ast.Tuple(elts=names)], value=ast.Call(func=ast.Name(id="range"), args=[ast.Constant()])
        ) if all(isinstance(name, ast.Name) for name in names):
            return [
                (name.id, ast.Constant(at)) for at, name in enumerate(names) if isinstance(name, ast.Name)
            ]
    return []


def _counted(tree: ast.Module) -> dict[str, int]:
    """How often each name is bound anywhere in the file, by whatever means."""
    counts: dict[str, int] = {}
    for node in ast.walk(tree):
        bound: list[str] = []
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                bound = [name]
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                bound = [one.asname or one.name.partition(".")[0] for one in names]
            case ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                bound = [name]
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound = [name]
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                bound = [*names, *names]  # whoever says so means to set it
        for name in bound:
            counts[name] = counts.get(name, 0) + 1
    return counts


def _trimmed(statement: ast.stmt, idle: Collection[str]) -> ast.stmt | None:
    """A `from … import` without the names that are idle now; None when no other is left."""
    if isinstance(statement, ast.ImportFrom):
        statement.names = [one for one in statement.names if (one.asname or one.name) not in idle]
        return statement if statement.names else None
    return statement
