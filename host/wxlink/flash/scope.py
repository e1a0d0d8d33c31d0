"""What the names in a piece of Python mean, as far as the steps of the build must know it."""

import ast
from collections.abc import Iterator


def dotted(path: str) -> str:
    """The module of a path in the slot, as imports name it."""
    return path.removesuffix(".py").replace("/", ".")


def loaded(tree: ast.AST) -> set[str]:
    """Names that are asked for their value anywhere in it."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return {node.id for node in names if isinstance(node.ctx, ast.Load)}


def bound(node: ast.AST, *, renamed: bool = False) -> Iterator[str]:
    """Names that a file, class or function gives a meaning, not those inside of functions and classes in it.

    Imports do not count; `renamed`: but for those that give what they import another name.
    """
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.ExceptHandler(name=str(name)):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
                continue
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases) if renamed:
                yield from (one.asname for one in aliases if one.asname)
            case ast.Lambda():
                continue
        yield from bound(child, renamed=renamed)


def named(name: str, tree: ast.AST) -> ast.alias:
    """What imports `name` into a file, under a name that means nothing else there, not even in a function."""
    taken = {own for node in ast.walk(tree) for own in _given(node)}
    called = name
    while called in taken:
        called += "_"
    return ast.alias(name, None if called == name else called)


def _given(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name) | ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            yield from (one.asname or one.name.partition(".")[0] for one in aliases)
