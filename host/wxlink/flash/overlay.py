"""Takes the rare methods of an application out of its classes, into files that are loaded for one call.

A method that module/loading.py marks as `rare` costs a chip its heap only while it runs. Its class does not
have it: `__getattr__`, which Python asks for what is missing, finds it in the file `<name>_rare` beside it.
Functions and tables that nothing but rare methods use go with them.
"""

import ast
import builtins
from collections.abc import Mapping
from typing import Final

from wxlink.flash.problem import FlashError
from wxlink.flash.scope import dotted, loaded, named

SUFFIX: Final = "_rare"
_MARK: Final = "rare"
_FINDER: Final = "find"
_FILE: Final = "RARE"  # the attribute by which the finder knows the file
_LOADER: Final = "module.loading"
_Method = ast.FunctionDef | ast.AsyncFunctionDef


def overlay(sources: Mapping[str, str]) -> dict[str, str]:
    """The same files by path, without their rare methods, and the files of those.

    Raises SyntaxError when one is no Python, FlashError when a method cannot be rare: another function of the
    file has its name, it is passed about rather than called, it is special to Python, sets a global name, or
    leaves a lambda or a task behind that would hold it in memory.
    """
    trees = {path: ast.parse(source, path) for path, source in sources.items()}
    mentioned = {path: _mentioned(tree) for path, tree in trees.items()}
    done = dict(sources)
    for path, tree in trees.items():
        methods = [one for node in tree.body if isinstance(node, ast.ClassDef) for one in _rare(node)]
        if methods:
            known = {name for other, names in mentioned.items() if other != path for name in names}
            along = _only_used_by(methods, tree, known)
            _check(path, tree, methods, along)
            done[path.removesuffix(".py") + SUFFIX + ".py"] = _file_of(path, tree, methods, along)
            done[path] = _rest(path, tree, methods, along)
    return done


def _rare(node: ast.ClassDef) -> list[_Method]:
    return [
        method
        for method in node.body
        if isinstance(method, _Method)
        and any(isinstance(one, ast.Name) and one.id == _MARK for one in method.decorator_list)
    ]


def _check(path: str, tree: ast.Module, methods: list[_Method], along: list[ast.stmt]) -> None:
    names = [method.name for method in methods]
    functions = [node.name for node in ast.walk(tree) if isinstance(node, _Method)]
    for method in methods:
        where = f"{path}:{method.lineno}: {method.name} cannot be rare"
        if functions.count(method.name) > 1:
            raise FlashError(f"{where}: another function here has its name")
        if method.name.startswith("__"):
            raise FlashError(f"{where}: Python looks for it in the class itself")
        keys = {
            id(node.value) for node in ast.walk(method) if isinstance(node, ast.keyword) and node.arg == "key"
        }
        for node in ast.walk(method):
            if isinstance(node, ast.Global):
                raise FlashError(f"{where}: it sets a global name")
            if isinstance(node, ast.Lambda) and id(node) not in keys:  # a sort forgets its key
                raise FlashError(f"{where}: its lambda may outlive it")
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    unbound = {id(node) for one in along for node in ast.walk(one) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in names and id(node) not in called | unbound:
            raise FlashError(f"{path}:{node.lineno}: {node.attr} is rare: call it, do not pass it about")


def _mentioned(tree: ast.Module) -> set[str]:
    """Names that a file may mean of another."""
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return names | {one.name for node in imports for one in node.names}


def _only_used_by(methods: list[_Method], tree: ast.Module, known: set[str]) -> list[ast.stmt]:
    """Statements at the top of a file that bind names for its rare methods alone; `known`: to other files."""
    along: list[ast.stmt] = []
    while True:
        gone = {id(node) for one in (*methods, *along) for node in ast.walk(one)}
        needed = {name for one in (*methods, *along) for name in loaded(one)}
        elsewhere = {
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in gone
        }
        more = [
            statement
            for statement in tree.body
            if isinstance(statement, ast.Assign | _Method) and statement not in along
            if (names := set(_bound(statement))) & needed and not names & (elsewhere | known)
        ]
        if not more:
            return [statement for statement in tree.body if statement in along]
        along += more


def _file_of(path: str, tree: ast.Module, methods: list[_Method], along: list[ast.stmt]) -> str:
    """The rare methods as functions, after the imports of what they use."""
    asked = {name for one in (*methods, *along) for name in loaded(one)} - {_MARK, *vars(builtins)}
    here = {method.name for method in methods} | {name for one in along for name in _bound(one)}
    imports: list[ast.stmt] = []
    own: list[ast.alias] = []
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            names = [one for one in statement.names if (one.asname or one.name.partition(".")[0]) in asked]
            imports += [_imports(statement, names)] if names else []
        else:
            own += [ast.alias(name) for name in _bound(statement) if name in asked - here]
    unbound = _Unbound({method.name for method in methods})
    functions = [unbound.visit(_as_function(method)) for method in methods]
    moved = [*unbound.aliases(), *(unbound.visit(one) for one in along)]
    if own := [one for one in own if any(one.name in loaded(node) for node in (*functions, *moved))]:
        imports.append(ast.ImportFrom(dotted(path), own, 0))
    return _source([*imports, *functions, *moved])


def _as_function(method: _Method) -> _Method:
    method.decorator_list = [one for one in method.decorator_list if ast.unparse(one) != _MARK]
    return method


class _Unbound(ast.NodeTransformer):
    """A rare method calls another as the function beside it: its object would load it again."""

    def __init__(self, names: set[str]) -> None:
        self._names = names
        self._local: set[str] = set()
        self._hidden: dict[str, str] = {}  # functions that a local variable hides -> their other name

    def aliases(self) -> list[ast.stmt]:
        """Statements that give functions their other names."""
        return [
            ast.Assign([ast.Name(other, ast.Store())], ast.Name(name, ast.Load()))
            for name, other in self._hidden.items()
        ]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.stmt:
        return self._function(node)

    def _function(self, node: _Method) -> ast.stmt:
        around = self._local
        names = [
            one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
        ]
        self._local = around | set(names) | {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}
        self.generic_visit(node)
        self._local = around
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        match node.func:
            case ast.Attribute(value=ast.Name(id="self") as owner, attr=name) if name in self._names:
                if name in self._local:
                    name = self._hidden.setdefault(name, name + "_of")
                node = ast.Call(ast.Name(name, ast.Load()), [owner, *node.args], node.keywords)
        return self.generic_visit(node)  # type: ignore[return-value]

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if node.attr in self._names and isinstance(node.value, ast.Name) and node.value.id[0].isupper():
            return ast.Name(node.attr, node.ctx)
        return self.generic_visit(node)  # type: ignore[return-value]


def _rest(path: str, tree: ast.Module, methods: list[_Method], along: list[ast.stmt]) -> str:
    """The file without its rare methods, what goes with them, and the imports that nothing else uses."""
    before = loaded(tree)
    finder = named(_FINDER, tree)
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and any(method in node.body for method in methods):
            found_by = [
                ast.Assign([ast.Name(_FILE, ast.Store())], ast.Constant(dotted(path) + SUFFIX)),
                ast.Assign(
                    [ast.Name("__getattr__", ast.Store())], ast.Name(finder.asname or _FINDER, ast.Load())
                ),
            ]
            node.body = [*found_by, *(one for one in node.body if one not in methods)]
    tree.body = [one for one in tree.body if one not in along]
    idle = (before | {_MARK}) - loaded(tree)
    body: list[ast.stmt] = [ast.ImportFrom(_LOADER, [finder], 0)]
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            names = [one for one in statement.names if (one.asname or one.name.partition(".")[0]) not in idle]
            body += [_imports(statement, names)] if names else []
        else:
            body.append(statement)
    return _source(body)


def _imports(statement: ast.Import | ast.ImportFrom, names: list[ast.alias]) -> ast.stmt:
    if isinstance(statement, ast.Import):
        return ast.Import(names)
    return ast.ImportFrom(statement.module, names, statement.level)


def _bound(statement: ast.stmt) -> list[str]:
    """Names that a statement at the top of a file binds."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
    names = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
    return [node.id for node in names if isinstance(node.ctx, ast.Store)]


def _source(body: list[ast.stmt]) -> str:
    return ast.unparse(ast.fix_missing_locations(ast.Module(body, []))) + "\n"
