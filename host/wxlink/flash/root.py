"""boot.py and main.py as a chip gets them: without words for people, with MicroPython's own names.

They are no .mpy, for MicroPython looks for these two as source. Its compiler keeps every name that it meets
there for ever, and what they bind stays in memory beside the application.
"""

import ast
from collections.abc import Mapping

from wxlink.flash.fold import fold
from wxlink.flash.scope import bound
from wxlink.flash.shorten import fresh, shorten


def bare(root: Mapping[str, str]) -> dict[str, str]:
    """The same files by path. SyntaxError when one is no Python."""
    return shorten(fold({path: _bare(ast.parse(source, path)) for path, source in root.items()})).sources


def _bare(tree: ast.Module) -> str:
    """The source without docstrings, with short local variables: only an .mpy has no names of those."""
    taken = {name for node in ast.walk(tree) for name in _spelled(node)}
    for node in ast.walk(tree):
        match node:
            case ast.Module() | ast.FunctionDef() if ast.get_docstring(node) is not None:
                node.body = node.body[1:] or [ast.Pass()]
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            shared = {name for node in ast.walk(function) for name in _not_local(node)}
            local = [name for name in dict.fromkeys(bound(function)) if name not in shared]
            names = dict(zip(local, fresh(taken), strict=False))
            for node in ast.walk(function):
                match node:
                    case ast.Name(id=name) if name in names:
                        node.id = names[name]
                    case ast.ExceptHandler(name=str(name)) if name in names:
                        node.name = names[name]
    return ast.unparse(tree)


def _not_local(node: ast.AST) -> list[str]:
    """Names that are global, or arguments: shorten() has those."""
    match node:
        case ast.Global(names=names):
            return names
        case ast.arg(arg=name):
            return [name]
    return []


def _spelled(node: ast.AST) -> list[str]:
    fields = [getattr(node, field, None) for field in ("id", "attr", "arg", "name")]
    return [name for name in fields if isinstance(name, str)]
