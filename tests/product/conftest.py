"""Hardware in C, compiled once a product."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from board_in_c import Simulated

from wxlink.assets import asset
from wxlink.codegen.board import board_files
from wxlink.codegen.build import NoCompiler, compile_c, compiler
from wxlink.product import ProductFile

SANITIZED = [
    "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror",
    "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
]  # fmt: skip


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[ProductFile], Path]:
    """A function that compiles the hardware of a product with the harness, once."""
    try:
        command = compiler()
    except NoCompiler as error:
        pytest.skip(str(error))
    built: dict[str, Path] = {}

    def run(file: ProductFile) -> Path:
        if file.stem not in built:
            folder = tmp_path_factory.mktemp(file.stem)
            for name, text in board_files(file).items():
                (folder / name).write_text(text, "utf-8")
            csdk = asset("protocol/csdk")
            board = csdk / "examples/board"
            includes = [f"-I{one}" for one in (folder, csdk, csdk / "examples/bench", board)]
            sources = [folder / "board_rows.c", folder / "board_names.c", board / "board_hardware.c"]
            sources += [board / "board_memory.c", Path(__file__).with_name("hardware_harness.c")]
            built[file.stem] = folder / "harness"
            compile_c([*command, *SANITIZED, *includes, *map(str, sources), "-o", str(built[file.stem])])
        return built[file.stem]

    return run


@pytest.fixture
def simulated(build: Callable[[ProductFile], Path]) -> Iterator[Callable[[ProductFile], Simulated]]:
    """A function that starts the hardware of a product in C."""
    running: list[Simulated] = []

    def start(file: ProductFile) -> Simulated:
        running.append(Simulated(build(file), file))
        return running[-1]

    yield start
    for one in running:
        one.close()
