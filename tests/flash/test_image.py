"""A factory image is read back by tools that are not ours: esptool, littlefs-python, MicroPython itself."""

import hashlib
import json
import random
import struct
import subprocess
import sys
from pathlib import Path

import littlefs
import nvs_reader
import pytest
import stand_in

from wxlink.flash import boards, image, nvs
from wxlink.flash.boards import SECTOR, Board
from wxlink.flash.identity import Identity
from wxlink.flash.problem import FlashError

CONFIG = {"relay": "http://relay.example:8080", "data": "/data", "production": True}
BOARDS = ("esp32-devkitc", "esp32-c3-mini-1")
KEY = "6f3074fe43894547a4f1314bd7e3ae0b"

# Mounts a LittleFS image as the chip does and prints size and hash of every file.
READER = """
import hashlib, os, sys, vfs
from binascii import hexlify
data = bytearray(open(sys.argv[1], "rb").read())
class Flash:
    def readblocks(self, number, buffer, offset=0):
        at = number * 4096 + offset
        buffer[:] = data[at : at + len(buffer)]
    def writeblocks(self, number, buffer, offset=0):
        at = number * 4096 + offset
        data[at : at + len(buffer)] = buffer
    def ioctl(self, operation, argument):
        if operation == 4:
            return len(data) // 4096
        if operation == 5:
            return 4096
        if operation == 6:
            data[argument * 4096 : (argument + 1) * 4096] = b"\\xff" * 4096
        return 0
vfs.mount(vfs.VfsLfs2(Flash()), "/flash")
with open("/flash/new", "w") as file:
    file.write("made on the chip")
assert open("/flash/new").read() == "made on the chip"
os.remove("/flash/new")
def show(folder):
    for name, kind, *_ in os.ilistdir("/flash" + folder):
        if kind == 0x4000:
            show(folder + "/" + name)
        else:
            with open("/flash" + folder + "/" + name, "rb") as file:
                print(folder + "/" + name, str(hexlify(hashlib.sha256(file.read()).digest()), "ascii"))
show("")
"""


@pytest.fixture
def files() -> dict[str, bytes]:
    """An application with files of every kind of size: empty, inline, a block, many blocks."""
    noise = random.Random(4)
    sizes = {"boot.py": 1200, "main.py": 60, "a/manifest.json": 3000, "a/module/bridge.mpy": 9000}
    sizes |= {"a/wxproto/__init__.mpy": 0, "a/wxproto/large.mpy": 40_000}
    sizes |= {
        f"a/module/m{size}.mpy": size for size in (1, 127, 128, 129, 200, 511, 512, 513, 4095, 4096, 4097)
    }
    return {path: noise.randbytes(size) for path, size in sizes.items()}


def unit(did: str | None = None) -> Identity:
    return Identity("246f28aabbcc", KEY, "ABCDEFGHIY", "acdefhjkmn34", bytes(range(32)), did)


def build(board: Board, files: dict[str, bytes], **more: bytes) -> image.FactoryImage:
    return image.build(board, stand_in.make(board.chip).whole, unit(), files, CONFIG, **more)


def refusal(board: Board, firmware: bytes, files: dict[str, bytes] | None = None) -> str:
    with pytest.raises(FlashError) as caught:
        image.build(board, firmware, unit(), files or {}, CONFIG)
    text = str(caught.value)
    assert "\n" not in text
    return text


def esptool(*words: str) -> str:
    run = [sys.executable, "-m", "esptool", *words]
    return subprocess.run(run, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.parametrize("name", BOARDS)
def test_esptool_accepts_what_the_chip_boots(name: str, tmp_path: Path, files: dict[str, bytes]) -> None:
    board = boards.load(name)
    flash = build(board, files).merged
    assert len(flash) == board.flash_size
    for offset, size in ((board.load, 0x8000 - board.load), (0x10000, 0x1F0000)):
        piece = tmp_path / "piece.bin"
        piece.write_bytes(flash[offset : offset + size])
        told = esptool("--chip", board.chip, "image-info", str(piece))
        assert "Checksum: " in told
        assert told.count("(valid)") == 2, told
        assert "(invalid" not in told


@pytest.mark.parametrize("name", BOARDS)
def test_the_stock_image_is_in_the_flash_byte_for_byte(name: str, files: dict[str, bytes]) -> None:
    board = boards.load(name)
    pieces = stand_in.make(board.chip)
    flash = build(board, files).merged
    assert flash[board.load :].startswith(pieces.bootloader)
    assert flash[0x8000:0x8C00] == pieces.table
    assert flash[0x10000:].startswith(pieces.app)
    assert flash[: board.load] == b"\xff" * board.load


@pytest.mark.parametrize("name", BOARDS)
def test_the_identity_is_what_the_nvs_library_reads(name: str, files: dict[str, bytes]) -> None:
    board = boards.load(name)
    authority = random.Random(5).randbytes(1400)
    made = image.build(board, stand_in.make(board.chip).whole, unit("d" * 22), files, CONFIG, ca=authority)
    found = nvs_reader.read(made.merged[0x9000 : 0x9000 + 0x6000])
    assert set(found) == {"wxlink"}
    config = found["wxlink"].pop("config")
    assert isinstance(config, bytes)
    assert json.loads(config) == {
        **CONFIG,
        "tx": board.uart.tx,
        "rx": board.uart.rx,
        "button": {"esp32": 0, "esp32c3": 9}[board.chip],
    }
    assert found["wxlink"] == {
        "passcode": b"ABCDEFGHIY",
        "ap_password": b"acdefhjkmn34",
        "update_key": bytes(range(32)),
        "did": b"d" * 22,
        "ca": authority,
    }


@pytest.mark.parametrize("size", [0x3000, 0x4000, 0x6000])
def test_an_nvs_partition_fills_its_place_and_can_be_written_on(size: int) -> None:
    made = nvs.build(size, {"update_key": bytes(32), "config": b"{}" + b" " * 3000})
    assert len(made) == size
    assert nvs_reader.read(made)["wxlink"]["update_key"] == bytes(32)


def test_an_nvs_partition_that_is_too_small() -> None:
    with pytest.raises(FlashError, match="does not fit"):
        nvs.build(0x3000, {"ca": bytes(9000)})


def test_littlefs_python_reads_every_file(files: dict[str, bytes]) -> None:
    flash = build(boards.load("esp32-devkitc"), files).merged
    fs = littlefs.LittleFS(
        context=littlefs.UserContext(buffer=bytearray(flash[0x200000:])), block_size=4096, block_count=512
    )
    found = {
        f"{folder}/{name}".lstrip("/"): fs.open(f"{folder}/{name}", "rb").read()
        for folder, _, names in fs.walk("/")
        for name in names
    }
    assert found == files


def mount(vfs: bytes, folder: Path) -> "subprocess.CompletedProcess[str]":
    """MicroPython's own LittleFS on a flash that holds `vfs`."""
    (folder / "vfs.img").write_bytes(vfs)
    (folder / "reader.py").write_text(READER)
    program = str(Path(sys.executable).parent / "micropython")
    run = [program, "-X", "heapsize=16M", str(folder / "reader.py"), str(folder / "vfs.img")]
    return subprocess.run(run, capture_output=True, text=True, check=False, timeout=60)


def test_micropython_mounts_it_and_can_write(files: dict[str, bytes], tmp_path: Path) -> None:
    run = mount(build(boards.load("esp32-devkitc"), files).merged[0x200000:], tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    found = dict(line.split(" ") for line in run.stdout.splitlines())
    assert found == {f"/{path}": hashlib.sha256(data).hexdigest() for path, data in files.items()}


def test_micropython_does_not_mount_it_on_a_flash_of_another_size(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    """Why an image is for one size of flash only: MicroPython takes all of the flash that it finds."""
    vfs = build(boards.load("esp32-devkitc"), files).merged[0x200000:]
    for other in (vfs + b"\xff" * len(vfs), vfs[: len(vfs) // 2]):
        run = mount(other, tmp_path)
        assert run.returncode == 1
        assert "EINVAL" in run.stdout + run.stderr


@pytest.mark.parametrize("name", BOARDS)
def test_the_merged_image_is_that_of_esptool(name: str, tmp_path: Path, files: dict[str, bytes]) -> None:
    board = boards.load(name)
    made = build(board, files)
    words = []
    for number, (offset, data, _) in enumerate(made.parts):
        (tmp_path / f"{number}.bin").write_bytes(data)
        words += [hex(offset), str(tmp_path / f"{number}.bin")]
    merged = tmp_path / "merged.bin"
    esptool("--chip", board.chip, "merge-bin", "--pad-to-size", "4MB", "-o", str(merged), *words)
    assert merged.read_bytes() == made.merged


def test_parts_begin_at_sectors_and_leave_out_blank_ones(files: dict[str, bytes]) -> None:
    made = build(boards.load("esp32-devkitc"), files)
    end = 0
    for offset, data, name in made.parts:
        assert offset % SECTOR == 0
        assert offset >= end, name
        assert any(byte != 0xFF for byte in data[-SECTOR:]), name
        end = offset + len(data)
    assert sum(len(data) for _, data, _ in made.parts) < 350_000  # of 4 MB
    assert made.erase == [(0x9000, 0x6000), (0x200000, 0x200000)]


def test_the_same_unit_gets_the_same_image(files: dict[str, bytes]) -> None:
    board = boards.load("esp32-devkitc")
    assert build(board, files) == build(board, dict(reversed(files.items())))


def test_stock_images_with_a_vfs_partition_are_taken(files: dict[str, bytes]) -> None:
    board = boards.load("esp32-devkitc")
    older = stand_in.make("esp32", stand_in.OLDER).whole
    newer = stand_in.make("esp32").whole
    one, two = (image.build(board, firmware, unit(), files, CONFIG) for firmware in (older, newer))
    assert one.partitions == two.partitions
    assert one.parts[-1] == two.parts[-1]


def test_other_partitions_of_the_firmware_are_kept(files: dict[str, bytes]) -> None:
    board = boards.load("esp32-devkitc")
    shorter = (0, 0, 0x10000, 0x1D0000, "factory")
    entries = (stand_in.NVS, stand_in.PHY, shorter, (1, 0x8F, 0x1E0000, 0x20000, "romfs"))
    firmware = stand_in.make("esp32", entries).whole.ljust(0x1E0000 - 0x1000, b"\xff") + b"read-only files"
    made = image.build(board, firmware, unit(), files, CONFIG)
    assert (0x1E0000, b"read-only files", "romfs") in made.parts
    assert made.partitions["vfs"].offset == 0x200000


def test_the_file_system_takes_a_larger_flash_to_its_end(files: dict[str, bytes]) -> None:
    board = boards.load("esp32-devkitc").with_flash(8 * boards.MIB)
    made = build(board, files)
    assert len(made.merged) == 8 * boards.MIB
    superblock = made.merged[0x200000 : 0x200000 + SECTOR]
    at = superblock.index(b"littlefs") + 8 + 4
    assert struct.unpack_from("<III", superblock, at)[1:] == (4096, 0x600000 // 4096)


class TestRefused:
    """Firmware and applications that must not reach a chip."""

    board = boards.load("esp32-devkitc")

    def test_another_chip(self) -> None:
        text = refusal(self.board, stand_in.make("esp32s2").whole)
        assert "esp32s2" in text
        assert self.board.firmware.file in text

    def test_another_load_offset(self) -> None:
        assert "esp32c3" in refusal(self.board, stand_in.make("esp32c3").whole)

    @pytest.mark.parametrize("size", [0, 1, 23, 24, 20_000, 0x7000, 0x7100, 0xF000, 0xF010, 100_000, -1])
    def test_cut_short(self, size: int) -> None:
        refusal(self.board, stand_in.make("esp32").whole[:size])

    def test_one_bit_anywhere(self, seeded: random.Random) -> None:
        pieces = stand_in.make("esp32")
        held = [*range(len(pieces.bootloader)), *range(0x7000, 0x7080), *range(0xF000, len(pieces.whole))]
        # The header's mode, frequency and drive bytes are covered by the digest, too.
        for at in seeded.sample(held, 60):
            damaged = bytearray(pieces.whole)
            damaged[at] ^= 1 << seeded.randrange(8)
            refusal(self.board, bytes(damaged))

    def test_any_byte_of_the_partition_table(self) -> None:
        whole = stand_in.make("esp32", app_size=10_000).whole
        for at in range(0x7000, 0x7000 + 32 * (len(stand_in.STOCK) + 1)):
            damaged = bytearray(whole)
            damaged[at] ^= 1
            refusal(self.board, bytes(damaged))

    def test_a_flash_that_is_larger(self) -> None:
        text = refusal(self.board, stand_in.make("esp32", stand_in.EIGHT).whole)
        assert "8 MB" in text
        assert "--flash-size" in text

    def test_the_application_alone(self) -> None:
        assert ".app-bin" in refusal(self.board, stand_in.make("esp32").app)

    def test_a_file_for_offset_zero(self) -> None:
        assert "micropython.org" in refusal(self.board, b"\xff" * 0x1000 + stand_in.make("esp32").whole)

    def test_an_application_beyond_its_partition(self) -> None:
        small = (stand_in.NVS, stand_in.PHY, (0, 0, 0x10000, 0x20000, "factory"))
        refusal(self.board, stand_in.make("esp32", small).whole)

    @pytest.mark.parametrize(
        "entries",
        [
            (*stand_in.STOCK, (1, 0x81, 0x1F0000, 0x10000, "vfs")),  # on the application
            (*stand_in.STOCK, (1, 0x81, 0x8000, 0x1000, "x")),  # on the table
            (*stand_in.STOCK, (1, 0x81, 0x200000, 0, "x")),
            (*stand_in.STOCK, (1, 0x81, 0x200000, 0x1001, "x")),
            (*stand_in.STOCK, (1, 0x81, 0x200000, 0x40000, "vfs")),  # too small for two slots
            ((1, 2, 0x9000, 0x2000, "nvs"), stand_in.FACTORY),
            (stand_in.PHY, stand_in.FACTORY),
            (stand_in.NVS, stand_in.PHY),
            (stand_in.NVS, (0, 0, 0x10000, 0x3F0000, "factory")),  # nothing left for files
            (),
        ],
    )
    def test_maps_that_cannot_be(self, entries: tuple[tuple[int, int, int, int, str], ...]) -> None:
        refusal(self.board, stand_in.make("esp32", entries).whole)

    def test_files_that_do_not_fit(self) -> None:
        text = refusal(self.board, stand_in.make("esp32").whole, {"a/large.mpy": bytes(3 * boards.MIB)})
        assert "does not fit" in text

    def test_noise(self, seeded: random.Random) -> None:
        for size in (0, 10, 1000, 70_000):
            refusal(self.board, seeded.randbytes(size))
            refusal(self.board, b"\xe9" + seeded.randbytes(size))

    def test_a_configuration_that_is_too_long(self) -> None:
        with pytest.raises(FlashError, match="config"):
            image.build(self.board, stand_in.make("esp32").whole, unit(), {}, {"relay": "x" * 4000})
