"""Takes the texts of errors and console lines out of compiled files, into one that is read when one is due.

A text in a compiled file takes heap for as long as the file is loaded, some 90 bytes each. What is raised or
said is seldom needed: module/loading.py's told() finds it by its place in the file.
"""

import ast
from collections.abc import Mapping
from typing import Final, NamedTuple

from wxlink.flash.scope import named

FILE: Final = "texts"
_TELLER: Final = "told"
_LOADER: Final = "module.loading"
_SAY: Final = "say"
_SHORTEST: Final = 11  # characters: MicroPython keeps shorter ones as names, which is cheaper
_LONGEST: Final = 255  # bytes: one byte says how many


class Taken(NamedTuple):
    """`sources` by path, and `data`, the file: each text behind a byte with its size."""

    sources: dict[str, str]
    data: bytes


def take_texts(sources: Mapping[str, str]) -> Taken:
    """Take the texts of these files (path -> source). SyntaxError when one is no Python."""
    book = _Book()
    done = {}
    for path, source in sources.items():
        tree = ast.parse(source, path)
        teller = named(_TELLER, tree)
        taker = _Taker(book, teller.asname or _TELLER)
        tree = taker.visit(tree)
        if taker.took:
            tree.body.insert(0, ast.ImportFrom(_LOADER, [teller], 0))
        done[path] = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    return Taken(done, book.data)


class _Book:
    def __init__(self) -> None:
        self.data = b""
        self._places: dict[str, int] = {}

    def place(self, text: str) -> int | None:
        """Where the text is; None when it is better off where it was."""
        encoded = text.encode()
        if not _SHORTEST <= len(text) <= len(encoded) <= _LONGEST:
            return None
        if text not in self._places:
            self._places[text] = len(self.data)
            self.data += bytes((len(encoded),)) + encoded
        return self._places[text]


class _Taker(ast.NodeTransformer):
    """Rewrites what is raised, and the second argument of say(); `teller` is what the file calls told()."""

    def __init__(self, book: _Book, teller: str) -> None:
        self._book = book
        self._teller = teller
        self.took = False

    def visit_Raise(self, node: ast.Raise) -> ast.stmt:
        if isinstance(node.exc, ast.Call):
            node.exc.args = [self._taken(one) for one in node.exc.args]
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == _SAY and len(node.args) == 2:
            node.args[1] = self._taken(node.args[1])
        return node

    def _taken(self, node: ast.expr) -> ast.expr:
        match node:
            case ast.Constant(value=str(text)):
                return self._told(node, text)
            case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mod(), right=inserted):
                return self._told(node, text, inserted)
            case ast.JoinedStr(values=parts):
                template = _template(parts)
                told = node if template is None else self._told(node, template)
                if told is node:
                    return node
                values = [one.value for one in parts if isinstance(one, ast.FormattedValue)]
                return ast.Call(ast.Attribute(told, "format", ast.Load()), values, [])
            case ast.IfExp(body=body, orelse=orelse):
                node.body, node.orelse = self._taken(body), self._taken(orelse)
        return node

    def _told(self, node: ast.expr, text: str, *values: ast.expr) -> ast.expr:
        place = self._book.place(text)
        if place is None:
            return node
        self.took = True
        return ast.Call(ast.Name(self._teller, ast.Load()), [ast.Constant(place), *values], [])


def _template(parts: list[ast.expr]) -> str | None:
    """What an f-string is as text for format(); None when its widths are made at run time."""
    made = ""
    for part in parts:
        match part:
            case ast.Constant(value=str(text)):
                made += text.replace("{", "{{").replace("}", "}}")
            case ast.FormattedValue(conversion=conversion, format_spec=None):
                made += "{" + ("" if conversion < 0 else "!" + chr(conversion)) + "}"
            case ast.FormattedValue(
                conversion=-1, format_spec=ast.JoinedStr(values=[ast.Constant(value=str(spec))])
            ):
                made += "{:" + spec + "}"
            case _:
                return None
    return made
