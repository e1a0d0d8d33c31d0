"""What the MCU SDK takes of an MCU's memory, by compiler and feature."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.figure import Figure
from wxlink.assets import asset

MAIN = Path(__file__).with_name("sizes_main.c")
README = asset("protocol/csdk") / "README.md"
FLAGS = ("-Os", "-std=c99", "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections")

FLASH_LIMIT = 3584
"""Bytes of flash that a GoKit board's link may take of an ATmega328P."""
RAM_LIMIT = 200
"""Bytes of RAM, beyond the buffers of the frame that comes in and of the report that goes out."""


class Compiler(NamedTuple):
    """A target: what the table calls it, its command, the tools' prefix and the Debian package."""

    name: str
    command: tuple[str, ...]
    prefix: str
    package: str


class Size(NamedTuple):
    """Bytes of flash, and of RAM without the two frame buffers."""

    flash: int
    ram: int


_AVR = ("avr-gcc", "-mmcu=atmega328p")
_ARM = ("arm-none-eabi-gcc", "-mthumb", "-nostartfiles", "-Wl,-e,main")
AVR = Compiler("ATmega328P", _AVR, "avr-", "gcc-avr avr-libc")
COMPILERS = (
    AVR,
    Compiler("ATmega328P, `-flto`", (*_AVR, "-flto"), "avr-", "gcc-avr avr-libc"),
    Compiler("Cortex-M0", (*_ARM, "-mcpu=cortex-m0"), "arm-none-eabi-", "gcc-arm-none-eabi"),
    Compiler("Cortex-M3", (*_ARM, "-mcpu=cortex-m3"), "arm-none-eabi-", "gcc-arm-none-eabi"),
    Compiler("x86-64", ("gcc",), "", "gcc"),
)

CORE = "GoKit: data points, reports, status, restart"
FEATURES: dict[str, tuple[str, ...]] = {
    CORE: (),
    "+ onboarding, reset, test, binding, restart (`SETUP`)": ("SETUP",),
    "+ network time (`TIME`)": ("TIME",),
    "+ module information (`MODULE_INFO`)": ("MODULE_INFO",),
    "+ text behind the device information (`EXTRA`)": ("EXTRA",),
    "+ transparent data (`TRANSPARENT`)": ("TRANSPARENT",),
    "+ devices behind this one (`SUB_DEVICES`)": ("SUB_DEVICES",),
    "+ new firmware for the MCU (`UPDATE`)": ("UPDATE",),
}
"""Row of the table -> features it has."""


class NoCompiler(Exception):
    """A compiler of the table is not installed."""


def measure() -> list[Figure]:
    """Print the table, write it to the README of the SDK when every compiler is there; the AVR as figures."""
    there = [compiler for compiler in COMPILERS if shutil.which(compiler.command[0])]
    for compiler in COMPILERS:
        if compiler not in there:
            _say(f"SKIPPED {compiler.name}: no {compiler.command[0]} (apt-get install {compiler.package})")
    sizes = {compiler: [size_of(compiler, features) for features in FEATURES.values()] for compiler in there}
    text = table(sizes)
    _say(text)
    if len(there) == len(COMPILERS):
        README.write_text(replaced(README.read_text("utf-8"), text), "utf-8")
    return _figures(sizes[AVR][0]) if AVR in sizes else []


def size_of(compiler: Compiler, features: Sequence[str] = ()) -> Size:
    """What the SDK and the GoKit product's tables take; NoCompiler when the compiler is not installed."""
    if not shutil.which(compiler.command[0]):
        raise NoCompiler(f"no {compiler.command[0]} (apt-get install {compiler.package})")
    csdk = asset("protocol/csdk")
    generated = csdk / "examples/gokit/generated"
    defines = [f"-DWXLINK_WITH_{feature}=1" for feature in features]
    build = [*compiler.command, *FLAGS, f"-I{csdk}", f"-I{generated}", *defines]
    sources = [*sorted(csdk.glob("wxlink*.c")), generated / "gokit_product.c"]
    with tempfile.TemporaryDirectory() as folder:
        whole, empty, buffers = (Path(folder) / name for name in ("whole", "empty", "buffers.o"))
        _run([*build, str(MAIN), *map(str, sources), "-o", str(whole)])
        _run([*build, "-DWITHOUT", str(MAIN), "-o", str(empty)])
        _run([*build, "-fno-lto", "-x", "c", "-c", "-", "-o", str(buffers)], _BUFFERS)
        flash, ram = (
            a - b for a, b in zip(_sections(compiler, whole), _sections(compiler, empty), strict=True)
        )
        return Size(flash, ram - _symbol(compiler, buffers, "frame_buffers"))


def table(sizes: dict[Compiler, list[Size]]) -> str:
    """Flash and RAM by feature and compiler, in Markdown; features as what they add."""
    lines = [
        ["flash / RAM in bytes", *(compiler.name for compiler in sizes)],
        ["---"] * (1 + len(sizes)),
    ]
    for row, name in enumerate(FEATURES):
        cells = [
            f"{column[row].flash} / {column[row].ram}"
            if row == 0
            else f"{column[row].flash - column[0].flash:+d} / {column[row].ram - column[0].ram:+d}"
            for column in sizes.values()
        ]
        lines.append([name, *cells])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def replaced(readme: str, text: str) -> str:
    """The README with another table of sizes."""
    return re.sub(
        r"(<!-- sizes -->\n).*?(<!-- /sizes -->)",
        lambda found: found[1] + text + found[2],
        readme,
        flags=re.S,
    )


_BUFFERS = """
#include "wxlink.h"
char frame_buffers[sizeof ((wxlink *)0)->frame + sizeof ((wxlink *)0)->report] = {1};
"""


def _figures(avr: Size) -> list[Figure]:
    note = "Tuya's SDK: about 4 KB and 100 bytes; GoKit product without update code, avr-gcc -Os"
    return [
        Figure("MCU SDK, flash of an ATmega328P", avr.flash, "B", "its limit", FLASH_LIMIT, "less", note),
        Figure("MCU SDK, RAM of an ATmega328P", avr.ram, "B", "its limit", RAM_LIMIT, "less", note),
    ]


def _sections(compiler: Compiler, program: Path) -> tuple[int, int]:
    text, data, bss = map(int, _run([f"{compiler.prefix}size", str(program)]).splitlines()[1].split()[:3])
    return text + data, data + bss


def _symbol(compiler: Compiler, program: Path, name: str) -> int:
    (size,) = re.findall(rf"^\w+ (\w+) \w {name}$", _run([f"{compiler.prefix}nm", "-S", str(program)]), re.M)
    return int(size, 16)


def _run(command: list[str], given: str | None = None) -> str:
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def _say(text: str) -> None:
    print(text, file=sys.stderr)
