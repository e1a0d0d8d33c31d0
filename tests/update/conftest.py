"""Programs of this folder, compiled once a run."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import update_programs
from example_board import build_example

from wxlink.codegen import NoCompiler

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "firmware"))  # the module program's starter


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function that compiles a program by its name; other arguments as in update_programs.build()."""
    folder = tmp_path_factory.mktemp("update")

    @functools.cache
    def build(name: str, piece: int = 256, baud: int = 9600, sanitized: bool = True) -> Path:
        try:
            return update_programs.build(name, folder, sanitized=sanitized, piece=piece, baud=baud)
        except NoCompiler as error:
            pytest.skip(str(error))

    return build


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The programs of examples/update, see build_example()."""
    try:
        return build_example(tmp_path_factory.mktemp("example"))
    except NoCompiler as error:
        pytest.skip(str(error))
