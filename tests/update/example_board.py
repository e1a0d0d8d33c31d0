"""The board of csdk/examples/update: a bootloader, two versions of a program, and its power switch."""

import os
import signal
import subprocess
from pathlib import Path

from update_programs import CSDK, GENERATED, KIT, SANITIZED, SDK, WARNINGS

from wxlink.codegen.build import compile_c, compiler

EXAMPLE = CSDK / "examples/update"
POSIX = CSDK / "ports/posix"
BAUD = 115_200
OLD, NEW = "00000001", "00000002"


def build_example(folder: Path) -> dict[str, Path]:
    """The bootloader, and the program in two versions. NoCompiler, CompileError."""
    includes = [f"-I{path}" for path in (CSDK, CSDK / "boot", GENERATED, EXAMPLE, POSIX)]
    common = [
        *compiler(),
        "-std=c99",
        *WARNINGS,
        "-DWXLINK_WITH_UPDATE=1",
        f"-DWXLINK_BAUD={BAUD}",
        *includes,
    ]
    flash = str(EXAMPLE / "file_flash.c")
    sdk = [str(path) for path in SDK if path.parent.name != "boot"]
    boot = folder / "bootloader"
    compile_c([*common, *SANITIZED, str(EXAMPLE / "bootloader.c"), flash, *map(str, KIT), "-o", str(boot)])
    built = {"bootloader": boot}
    for version in (OLD, NEW):
        built[version] = folder / version
        define = f'-DFIRMWARE_VERSION="{version}"'
        sources = [str(EXAMPLE / "program.c"), flash, str(POSIX / "wxlink_posix.c"), *sdk]
        compile_c([*common, "-Os", define, *sources, "-o", str(built[version])])
    return built


class Power:
    """Switches the board; off is SIGKILL for the bootloader and its program alike."""

    def __init__(self, programs: dict[str, Path], flash: Path, tty_name: str) -> None:
        self._command = [programs["bootloader"], flash, tty_name]
        subprocess.run([programs["bootloader"], flash, "--burn", programs[OLD]], check=True)
        self._board: subprocess.Popen[bytes] | None = None

    def on(self) -> None:
        self._board = subprocess.Popen(self._command, start_new_session=True)

    def off(self) -> None:
        if self._board is not None:
            os.killpg(self._board.pid, signal.SIGKILL)
            self._board.wait()
            self._board = None
