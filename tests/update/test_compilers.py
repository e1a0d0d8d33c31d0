"""The update kit compiles without a warning for every kind of MCU."""

import shutil
import subprocess
from pathlib import Path

import pytest
from update_programs import CSDK, GENERATED, KIT, WARNINGS

COMPILERS = {
    "avr-gcc": (["-Os", "-mmcu=atmega328p"], "gcc-avr avr-libc"),
    "arm-none-eabi-gcc": (["-Os", "-mcpu=cortex-m3", "-mthumb"], "gcc-arm-none-eabi libnewlib-arm-none-eabi"),
    "gcc": (["-O2", "-m64"], "gcc libc6-dev"),
    "clang-14": (["-O2", "-Wno-unknown-warning-option"], "clang-14"),
}
SOURCES = [*KIT, CSDK / "wxlink_update.c"]


@pytest.mark.parametrize("compiler", COMPILERS)
def test_the_kit_compiles_strictly(compiler: str, tmp_path: Path) -> None:
    flags, packages = COMPILERS[compiler]
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} not found: apt-get install {packages}")
    includes = [f"-I{path}" for path in (CSDK, CSDK / "boot", GENERATED)]
    for source in SOURCES:
        target = tmp_path / f"{source.stem}.o"
        command = [
            compiler,
            "-std=c99",
            *WARNINGS,
            *flags,
            *includes,
            "-DWXLINK_WITH_UPDATE=1",
            "-c",
            str(source),
        ]
        done = subprocess.run([*command, "-o", str(target)], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("feature", [0, 1])
def test_headers_are_c_plus_plus_too(feature: int, tmp_path: Path) -> None:
    if shutil.which("g++") is None:
        pytest.skip("g++ not found: apt-get install g++")
    source = tmp_path / "all.cpp"
    source.write_text('#include "wxlink_update.h"\n#include "wxlink_boot.h"\n', "ascii")
    includes = [f"-I{path}" for path in (CSDK, CSDK / "boot", GENERATED)]
    command = [
        "g++",
        "-std=c++11",
        "-Wall",
        "-Wextra",
        "-Werror",
        *includes,
        f"-DWXLINK_WITH_UPDATE={feature}",
    ]
    subprocess.run([*command, "-fsyntax-only", source], check=True)
