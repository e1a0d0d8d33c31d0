"""Joins files of an application that stay in memory together into one.

Each file costs a chip some 400 bytes beside its code: a module, a table of its names, and in it every name
that it imports. Files that are loaded together and never dropped need all that once. What a file had at its
top is then `<file>__<name>` in the joined one, and whoever imports it imports it from there.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from wxlink.flash.overlay import SUFFIX
from wxlink.flash.problem import FlashError
from wxlink.flash.scope import bound, dotted, named

_JOIN: Final = "__"


def link(sources: Mapping[str, str], units: Mapping[str, Sequence[str]], kept: set[str]) -> dict[str, str]:
    """The files by path, with every unit joined under the path of its root.

    units: root -> further members that it loads in its functions; what they all import at their tops joins
    too, if no earlier unit has it. kept: names of roots that stay. Raises SyntaxError when a file is no
    Python, FlashError when a file is used in a way that does not survive.
    """
    trees = {path: _absolute(path, ast.parse(source, path)) for path, source in sources.items()}
    files = _Files(trees)
    home: dict[str, str] = {}
    order: dict[str, list[str]] = {}
    for root, more in units.items():
        order[root] = [path for path in files.closure([*more, root]) if path not in home]
        home |= dict.fromkeys(order[root], root)
    names = {path: _tops(files, path) for path in home}
    done: dict[str, str] = {}
    for path, tree in trees.items():
        if path not in home:
            done[path] = _source([_Linked(files, path, home, names, kept).visit(tree)])
    for root, members in order.items():
        done[root] = _source([_Linked(files, path, home, names, kept).visit(trees[path]) for path in members])
    return done


def _absolute(path: str, tree: ast.Module) -> ast.Module:
    """With its relative imports written out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            package = path.split("/")[: -node.level]
            node.module = ".".join([*package, *([node.module] if node.module else [])])
            node.level = 0
    return tree


class _Files:
    """What the dotted names in imports mean."""

    def __init__(self, trees: Mapping[str, ast.Module]) -> None:
        self.trees = trees
        self._paths = {
            path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in trees
        }

        self.changing = {
            path: {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}
            for path, tree in trees.items()
        }

    def find(self, name: str) -> str:
        """The path of a module of the application, empty for any other."""
        return self._paths.get(name, "")

    def closure(self, roots: Sequence[str]) -> list[str]:
        """The roots and what they import at their tops, each after all that it imports."""
        found: list[str] = []
        begun: set[str] = set()

        def take(path: str) -> None:
            rare = path.removesuffix(".py") + SUFFIX + ".py"
            begun.add(path)
            for other in [*self._imported(path), *(self._imported(rare) if rare in self.trees else ())]:
                if other not in begun:
                    take(other)
            found.append(path)

        for root in roots:
            if root not in begun:
                take(root)
        return [path for path in found if not path.endswith("__init__.py")]

    def _imported(self, path: str) -> Iterator[str]:
        for node in self.trees[path].body:
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [one.name for one in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
            yield from (other for name in names if (other := self.find(name)) not in ("", path))


def _stem(path: str) -> str:
    return path.removesuffix(".py").rpartition("/")[2]


def _tops(files: _Files, path: str) -> dict[str, str]:
    """What the names that a file gives a meaning at its top are called in the joined file."""
    found: dict[str, str] = {}
    for name in bound(files.trees[path]):
        found[name] = _stem(path) + _JOIN + name
    return found


class _Linked(ast.NodeTransformer):
    """Rewrites one file: what it calls its own names and those of joined files."""

    def __init__(
        self,
        files: _Files,
        path: str,
        home: Mapping[str, str],
        names: Mapping[str, Mapping[str, str]],
        kept: set[str],
    ) -> None:
        self._files = files
        self._path = path
        self._home = home
        self._names = names
        self._kept = kept
        self._unit = home.get(path)
        # Names of this file: what they are called now, and modules by the names that they have here.
        self._table: dict[str, str] = dict(names.get(path, {})) if self._unit is not None else {}
        if path in home.values():
            for name in kept:
                self._table.pop(name, None)
        self._modules: dict[str, str] = {}
        self._shown = {root: named(_stem(root), files.trees[path]) for root in home.values()}
        self._scopes: list[set[str]] = []
        for node in ast.walk(files.trees[path]):
            if isinstance(node, ast.ImportFrom):
                self._learn(node)

    def _learn(self, node: ast.ImportFrom) -> None:
        for one in node.names:
            bound = one.asname or one.name
            other = self._files.find(f"{node.module}.{one.name}")
            owner = self._files.find(node.module or "")
            if other in self._home:
                self._modules[bound] = other
            elif owner in self._home:
                if one.name in self._files.changing[owner]:
                    raise FlashError(
                        f"{self._path}: {one.name} changes in {owner}: import that, not its name"
                    )
                self._table[bound] = self._called(owner, one.name)

    def _called(self, path: str, name: str) -> str:
        if path in self._home.values() and name in self._kept:
            return name
        try:
            return self._names[path][name]
        except KeyError:
            raise FlashError(f"{self._path}: {path} has no {name} of its own") from None

    # Imports

    def visit_Import(self, node: ast.Import) -> ast.stmt:
        node.names = [one for one in node.names if self._files.find(one.name) not in self._home]
        return node if node.names else ast.Pass()

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.stmt]:
        left: list[ast.alias] = []
        made: list[ast.stmt] = []
        for one in node.names:
            module = self._files.find(f"{node.module}.{one.name}")
            owner = self._files.find(node.module or "")
            if module in self._home:
                if self._home[module] != self._unit:
                    package = dotted(self._home[module]).rpartition(".")[0]
                    made.append(ast.ImportFrom(package, [self._shown[self._home[module]]], 0))
            elif owner in self._home:
                if self._home[owner] != self._unit:
                    made.append(
                        ast.ImportFrom(
                            dotted(self._home[owner]), [ast.alias(self._called(owner, one.name))], 0
                        )
                    )
            else:
                left.append(one)
        if left:
            made.append(ast.ImportFrom(node.module, left, node.level))
        return made or [ast.Pass()]

    # Names

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and self._is_module(node.value.id):
            path = self._modules[node.value.id]
            name = self._called(path, node.attr)
            if self._home[path] == self._unit:
                return ast.Name(name, node.ctx)
            unit = self._shown[self._home[path]]
            return ast.Attribute(ast.Name(unit.asname or unit.name, ast.Load()), name, node.ctx)
        node.value = self.visit(node.value)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if self._is_module(node.id) and isinstance(node.ctx, ast.Load):
            raise FlashError(
                f"{self._path}:{node.lineno}: {node.id} is joined: it is no object to pass about"
            )
        return ast.Name(self._renamed(node.id), node.ctx)

    def visit_Global(self, node: ast.Global) -> ast.stmt:
        return ast.Global([self._table.get(name, name) for name in node.names])

    def _is_module(self, name: str) -> bool:
        return name in self._modules and not any(name in scope for scope in self._scopes)

    def _renamed(self, name: str) -> str:
        return name if any(name in scope for scope in self._scopes) else self._table.get(name, name)

    # Scopes

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.stmt:
        return self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
        node.name = self._renamed(node.name)
        node.decorator_list = [self.visit(one) for one in node.decorator_list]
        self._visit_arguments(node.args)
        told = {name for one in ast.walk(node) if isinstance(one, ast.Global) for name in one.names}
        with_own = {
            *_arguments(node.args),
            *(name for one in node.body for name in bound(ast.Module([one], []))),
        }
        self._scopes.append(with_own - told)
        node.body = self._body(node.body)
        self._scopes.pop()
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        self._visit_arguments(node.args)
        self._scopes.append(set(_arguments(node.args)))
        node.body = self.visit(node.body)
        self._scopes.pop()
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        node.name = self._renamed(node.name)
        node.bases = [self.visit(one) for one in node.bases]
        own = set(bound(ast.Module(node.body, [])))
        body: list[ast.stmt] = []
        for one in node.body:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):  # does not see the names of its class
                name = one.name
                body.append(self._function(one))
                one.name = name
            else:
                self._scopes.append(own)
                body += self._body([one])
                self._scopes.pop()
        node.body = body
        return node

    def _body(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for one in statements:
            new = self.visit(one)
            made += new if isinstance(new, list) else [new] if new is not None else []
        return made or [ast.Pass()]

    def _visit_arguments(self, arguments: ast.arguments) -> None:
        arguments.defaults = [self.visit(one) for one in arguments.defaults]
        arguments.kw_defaults = [one and self.visit(one) for one in arguments.kw_defaults]


def _arguments(arguments: ast.arguments) -> Iterator[str]:
    yield from (one.arg for one in ast.walk(arguments) if isinstance(one, ast.arg))


def _source(trees: Sequence[ast.Module]) -> str:
    """The files as one; imports of what is not the application's come once."""
    seen: set[str] = set()
    lines: list[str] = []
    for tree in trees:
        for statement in tree.body:
            text = ast.unparse(ast.fix_missing_locations(statement))
            if isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass):
                if text in seen:
                    continue
                seen.add(text)
            lines.append(text)
    return "\n".join(lines) + "\n"
