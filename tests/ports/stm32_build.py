"""Programs for an STM32F405, compiled by Debian's cross compiler."""

import subprocess
from pathlib import Path

from boards import F405_HZ

from wxlink.assets import asset
from wxlink.codegen.targets import files
from wxlink.product import read

CSDK = asset("protocol/csdk")
EXAMPLE = CSDK / "examples/stm32f405"
ST_HAL = Path(__file__).parent / "st_hal"

COMPILER = "arm-none-eabi-gcc"
TARGET = ("-mcpu=cortex-m4", "-mthumb")
STRICT = ("-std=c99", "-Os", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror")
SECTIONS = ("-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections")
LIMIT_S = 240


def has_headers() -> bool:
    """Whether the compiler has a C library to include from."""
    command = [COMPILER, *TARGET, "-fsyntax-only", "-x", "c", "-"]
    done = subprocess.run(command, input=b"#include <string.h>\n", capture_output=True, check=False)
    return done.returncode == 0


def example(folder: Path) -> Path:
    """The example without a HAL, with the GoKit product; gives the program."""
    return _build(folder / "f405.elf", EXAMPLE / "main.c", sdk=_generate(folder / "sdk", "c"), csdk=CSDK)


def with_hal(folder: Path) -> Path:
    """A maker's program on what `--for stm32` writes, with a stand-in for ST's HAL; gives the program."""
    return _build(folder / "hal.elf", *ST_HAL.glob("*.c"), sdk=_generate(folder / "sdk", "stm32"))


def _generate(folder: Path, target: str) -> Path:
    folder.mkdir()
    for name, content in files(read(asset("protocol/products/gokit.json")), target).items():
        (folder / name).write_text(str(content), "utf-8")
    return folder


def _build(program: Path, *own: Path, **folders: Path) -> Path:
    sources = [*own, EXAMPLE / "board.c", EXAMPLE / "startup.c"]
    sources += [path for folder in folders.values() for path in sorted(folder.glob("*.c"))]
    includes = [f"-I{folder}" for folder in (*folders.values(), EXAMPLE, ST_HAL)]
    command = [
        COMPILER, *TARGET, *STRICT, *SECTIONS, f"-DCLOCK_HZ={F405_HZ}u", *includes,
        "-nostartfiles", "-T", EXAMPLE / "stm32f405.ld", *sources, "-o", program,
    ]  # fmt: skip
    subprocess.run(command, check=True, timeout=LIMIT_S)
    return program
