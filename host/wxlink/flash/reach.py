"""What a program can import: the host's part of the protocol package has no business on a chip."""

import ast
from collections.abc import Iterable, Mapping


def reachable(sources: Mapping[str, str], roots: Iterable[str]) -> set[str]:
    """The paths in `sources` (path -> source) that importing `roots` can come to, the roots among them.

    Imports inside functions count; what is imported by a name made at run time cannot be seen.
    """
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += (other for other in imported(path, sources[path]) if other in sources)
    return found


def imported(path: str, source: str) -> set[str]:
    """Paths that the imports in one file may mean: modules, packages, and names that are modules."""
    names: set[str] = set()
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set()  # the compiler says it better
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            folders = path.split("/")[: -node.level] if node.level else []
            base = ".".join([*folders, *([node.module] if node.module else [])])
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    files = {name.replace(".", "/") for name in names}
    parents = {one[:at] for one in files for at, letter in enumerate(one) if letter == "/"}
    return {f"{one}.py" for one in files} | {f"{one}/__init__.py" for one in files | parents}
