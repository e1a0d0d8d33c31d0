"""Builds the boards' programs, once a run; where a tool lacks, the skip names its Debian package."""

import functools
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "firmware"))

import arduino_build
import stm32_build
from boards import Board, PosixBoard, QemuBoard, SimavrBoard
from firmware_brokers import PortFinder
from port_rig import Chain, chain

from wxlink.codegen import NoCompiler, build_gokit

HERE = Path(__file__).parent
SANITIZED = ("-Werror", "-Wshadow", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
COMPILE_LIMIT_S = 240


def needs(**packages: str) -> None:
    """Skip the test unless every program is there: program="Debian package", with underscores for dashes."""
    programs = {program.replace("_", "-"): package for program, package in packages.items()}
    lacking = {program: package for program, package in programs.items() if shutil.which(program) is None}
    if lacking:
        pytest.skip(f"{', '.join(lacking)} not found: apt-get install {' '.join(lacking.values())}")


@pytest.fixture(scope="session")
def simavr_runner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """simavr_board.c, compiled."""
    needs(gcc="gcc")
    if not Path("/usr/include/simavr/sim_avr.h").exists():
        pytest.skip("simavr's headers not found: apt-get install libsimavr-dev libelf-dev")
    program = tmp_path_factory.mktemp("simavr") / "simavr_board"
    flags = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]
    command = ["gcc", *flags, HERE / "simavr_board.c", "-o", program, "-lsimavr"]
    subprocess.run(command, check=True, timeout=COMPILE_LIMIT_S)
    return program


@pytest.fixture(scope="session")
def avr_tools() -> None:
    """avr-gcc with its library, or a skip."""
    needs(avr_gcc="gcc-avr")
    if not Path("/usr/lib/avr/include/avr/io.h").exists():
        pytest.skip("avr/io.h not found: apt-get install avr-libc")


@pytest.fixture(scope="session")
def arm_tools() -> None:
    """arm-none-eabi-gcc with its library, or a skip."""
    needs(arm_none_eabi_gcc="gcc-arm-none-eabi")
    if not stm32_build.has_headers():
        pytest.skip("string.h of the ARM compiler not found: apt-get install libnewlib-arm-none-eabi")


@pytest.fixture(scope="session")
def arduino(avr_tools: None, tmp_path_factory: pytest.TempPathFactory) -> arduino_build.Arduino:
    """Arduino's own builder, with the generated library of the GoKit product installed."""
    needs(arduino_builder="arduino-builder")
    if not arduino_build.CORE.exists():
        pytest.skip(f"{arduino_build.CORE} not found: apt-get install arduino-core-avr")
    return arduino_build.Arduino(tmp_path_factory.mktemp("arduino"))


@pytest.fixture(scope="session")
def f405_programs(arm_tools: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function that gives a program for QEMU's STM32F405 by the name of its function in stm32_build."""
    needs(qemu_system_arm="qemu-system-arm")

    @functools.cache
    def build(name: str) -> Path:
        program: Path = getattr(stm32_build, name)(tmp_path_factory.mktemp("f405"))
        return program

    return build


@pytest.fixture(scope="session")
def posix_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example program of this machine, compiled strictly and with sanitizers."""
    try:
        return build_gokit(tmp_path_factory.mktemp("gokit"), SANITIZED)
    except NoCompiler as error:
        pytest.skip(str(error))


def _posix(request: pytest.FixtureRequest, _folder: Path) -> Board:
    return PosixBoard(request.getfixturevalue("posix_program"))


def _simavr(baud: int) -> Callable[[pytest.FixtureRequest, Path], Board]:
    def board(request: pytest.FixtureRequest, _folder: Path) -> Board:
        build: arduino_build.Arduino = request.getfixturevalue("arduino")
        return SimavrBoard(request.getfixturevalue("simavr_runner"), build.gokit(baud), baud)

    return board


def _qemu(program: str) -> Callable[[pytest.FixtureRequest, Path], Board]:
    def board(request: pytest.FixtureRequest, folder: Path) -> Board:
        return QemuBoard(request.getfixturevalue("f405_programs")(program), folder / "pins.log")

    return board


BOARDS: dict[str, Callable[[pytest.FixtureRequest, Path], Board]] = {
    "posix": _posix,
    "atmega328p-9600": _simavr(9600),
    "atmega328p-115200": _simavr(115200),
    "stm32f405": _qemu("example"),
    "stm32f405-hal": _qemu("with_hal"),
}


@pytest.fixture(params=BOARDS)
def board(request: pytest.FixtureRequest, tmp_path: Path) -> Board:
    """Each board, its program built, not yet switched on."""
    return BOARDS[request.param](request, tmp_path)


@pytest.fixture
async def linked(board: Board, tmp_path: Path, free_port: PortFinder) -> AsyncIterator[Chain]:
    """A board, switched on, on a wire to a module that is not, with broker and registration behind it."""
    async with chain(board, tmp_path, free_port()) as one:
        yield one
