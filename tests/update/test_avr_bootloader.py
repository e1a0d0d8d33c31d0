"""The bootloader of the ATmega328P: it fits its 4 KB, and exchanges programs in simavr though power goes."""

import hashlib
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from update_programs import CSDK, HERE

PAGE, PAGES, PART_PAGES = 128, 102, 6
DOWNLOAD, JOURNAL = (PAGES + 1) * PAGE, (2 * PAGES + 1) * PAGE
NOTES = JOURNAL + 128
BOOTLOADER = 0x7000
NEVER = 10**12
FLAGS = "-Os -flto -mcall-prologues -mrelax -fno-inline-small-functions -nostartfiles"
SOURCES = (
    "boot/atmega328p/main.c",
    "boot/wxlink_boot.c",
    "wxlink_flash.c",
    "wxlink_journal.c",
    "wxlink_md5.c",
)


@pytest.fixture(scope="module")
def bootloader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("avr-gcc") is None or not Path("/usr/lib/avr/include/avr/io.h").exists():
        pytest.skip("avr-gcc not found: apt-get install gcc-avr avr-libc")
    target = tmp_path_factory.mktemp("avr") / "bootloader.elf"
    place = "-Wl,--section-start=.text=0x7000"
    command = [
        "avr-gcc",
        "-std=c99",
        "-mmcu=atmega328p",
        *FLAGS.split(),
        "-Wall",
        "-Wextra",
        "-Werror",
        place,
    ]
    sources = [str(CSDK / source) for source in SOURCES]
    subprocess.run([*command, f"-I{CSDK}", f"-I{CSDK}/boot", *sources, "-o", target], check=True)
    return target


@pytest.fixture(scope="module")
def simavr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None or not Path("/usr/include/simavr/sim_avr.h").exists():
        pytest.skip("simavr's headers not found: apt-get install gcc libsimavr-dev libelf-dev")
    target = tmp_path_factory.mktemp("simavr") / "simavr_boot"
    source = HERE / "simavr_boot.c"
    subprocess.run(
        ["gcc", "-std=c99", "-O2", "-Wall", "-Werror", source, "-o", target, "-lsimavr"], check=True
    )
    return target


def test_it_fits_and_has_no_data_to_copy(bootloader: Path) -> None:
    out = subprocess.run(["avr-size", bootloader], capture_output=True, text=True, check=True).stdout
    text, data, bss = map(int, out.splitlines()[1].split()[:3])
    assert text <= 4096
    assert (data, bss) == (0, 0)


PROGRAM = """
#include <avr/interrupt.h>
#include <avr/sleep.h>
#include <stdbool.h>
#include <stdint.h>

int main(void)
{
    bool (*const erase)(void *, uint32_t) = (bool (*)(void *, uint32_t))(0x7004 / 2);
    bool (*const write)(void *, uint32_t, const uint8_t *, uint16_t) =
        (bool (*)(void *, uint32_t, const uint8_t *, uint16_t))(0x7006 / 2);
    const uint8_t bytes[] = {1, 2, 3, 4};
    cli();
    if (erase(0, 0x2000) && write(0, 0x2010, bytes, sizeof bytes)) {
        write(0, 0x2014, bytes, 2);
    }
    sleep_enable();
    sleep_cpu();
}
"""


def test_the_program_writes_its_flash_through_it(simavr: Path, bootloader: Path, tmp_path: Path) -> None:
    source, elf, binary = tmp_path / "program.c", tmp_path / "program.elf", tmp_path / "program.bin"
    source.write_text(PROGRAM, "ascii")
    subprocess.run(["avr-gcc", "-std=c99", "-Os", "-mmcu=atmega328p", source, "-o", elf], check=True)
    subprocess.run(["avr-objcopy", "-O", "binary", elf, binary], check=True)
    program = binary.read_bytes()
    flash = tmp_path / "flash"
    flash.write_bytes(program.ljust(BOOTLOADER, b"\x5a"))
    subprocess.run([simavr, bootloader, flash, str(10**7), "program"], check=True, capture_output=True)
    after = flash.read_bytes()
    assert after[0x2000:0x2080] == b"\xff" * 16 + bytes((1, 2, 3, 4, 1, 2)) + b"\xff" * 106
    assert after[:0x2000] + after[0x2080:] == program.ljust(BOOTLOADER, b"\x5a")[:-0x80]


def flash_with(old: bytes, new: bytes) -> bytearray:
    """What a download leaves: both programs, the record of the new one, the note that it is complete."""
    memory = bytearray(b"\xff" * BOOTLOADER)
    memory[: len(old)] = old
    memory[DOWNLOAD : DOWNLOAD + len(new)] = new
    md5 = hashlib.md5(new, usedforsecurity=False).hexdigest().encode()
    record = (b"WXU1" + bytes(4) + len(new).to_bytes(4, "little") + bytes(5) + md5).ljust(64, b"\0")
    memory[JOURNAL : JOURNAL + 128] = record + bytes(byte ^ 0xFF for byte in record)
    for note in (0, 1 + PAGES):
        memory[NOTES + 2 * note : NOTES + 2 * note + 2] = b"\0\0"
    return memory


def start(simavr: Path, bootloader: Path, flash: Path, cycles: int) -> bool:
    """Let it run; true when it jumped to the program, false when power went before."""
    done = subprocess.run([simavr, bootloader, flash, str(cycles)], capture_output=True, check=False)
    assert done.returncode in (0, 3), done
    return done.returncode == 0


def test_it_exchanges_two_programs_and_back(
    simavr: Path, bootloader: Path, tmp_path: Path, seeded: random.Random
) -> None:
    old, new = seeded.randbytes(500), seeded.randbytes(700)
    flash = tmp_path / "flash"
    flash.write_bytes(flash_with(old, new))
    for expected in (new, new, new, old, old):
        assert start(simavr, bootloader, flash, NEVER)
        assert flash.read_bytes().startswith(expected)


def test_power_goes_at_any_cycle(
    simavr: Path, bootloader: Path, tmp_path: Path, seeded: random.Random
) -> None:
    old, new = seeded.randbytes(300), seeded.randbytes(400)
    flash = tmp_path / "flash"
    for _ in range(10):
        flash.write_bytes(flash_with(old, new))
        while not start(simavr, bootloader, flash, seeded.randrange(10_000, 3_000_000)):
            pass
        assert flash.read_bytes().startswith((old, new))
        assert start(simavr, bootloader, flash, NEVER)
