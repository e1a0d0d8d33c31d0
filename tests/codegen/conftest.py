"""The C side under test, compiled once a run with the strictest flags and the sanitizers."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from wxlink.assets import asset
from wxlink.codegen import NoCompiler, generate
from wxlink.codegen.build import compile_c, compiler
from wxproto.product import Product

HERE = Path(__file__).parent
VECTORS = HERE.parents[1] / "protocol" / "vectors"
STRICT = [
    "-std=c99",
    "-O1",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wshadow",
    "-Werror",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
]
SDK = sorted(asset("protocol/csdk").glob("wxlink*.c"))
EVERYTHING = [
    f"-DWXLINK_WITH_{feature}=1"
    for feature in ("SETUP", "TIME", "MODULE_INFO", "EXTRA", "TRANSPARENT", "SUB_DEVICES")
]


class Link:
    """A running link_harness: the C SDK with one product and a clock that the test sets."""

    def __init__(self, program: Path, product: Product, *arguments: str) -> None:
        self.product = product
        self._process = subprocess.Popen(
            [program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _tell(self, line: str) -> list[str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        out: list[str] = []
        while (answer := self._process.stdout.readline()) != ".\n":
            if not answer:
                raise AssertionError(f"the harness died: {self._process.communicate()[1]}")
            out.append(answer.rstrip("\n"))
        return out

    def at(self, now: int) -> "Link":
        """Set the clock, in milliseconds."""
        self._tell(f"at {now}")
        return self

    def set(self, name: str, raw: int | bytes) -> "Link":
        """What the maker's firmware does: store a value."""
        point = self.product.point(name)
        data = raw if isinstance(raw, bytes) else raw.to_bytes(4, "big")
        self._tell(f"set {point.id} {data.hex()}")
        return self

    def rx(self, frame: bytes) -> list[str]:
        """Bytes from the module; gives what the SDK did: `tx HEX`, `control ID`, `status NEW CHANGED`, ..."""
        return self._tell(f"rx {frame.hex()}")

    def poll(self) -> list[str]:
        return self._tell("poll")

    def report(self) -> list[str]:
        return self._tell("report")

    def act(self, line: str) -> list[str]:
        """A line for the harness (link_harness.c); gives what the SDK did, then its `yes` or `no`."""
        return self._tell(line)

    def close(self) -> None:
        """End the harness; whatever a sanitizer says at the end fails the test."""
        _, errors = self._process.communicate()
        assert (self._process.returncode, errors) == (0, "")


def product_named(name: str) -> Product:
    """A product of protocol/products, or one of those that the P0 vectors bring along."""
    own: dict[str, Any] = json.loads((VECTORS / "p0.json").read_text("utf-8"))["products"]
    if name in own:
        return Product.from_dict(own[name])
    return Product.from_dict(json.loads(asset(f"protocol/products/{name}.json").read_text("utf-8")))


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function that compiles C files against the SDK, strictly and with sanitizers; gives the program."""
    folder = tmp_path_factory.mktemp("c")
    try:
        command = compiler()
    except NoCompiler as error:
        pytest.skip(str(error))

    def run(name: str, *arguments: str | Path) -> Path:
        program = folder / name
        compile_c(
            [*command, *STRICT, f"-I{asset('protocol/csdk')}", *map(str, arguments), "-o", str(program)]
        )
        return program

    return run


@pytest.fixture(scope="session")
def build_product(
    build: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """A function that compiles a program with the SDK and a product's generated files; gives the program."""

    def run(name: str, product: Product, prefix: str, *arguments: str | Path) -> Path:
        folder = tmp_path_factory.mktemp(prefix)
        for file, text in generate(product, prefix).items():
            (folder / file).write_text(text, "utf-8")
        return build(name, f"-I{folder}", *folder.glob("*.c"), *SDK, *arguments)

    return run


@pytest.fixture(scope="session")
def _harnesses(build_product: Callable[..., Path]) -> Callable[[Product, str], Path]:
    built: dict[str, Path] = {}

    def program(product: Product, prefix: str) -> Path:
        if prefix not in built:
            defines = (f"-DPREFIX={prefix}", f'-DPRODUCT_HEADER="{prefix}_product.h"', *EVERYTHING)
            built[prefix] = build_product(
                f"link_{prefix}", product, prefix, *defines, HERE / "link_harness.c"
            )
        return built[prefix]

    return program


@pytest.fixture
def link(_harnesses: Callable[[Product, str], Path]) -> Iterator[Callable[..., Link]]:
    """A function that starts the C SDK for a product (by name, or given with a prefix)."""
    running: list[Link] = []

    def start(name: str, product: Product | None = None, **options: str | int) -> Link:
        chosen = product or product_named(name)
        arguments = {"secret": "", "start_ms": 0, "extra": "", "ms_a_byte": 0} | options
        running.append(Link(_harnesses(chosen, name), chosen, *map(str, arguments.values())))
        return running[-1]

    yield start
    for one in running:
        one.close()
