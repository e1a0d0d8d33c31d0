"""The C end of a wire, compiled once a run with the strictest flags and the sanitizers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ends import CMcu

from wxlink.assets import asset
from wxlink.codegen.build import NoCompiler, compile_c, compiler

HERE = Path(__file__).parent
STRICT = [
    "-std=c99",
    "-O1",
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Werror",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
]


@pytest.fixture(scope="session")
def c_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """gokit_mcu.c with the SDK and the generated GoKit product."""
    try:
        command = compiler()
    except NoCompiler as error:
        pytest.skip(str(error))
    csdk = asset("protocol/csdk")
    generated = csdk / "examples/gokit/generated"
    program = tmp_path_factory.mktemp("wires") / "gokit_mcu"
    sources = [HERE / "gokit_mcu.c", *sorted(csdk.glob("wxlink*.c")), generated / "gokit_product.c"]
    includes = [f"-I{csdk}", f"-I{generated}"]
    compile_c([*command, *STRICT, *includes, *map(str, sources), "-o", str(program)])
    return program


@pytest.fixture
def c_mcu(c_program: Path) -> Iterator[Callable[[], CMcu]]:
    """A function that starts the C SDK."""
    running: list[CMcu] = []

    def start() -> CMcu:
        running.append(CMcu(c_program))
        return running[-1]

    yield start
    for one in running:
        one.close()
