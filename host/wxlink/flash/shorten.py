"""Gives the names of an application those that MicroPython has in its own flash: they take no heap.

MicroPython keeps every name that it ever loaded: its text, and an entry in a table that doubles when it is
full. A name that its own code has costs neither. The application is a closed world, so its names are free to
choose. What several files may mean has one name everywhere; arguments and what is private are named file by
file, out of the same few. A global that no other file means gets a name that is used elsewhere for something
of MicroPython's.

What is not ours keeps its name: what MicroPython knows (rom_names.txt), what the application uses and never
defines, what it spells as a text, its files, and what the root files say. `names` is for reading a traceback.
"""

import ast
import itertools
import keyword
import re
import types
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from wxlink.flash.overlay import SUFFIX
from wxlink.flash.problem import FlashError
from wxlink.flash.scope import bound, dotted

COMMON, CHIP = (
    frozenset(part.split())
    for part in Path(__file__).with_name("rom_names.txt").read_text("ascii").split("\n\n")
)
"""Names in every MicroPython, as its unix build answers; names of a chip's own modules, by their pages."""

# What MicroPython looks for in objects that it is given, or in the globals without being told to.
_MEANT: Final = frozenset(
    """
    AssertionError StopAsyncIteration append clear close coro data flush format get ioctl items keys mount
    open ph_key pop read readblocks readinto readline readlines seek self send stat state tell throw umount
    update values write writeblocks
    """.split()  # noqa: SIM905 - one a line would be a page
)
_PRIVATE: Final = re.compile(r"_(?!_|$)")
_FIELD: Final = "field"  # marks the texts that name the fields of a named tuple,
_TITLE: Final = "title"  # and the one that names its type: as the variable that it is given to


class Shortened(NamedTuple):
    """`sources` by path, and `names`: origin of a path -> name in the compiled file -> name in the source."""

    sources: dict[str, str]
    names: dict[str, dict[str, str]]


def shorten(
    sources: Mapping[str, str],
    kept: Collection[str] = (),
    origins: Mapping[str, str] = types.MappingProxyType({}),
) -> Shortened:
    """Rename all files (path -> source) but what is `kept`.

    Raises SyntaxError when one is no Python, FlashError when two names would become one.
    origins: what flatten() says of its files. Nothing binds their names: these are free for other use, too.
    """
    files = {path: _File(path, source) for path, source in sources.items()}
    for path, file in files.items():
        elsewhere = _joined(other.bases for at, other in files.items() if at != path)
        file.share_private(of_all=origins.get(path, path).endswith(SUFFIX + ".py"), of=elsewhere)
    used = _joined(file.used for file in files.values())
    shared = _joined(file.shared for file in files.values())
    texts = _joined(file.texts for file in files.values())
    foreign = used.keys() - _joined(file.defined for file in files.values())
    folders = {part for path in files for part in path.removesuffix(".py").split("/")}
    fixed = COMMON | CHIP | foreign | folders | texts.keys() | set(kept)
    own = {
        path: [name for name in file.own if name not in fixed and name not in shared]
        for path, file in files.items()
    }
    unbound = {dotted(path) for path in origins}
    lent = {
        path: dict(zip(file.plain(own[path]), file.lendable(foreign - unbound), strict=False))
        for path, file in files.items()
    }
    own = {path: [name for name in names if name not in lent[path]] for path, names in own.items()}
    # A file spells each name that it uses: the shortest are for those that most files use.
    uses = {name: sum(name in file.used for file in files.values()) for name in shared if name not in fixed}
    few = {at: sum(len(names) > at for names in own.values()) for at in range(max(map(len, own.values())))}
    given = {-1 - at: len(files) for at in range(max(file.most_arguments for file in files.values()))}
    free = fresh((used.keys() | folders | texts.keys() | set(kept)) - unbound)
    most = sorted(
        [(-count, one) for one, count in [*uses.items(), *few.items(), *given.items()]],
        key=lambda pair: pair[0],
    )
    table = {one: name for (_, one), name in zip(most, free, strict=False)}
    done: dict[str, str] = {}
    told: dict[str, dict[str, str]] = {}
    for path, file in files.items():
        few_names = {name: table[at] for at, name in enumerate(own[path])}
        names = {name: table[name] for name in uses} | few_names | lent[path]
        arguments = {name: None for name in file.arguments if name not in fixed and name not in names}
        done[path] = file.renamed(names, arguments, [table[at] for at in given])
        origin = origins.get(path, path)
        told[origin] = {names[name]: name for name in file.used if name in names}
        if len(told[origin]) != sum(name in names for name in file.used):
            raise FlashError(f"{origin}: two of its names would be one")
    return Shortened(done, told)


def _joined(names: Iterator[dict[str, None]]) -> dict[str, None]:
    """All of them once, in the order in which the files have them: the same sources give the same names."""
    return dict.fromkeys(itertools.chain.from_iterable(names))


def fresh(taken: Collection[str]) -> Iterator[str]:
    """Names of MicroPython that are not `taken`, the shortest first; then made ones."""
    usable = COMMON - _MEANT - set(taken)
    plain = [name for name in usable if not name.startswith("__") and not keyword.iskeyword(name)]
    yield from sorted(plain, key=lambda name: (len(name), name))
    yield from (name for name in map("_{}".format, itertools.count()) if name not in taken)


class _File:
    """The names in one source file, as ordered sets.

    used: all; defined: given a meaning here; shared: what other files may mean, too; own: what they cannot,
    if none of them shares it, and what MicroPython stores: a local variable has no name on a chip; read: what
    it reads of objects; spelled: what it has in any other place; members: what classes and calls name; texts:
    its constants; bases: what its classes derive from.
    """

    def __init__(self, path: str, source: str) -> None:
        self._tree = ast.parse(source, path)
        self.used: dict[str, None] = {}
        self.defined: dict[str, None] = {}
        self.shared: dict[str, None] = {}
        self.own: dict[str, None] = {}
        self.read: dict[str, None] = {}
        self.spelled: dict[str, None] = {}
        self.members: dict[str, None] = {}
        self.arguments: dict[str, None] = {}
        self.texts: dict[str, None] = {}
        self.bases: dict[str, None] = {}
        self.classes: dict[str, ast.ClassDef] = {}
        for node in ast.walk(self._tree):
            self._take(node)
        self.own.update(dict.fromkeys(bound(self._tree, renamed=True)))
        self.most_arguments = max(_counted(self._tree, 0))
        self.shared.update(dict.fromkeys(name for name in self.used if name not in self.defined))

    def share_private(self, *, of_all: bool, of: Collection[str]) -> None:
        """Other files have methods of the same objects: rare ones, or those of classes derived from `of`."""
        met = dict(self.own) if of_all else {}
        waiting = [name for name in of if name in self.classes]
        while waiting:
            node = self.classes[waiting.pop()]
            met |= {
                name: None
                for one in ast.walk(node)
                if (name := getattr(one, "attr", getattr(one, "name", "")))
            }
            met |= dict.fromkeys(bound(node, renamed=True))
            waiting += [
                base.id for base in node.bases if isinstance(base, ast.Name) and base.id in self.classes
            ]
        self.shared.update({name: None for name in met if _PRIVATE.match(name)})

    def plain(self, names: Collection[str]) -> list[str]:
        """Those of `names` that are globals and nothing else."""
        top = set(bound(self._tree, renamed=True))
        return [name for name in names if name in top and name not in self.read and name not in self.members]

    def lendable(self, foreign: Collection[str]) -> list[str]:
        """Names of MicroPython that can be globals here; first what it reads of objects anyway."""
        known = {name for name in COMMON - _MEANT if name not in self.spelled and not name.startswith("__")}
        others = sorted(known.intersection(foreign) - self.read.keys(), key=lambda name: (len(name), name))
        return [name for name in self.read if name in known] + others

    def renamed(self, table: Mapping[str, str], arguments: Mapping[str, None], few: Sequence[str]) -> str:
        """The source with the names of the table; `arguments` are named `few` in each function anew."""
        return ast.unparse(_Renaming(table, arguments, few).visit(self._tree)) + "\n"

    def _take(self, node: ast.AST) -> None:  # noqa: PLR0912 - a table of the ways to spell a name
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                self._add([name], self.spelled)
            case ast.Name(id=name) | ast.ExceptHandler(name=str(name)):
                self._add([name], self.spelled, self.defined)
            case ast.Attribute(attr=name, ctx=context):
                into = self.own if _PRIVATE.match(name) else self.shared
                self._add([name], self.read, into, *([] if isinstance(context, ast.Load) else [self.defined]))
            case ast.keyword(arg=str(name)):
                self._add([name], self.spelled, self.members, self.shared)
            case ast.arg(arg=name):
                self._add([name], self.spelled, self.arguments, self.defined)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                self._add([name], self.spelled, self.own, self.defined)
            case ast.ClassDef(name=name, bases=bases):
                self.classes[name] = node
                self._add([name], self.spelled, self.own, self.defined)
                for inner in bound(node, renamed=True):
                    self._add([inner], self.members, self.own if _PRIVATE.match(inner) else self.shared)
                self.bases.update({part: None for base in bases for part in ast.unparse(base).split(".")})
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                parts = [part for one in aliases for part in one.name.split(".")]
                self._add(parts, self.spelled, self.shared)
                self._add([one.asname for one in aliases if one.asname], self.spelled, self.defined)
            case ast.Assign(
                [ast.Name(id=name)], ast.Call(ast.Name(id="namedtuple"), [ast.Constant() as title, _])
            ):
                title.kind = _TITLE
                title.value = name
            case ast.Call(func=ast.Name(id="namedtuple"), args=[_, ast.Tuple(elts=fields)]):
                for field in fields:
                    field.kind = _FIELD  # type: ignore[attr-defined]
            case ast.Constant(value=str(name)) if node.kind == _FIELD:
                self._add([name], self.spelled, self.members, self.shared, self.defined)
            case ast.Constant(value=str(text)) if node.kind != _TITLE:
                self.texts[text] = None

    def _add(self, names: list[str], *sets: dict[str, None]) -> None:
        for one in (self.used, *sets):
            one.update(dict.fromkeys(names))


def _counted(node: ast.AST, outer: int) -> Iterator[int]:
    """The number of arguments that each function has, with those of the functions around it."""
    yield outer
    for child in ast.iter_child_nodes(node):
        here = outer
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            here += sum(isinstance(one, ast.arg) for one in ast.walk(child.args))
        yield from _counted(child, here)


class _Renaming(ast.NodeTransformer):
    def __init__(self, table: Mapping[str, str], arguments: Mapping[str, None], few: Sequence[str]) -> None:
        self._table = table
        self._arguments = arguments
        self._few = few
        self._scope: dict[str, str] = {}  # arguments of the functions that this is in

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for field in ("id", "attr", "name", "arg", "asname"):
            name = getattr(node, field, None)
            if isinstance(name, str):
                local = isinstance(node, ast.Name | ast.arg | ast.ExceptHandler)
                setattr(node, field, self._renamed(name) if local else self._table.get(name, name))
        if isinstance(node, ast.Global | ast.Nonlocal):
            node.names = [self._renamed(name) for name in node.names]
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.kind in (_FIELD, _TITLE):
            node.value = self._table.get(node.value, node.value)
        return super().generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> ast.AST:
        around = self._scope
        node.args.defaults = [self.visit(one) for one in node.args.defaults]
        node.args.kw_defaults = [one and self.visit(one) for one in node.args.kw_defaults]
        defaults, node.args.defaults = node.args.defaults, []
        kw_defaults, node.args.kw_defaults = node.args.kw_defaults, []
        names = [one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)]
        fresh = [name for name in names if name in self._arguments]
        self._scope = around | dict(zip(fresh, self._few[len(around) :], strict=False))
        self.generic_visit(node)
        self._scope = around
        node.args.defaults, node.args.kw_defaults = defaults, kw_defaults
        return node

    def _renamed(self, name: str) -> str:
        return self._scope.get(name) or self._table.get(name, name)
