"""SDK, tables and glue of every product under the strictest warnings of the compilers of each kind of MCU."""

import re
import subprocess
from pathlib import Path

import pytest
from stm32_build import COMPILER as ARM
from stm32_build import ST_HAL

from wxlink.assets import asset
from wxlink.codegen.targets import files
from wxlink.product import read

STRICT = ("-std=c99", "-Os", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror")
CONFIG = asset("protocol/csdk") / "wxlink_config.h"
ALL_FEATURES = tuple(
    f"-D{macro}=1"
    for macro in re.findall(r"^#ifndef (WXLINK_WITH_\w+)$", CONFIG.read_text("ascii"), re.MULTILINE)
)
SHORT_PIECES = ("-DWXLINK_WITH_UPDATE=1", "-DWXLINK_PIECE_SIZE=128")
"""Frames whose bytes an AVR counts in 8 bits, updates included."""
PRODUCTS = sorted(
    path
    for path in asset("protocol/products").iterdir()
    if path.suffix in (".json", ".toml") and ".schema" not in path.name
)


@pytest.fixture(params=PRODUCTS, ids=lambda path: path.stem)
def glued(request: pytest.FixtureRequest, tmp_path: Path) -> list[Path]:
    """What `--for stm32` writes for a product."""
    written = []
    for name, content in files(read(request.param), "stm32").items():
        written.append(tmp_path / name)
        written[-1].write_text(str(content), "utf-8")
    return written


@pytest.mark.parametrize("features", [(), ALL_FEATURES], ids=["least", "all"])
@pytest.mark.usefixtures("arm_tools")
def test_for_an_stm32(glued: list[Path], features: tuple[str, ...]) -> None:
    compile_all([ARM, "-mcpu=cortex-m0", "-mthumb", f"-I{ST_HAL}", *features], glued)


@pytest.mark.parametrize("features", [(), ALL_FEATURES, SHORT_PIECES], ids=["least", "all", "short pieces"])
@pytest.mark.usefixtures("avr_tools")
def test_for_an_atmega328p(glued: list[Path], features: tuple[str, ...]) -> None:
    compile_all(
        ["avr-gcc", "-mmcu=atmega328p", *features], [path for path in glued if "stm32" not in path.name]
    )


def compile_all(command: list[str], paths: list[Path]) -> None:
    sources = [path for path in paths if path.suffix == ".c"]
    done = subprocess.run(
        [*command, *STRICT, "-fsyntax-only", *sources],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
