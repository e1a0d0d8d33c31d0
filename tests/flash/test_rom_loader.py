"""The simulated ROM loader, told what it is by esptool's own command line."""

import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sliplib

from wxlink.bench.rom import loader
from wxlink.bench.rom.chips import CHIPS
from wxlink.bench.rom.flash import Flash
from wxlink.bench.rom.loader import Loader
from wxlink.bench.rom.mishaps import Mishaps
from wxlink.bench.rom.slip import Unwrapper, wrap

MAC = "7cdfa1b2c3d4"
Esptool = Callable[..., Any]
KINDS = {
    "esp32": "ESP32-D0WD-V3 (revision v3.1)",
    "esp32s2": "ESP32-S2 (revision v1.1)",
    "esp32s3": "ESP32-S3 (QFN56) (revision v0.2)",
    "esp32c3": "ESP32-C3 (QFN32) (revision v0.4)",
    "esp32c6": "ESP32-C6 (QFN40) (revision v0.1)",
}


@pytest.fixture
def image(tmp_path: Path, seeded: random.Random) -> Path:
    path = tmp_path / "image.bin"
    path.write_bytes(seeded.randbytes(30_001))
    return path


@pytest.mark.parametrize("name", KINDS)
def test_esptool_knows_the_chip_and_writes_it(name: str, chip: Any, esptool: Esptool, image: Path) -> None:
    major, minor = KINDS[name][-4:-1].split(".")
    port = chip(name, mac=MAC, revision=(int(major), int(minor)))
    port.flash.program(0x10000, bytes(60_000))  # what was there before must not shine through
    ran = esptool("--no-stub", "-p", port.tty, "-b", 460800, "write-flash", 0x10000, image)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert KINDS[name] in ran.stdout
    assert "7c:df:a1:b2:c3:d4" in ran.stdout
    assert "Hash of data verified" in ran.stdout
    assert port.flash.read(0x10000, 30_001) == image.read_bytes()
    assert port.flash.content[0x10000 + 30_004 : 0x10000 + 0x8000] == b"\xff" * (0x8000 - 30_004)
    assert port.bauds == [460800]


@pytest.mark.parametrize("name", ["esp32", "esp32c3"])
def test_compressed_blocks_are_inflated(name: str, chip: Any, esptool: Esptool, tmp_path: Path) -> None:
    port = chip(name)
    image = tmp_path / "image.bin"
    image.write_bytes(b"lamp" * 30_000 + b"\xff" * 8192)
    ran = esptool("--no-stub", "-p", port.tty, "write-flash", "--compress", 0, image)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert port.flash.read(0, 128_192) == image.read_bytes()
    assert port.blocks < 10


def test_esptool_reads_the_flash_and_its_size(chip: Any, esptool: Esptool, tmp_path: Path) -> None:
    port = chip("esp32c3", flash=Flash(8 << 20))
    port.flash.program(0x9000, b"factory")
    out = tmp_path / "read.bin"
    ran = esptool("--no-stub", "-p", port.tty, "flash-id")
    assert "Detected flash size: 8MB" in ran.stdout
    assert esptool("--no-stub", "-p", port.tty, "read-flash", 0x9000, 0x100, out).returncode == 0
    assert out.read_bytes() == b"factory".ljust(0x100, b"\xff")


@pytest.mark.parametrize(("name", "word"), [("esp32", "0x5"), ("esp32c3", "0x5")])
def test_the_stub_is_refused(name: str, word: str, chip: Any, esptool: Esptool) -> None:
    ran = esptool("-p", chip(name).tty, "flash-id")
    assert ran.returncode != 0
    assert f"This command ({word}) is not supported" in ran.stdout + ran.stderr


@pytest.mark.parametrize("name", KINDS)
def test_a_stub_takes_over_where_it_may(name: str, chip: Any, esptool: Esptool, image: Path) -> None:
    port = chip(name, takes_stub=True)
    port.flash.program(0x10000, bytes(60_000))
    ran = esptool("-p", port.tty, "-b", 921600, "write-flash", 0x10000, image)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Stub flasher running" in ran.stdout
    assert port.flash.read(0x10000, 30_001) == image.read_bytes()
    assert port.blocks == 2  # of 16 KB
    assert esptool("-p", port.tty, "erase-region", 0x10000, 0x1000).returncode == 0
    assert port.flash.read(0x10000, 0x1000) == b"\xff" * 0x1000


def test_secure_download_mode_writes_without_a_stub(chip: Any, esptool: Esptool, image: Path) -> None:
    port = chip("esp32c3", secure_download=True)
    ran = esptool("-p", port.tty, "write-flash", "--flash-size", "4MB", 0x10000, image)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Secure Download Mode" in ran.stdout + ran.stderr
    assert port.flash.read(0x10000, 30_001) == image.read_bytes()


MISHAPS = {
    "two NAKs": (Mishaps(nak=(3, 4)), "Hash of data verified"),
    "three NAKs": (Mishaps(nak=(3, 4, 5)), "Flash write error"),
    "a lost answer": (Mishaps(lose_answer=(7,)), "No more data to read"),
    "a wrong digest": (Mishaps(wrong_md5=(0,)), "MD5 of file does not match"),
    "a bad line": (Mishaps(clean_baud=115200), "write to target flash after seq 0"),
}


@pytest.mark.parametrize("name", MISHAPS)
def test_each_mishap_reaches_esptool(name: str, chip: Any, esptool: Esptool, tmp_path: Path) -> None:
    mishaps, says = MISHAPS[name]
    image = tmp_path / "image.bin"
    image.write_bytes(random.Random(1).randbytes(20_000))
    port = chip("esp32", mishaps=mishaps)
    ran = esptool("--no-stub", "-p", port.tty, "-b", 460800, "write-flash", 0x10000, image)
    assert says in ran.stdout + ran.stderr
    whole = port.flash.read(0x10000, 20_000) == image.read_bytes()
    assert (ran.returncode == 0) == ("verified" in says)
    assert whole == (ran.returncode == 0 or bool(mishaps.wrong_md5))


def packet(op: int, *words: int, data: bytes = b"", checksum: int = 0) -> bytes:
    body = struct.pack(f"<{len(words)}I", *words) + data
    return struct.pack("<BBHI", 0, op, len(body), checksum) + body


def xor(data: bytes) -> int:
    value = 0xEF
    for byte in data:
        value ^= byte
    return value


@pytest.fixture
def attached() -> Loader:
    ready = Loader(CHIPS["esp32"], Flash(), mac=bytes.fromhex(MAC), revision=(3, 0))
    assert error(ready.answer(packet(loader.SPI_ATTACH, 0, 0))) == 0
    return ready


def error(answers: list[bytes]) -> int:
    (answer,) = answers
    status, code = answer[-4:-2]
    assert bool(status) == bool(code)
    return code


BLOCK = bytes(range(256)) * 4
BEGIN = packet(loader.FLASH_BEGIN, 2048, 2, 1024, 0x10000)
FIRST = packet(loader.FLASH_DATA, 1024, 0, 0, 0, data=BLOCK, checksum=xor(BLOCK))
SECOND = packet(loader.FLASH_DATA, 1024, 1, 0, 0, data=BLOCK, checksum=xor(BLOCK))
REFUSED = [
    ("data without begin", [], FIRST, loader.FAILED),
    ("a block left out", [BEGIN], SECOND, loader.FAILED),
    ("a block twice", [BEGIN, FIRST], FIRST, loader.FAILED),
    (
        "a block too many",
        [BEGIN, FIRST, SECOND],
        packet(loader.FLASH_DATA, 1024, 2, 0, 0, data=BLOCK, checksum=xor(BLOCK)),
        loader.FAILED,
    ),
    ("a wrong checksum", [BEGIN], FIRST[:4] + b"\x01" + FIRST[5:], loader.BAD_CHECKSUM),
    ("a short packet", [BEGIN], FIRST[:-1], loader.INVALID),
    (
        "a short block",
        [BEGIN],
        packet(loader.FLASH_DATA, 4, 0, 0, 0, data=b"abcd", checksum=xor(b"abcd")),
        loader.INVALID,
    ),
    ("five words of begin", [], packet(loader.FLASH_BEGIN, 2048, 2, 1024, 0x10000, 0), loader.INVALID),
    ("an unaligned offset", [], packet(loader.FLASH_BEGIN, 2048, 2, 1024, 0x10100), loader.INVALID),
    ("a block too large", [], packet(loader.FLASH_BEGIN, 4096, 1, 4096, 0x10000), loader.INVALID),
    ("blocks that are not the size", [], packet(loader.FLASH_BEGIN, 2048, 3, 1024, 0x10000), loader.INVALID),
    ("past the end", [], packet(loader.FLASH_BEGIN, 2048, 2, 1024, (4 << 20) - 0x400 & ~0xFFF), 0),
    ("far past the end", [], packet(loader.FLASH_BEGIN, 8192, 8, 1024, (4 << 20) - 4096), loader.FAILED),
    ("a compressed block in a plain download", [BEGIN], FIRST[:1] + b"\x11" + FIRST[2:], loader.FAILED),
    ("an md5 past the end", [], packet(loader.SPI_FLASH_MD5, 4 << 20, 1, 0, 0), loader.FAILED),
    ("a long slow read", [], packet(0x0E, 0, 65), loader.READ_TOO_LONG),
    ("an odd register", [], packet(0x0A, 0x40001001), loader.INVALID),
    ("end without begin", [], packet(loader.FLASH_END, 1), loader.FAILED),
    ("a sync of another body", [], packet(loader.SYNC, 7), loader.INVALID),
    ("two bauds", [], packet(loader.CHANGE_BAUDRATE, 921600, 115200), loader.INVALID),
]


@pytest.mark.parametrize(
    ("before", "tried", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_the_loader_refuses(attached: Loader, before: list[bytes], tried: bytes, code: int) -> None:
    for step in before:
        assert error(attached.answer(step)) == 0
    assert error(attached.answer(tried)) == code


def test_flash_that_was_not_erased_keeps_its_zeros(attached: Loader) -> None:
    assert error(attached.answer(BEGIN)) == 0
    attached.flash.program(0x10000, b"\x0f")
    assert error(attached.answer(FIRST)) == 0  # 0x00 & 0x0f reads back right
    attached.flash.program(0x10400, b"\xf0" * 16)
    assert error(attached.answer(SECOND)) == loader.WRITE_ERROR
    assert attached.flash.read(0x10400, 4) == bytes((0x00 & 0xF0, 0x01 & 0xF0, 0x02 & 0xF0, 0x03 & 0xF0))


def test_nothing_is_written_before_the_flash_is_attached() -> None:
    fresh = Loader(CHIPS["esp32"], Flash(), mac=bytes.fromhex(MAC), revision=(3, 0))
    assert error(fresh.answer(BEGIN)) == loader.FAILED


def test_a_bomb_is_not_inflated(attached: Loader) -> None:
    bomb = zlib.compress(bytes(1 << 20), 9)[:1024]
    begin = packet(loader.FLASH_DEFL_BEGIN, 4096, 1, 1024, 0x10000)
    data = packet(loader.FLASH_DEFL_DATA, len(bomb), 0, 0, 0, data=bomb, checksum=xor(bomb))
    assert error(attached.answer(begin)) == 0
    assert error(attached.answer(data)) == loader.BAD_DEFLATE


def test_an_unknown_command_is_refused_eight_times_under_another_name(attached: Loader) -> None:
    answers = attached.answer(packet(0xD0))
    assert len(answers) == 8
    assert all(answer[1] != 0xD0 and answer[8:10] == b"\x01\x05" for answer in answers)


def test_slip_is_that_of_sliplib(seeded: random.Random) -> None:
    packets = [
        bytes(seeded.choices((0xC0, 0xDB, 0xDC, 0xDD, 7), k=seeded.randint(1, 40))) for _ in range(300)
    ]
    stream = b"".join(map(wrap, packets))
    assert [wrap(each)[1:-1] for each in packets] == [sliplib.encode(each).strip(b"\xc0") for each in packets]
    found: list[bytes] = []
    unwrapper = Unwrapper()
    while stream:
        cut = seeded.randint(1, 50)
        found += unwrapper.feed(stream[:cut])
        stream = stream[cut:]
    assert found == packets
