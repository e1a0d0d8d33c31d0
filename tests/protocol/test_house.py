"""wxproto keeps its promises: no I/O, no clock, no import from outside, a stub beside each module."""

import ast
import importlib
from pathlib import Path

import pytest

import wxproto

PACKAGE = Path(wxproto.__file__).parent
MODULES = sorted(PACKAGE.glob("*.py"))
OUTSIDE = {"math", "struct"}  # arithmetic, and numbers in bytes


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_imports_nothing_from_outside(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= OUTSIDE
        elif isinstance(node, ast.ImportFrom):
            known = node.level == 1 or node.module in OUTSIDE
            assert known or [alias.name for alias in node.names] == ["namedtuple"]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"print", "open", "input", "__import__"}


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path.stem != "__init__"], ids=lambda path: path.stem
)
def test_has_a_stub_that_names_what_is_public(path: Path) -> None:
    stub = ast.parse(path.with_suffix(".pyi").read_text(encoding="utf-8"))
    typed = set()
    for node in stub.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            typed.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            typed.add(node.target.id)
    module = importlib.import_module(f"wxproto.{path.stem}")
    public = {
        node.name
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")
    }
    assert public <= typed
    assert all(hasattr(module, name) for name in typed if not name.startswith("_"))
