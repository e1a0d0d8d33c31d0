"""The commands of the ROM serial loader and of the stub that replaces it, without I/O.

Source: esptool's documentation "Serial Protocol" and traces of real chips. Where both are silent the stricter
reading was taken: a sequence number out of turn is refused, and an offset inside a sector.
"""

import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

from wxlink.bench.rom.chips import SECURE_BOOT, SECURE_DOWNLOAD, XTAL_HZ, Chip
from wxlink.bench.rom.flash import SECTOR, Flash
from wxlink.bench.rom.registers import Registers

INVALID = 0x05  # error codes of the ROM: parameters or a length are wrong, or the command is not there
FAILED = 0x06  # right, but cannot be done now
BAD_CHECKSUM = 0x07
WRITE_ERROR = 0x08  # flash reads otherwise than what was written
READ_TOO_LONG = 0x0A
BAD_DEFLATE = 0x0B

ROM_SYNC_VALUE = 0x20120707
"""The value a SYNC leaves, and that all answers repeat until a register was read; the stub's would be 0."""
SYNC_BODY = b"\x07\x07\x12\x20" + b"\x55" * 32
ANSWERS_TO_SYNC = 8
MAX_BLOCK, MAX_STUB_BLOCK = 0x400, 0x4000
"""Bytes of a block that the ROM and the stub have room for."""
MAX_RAM_BLOCK = 0x1800
"""Bytes of a block of the stub itself."""
GREETING = b"OHAI"
"""The packet that a stub sends when it starts."""
STUB_CODES = {INVALID: 0xC0, FAILED: 0xC6, BAD_CHECKSUM: 0xC1, WRITE_ERROR: 0xC4, BAD_DEFLATE: 0xC7}
"""Error codes of the stub by those of the ROM."""
STUB_UNKNOWN = 0xFF
DEFAULT_FLASH_SIZE = 4 << 20
"""What the ROM takes the flash for until SPI_SET_PARAMS."""
SLOW_READ = 64
"""Bytes of one READ_FLASH_SLOW."""


class Refused(Exception):
    """A command that is answered with an error code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"{code:#04x}")
        self.code = code


class _Download(NamedTuple):
    """A download that has begun. `inflate` when it is compressed."""

    offset: int
    size: int
    blocks: int
    block_size: int
    inflate: "zlib._Decompress | None"


class Loader:
    """One chip in its loader. `leaves` is called when it ends: the chip runs what is in the flash.

    With `takes_stub` RAM may be loaded too, and once a stub has come whole its commands are served, without
    running it. Else RAM is refused as in secure download mode.
    """

    def __init__(
        self,
        chip: Chip,
        flash: Flash,
        *,
        mac: bytes,
        revision: tuple[int, int],
        secure_boot: bool = False,
        encryption: bool = False,
        secure_download: bool = False,
        takes_stub: bool = False,
        leaves: Callable[[], None] = lambda: None,
    ) -> None:
        self.chip = chip
        self.flash = flash
        self._flags = secure_boot * SECURE_BOOT | secure_download * SECURE_DOWNLOAD
        self._encryption = encryption
        self._takes_stub = takes_stub
        self._leaves = leaves
        self.mac = mac
        """Taken up at the next reset."""
        self._revision = revision
        self.reset()

    def reset(self) -> None:
        """As after a pulse on EN with the boot pin held low."""
        self._registers = Registers(
            self.chip,
            self.flash,
            self.mac,
            self._revision,
            secure_boot=bool(self._flags & SECURE_BOOT),
            encryption=self._encryption,
        )
        self._value = 0
        self._flash_size = DEFAULT_FLASH_SIZE
        self._download: _Download | None = None
        self._next_block = 0
        self._written = 0
        self._ram: tuple[int, int] | None = None
        self._starts = False
        self.is_stub = False
        """True when the stub has replaced the ROM's loader."""
        self.baud = 0
        """Speed in baud that the loader listens at; 0: it takes that of the next SYNC."""

    def synced_at(self, baud: int) -> None:
        """A SYNC came at this speed: the loader keeps it."""
        self.baud = self._registers.baud = baud

    def answer(self, packet: bytes) -> list[bytes]:
        """The answers to one packet; none when it is not a request at all."""
        if len(packet) < 8 or packet[0] != 0:
            return []
        op, size, checksum = struct.unpack_from("<xBHI", packet)
        body = packet[8:]
        command = _COMMANDS.get(op)
        if command is None or not self._serves(op):
            if self.is_stub:
                return [self._frame(op, b"", STUB_UNKNOWN)]
            return [self._frame(op ^ 0xFF, b"", INVALID)] * ANSWERS_TO_SYNC
        try:
            if size != len(body):
                raise Refused(INVALID)
            said = command(self, body, checksum)
        except Refused as refusal:
            return [self._frame(op, b"", refusal.code)]
        return [self._frame(op, said, 0)] * (ANSWERS_TO_SYNC if op == SYNC else 1)

    def _serves(self, op: int) -> bool:
        if op in _STUBS_OWN:
            return self.is_stub
        if op in _RAM:
            return self._takes_stub and not self.is_stub and not self._flags & SECURE_DOWNLOAD
        if self._flags & SECURE_DOWNLOAD and op not in _IN_SECURE_DOWNLOAD:
            return False
        return op != GET_SECURITY_INFO or self.chip.security_bytes > 0

    def _frame(self, op: int, said: bytes, error: int) -> bytes:
        status = bytes((bool(error), error, 0, 0))
        if self.is_stub:
            status = bytes((STUB_CODES.get(error, error), 0))
        return struct.pack("<BBHI", 1, op & 0xFF, len(said) + len(status), self._value) + said + status

    def refusal(self, op: int, error: int) -> bytes:
        """The answer to a command that is refused for no reason of its own."""
        return self._frame(op, b"", error)

    def _sync(self, body: bytes, _: int) -> bytes:
        if body != SYNC_BODY:
            raise Refused(INVALID)
        self._value = 0 if self.is_stub else ROM_SYNC_VALUE
        return b""

    def _read_reg(self, body: bytes, _: int) -> bytes:
        (address,) = _words(body, 1)
        if address % 4:
            raise Refused(INVALID)
        self._value = self._registers.read(address)
        return b""

    def _write_reg(self, body: bytes, _: int) -> bytes:
        if not body or len(body) % 16:
            raise Refused(INVALID)
        for address, value, mask, _delay_us in struct.iter_unpack("<IIII", body):
            if address % 4:
                raise Refused(INVALID)
            self._registers.write(address, value, mask)
        return b""

    def _security_info(self, body: bytes, _: int) -> bytes:
        if body:
            raise Refused(INVALID)
        whole = struct.pack("<IB7xII", self._flags, int(self._encryption), self.chip.chip_id, 0)
        return whole[: self.chip.security_bytes]

    def _spi_attach(self, body: bytes, _: int) -> bytes:
        _words(body, 2)
        self._registers.attached = True
        return b""

    def _spi_set_params(self, body: bytes, _: int) -> bytes:
        _id, total, block, sector, page, _mask = _words(body, 6)
        if (block, sector, page) != (0x10000, SECTOR, 256):
            raise Refused(INVALID)
        self._flash_size = total
        return b""

    def _change_baudrate(self, body: bytes, _: int) -> bytes:
        baud, old = _words(body, 2)
        if bool(old) != self.is_stub or not baud:  # the second is for the stub
            raise Refused(INVALID)
        crystal = XTAL_HZ if self.is_stub else self._registers.rom_crystal_hz
        self._new_baud = round(baud * XTAL_HZ / crystal)
        return b""

    def take_new_baud(self) -> None:
        """The answer to CHANGE_BAUDRATE has left: from here on at the new speed."""
        self.baud = self._registers.baud = self._new_baud

    def _begin(self, body: bytes, *, packed: bool) -> bytes:
        words = 5 if self.is_stub else self.chip.begin_words
        size, blocks, block_size, offset, *encrypted = _words(body, words)
        most = MAX_STUB_BLOCK if self.is_stub else MAX_BLOCK
        if offset % SECTOR or block_size > most or any(encrypted) or (size and not block_size):
            raise Refused(INVALID)
        if not packed and blocks != -(-size // block_size if size else 0):
            raise Refused(INVALID)
        self._check_range(offset, size)
        self.flash.erase(offset, size)
        self._download = _Download(offset, size, blocks, block_size, zlib.decompressobj() if packed else None)
        self._next_block = self._written = 0
        return b""

    def _check_range(self, offset: int, size: int) -> None:
        if (
            not self._registers.attached
            or offset + size > self._flash_size
            or not self.flash.holds(offset, size)
        ):
            raise Refused(FAILED)

    def _data(self, body: bytes, checksum: int, *, packed: bool) -> bytes:
        if len(body) < 16:
            raise Refused(INVALID)
        size, number, zero, zero_too = struct.unpack_from("<IIII", body)
        data = body[16:]
        if size != len(data) or zero or zero_too:
            raise Refused(INVALID)
        if checksum != _xor(data):
            raise Refused(BAD_CHECKSUM)
        under_way = self._download
        if under_way is None or packed != (under_way.inflate is not None):
            raise Refused(FAILED)
        if number != self._next_block or number >= under_way.blocks:
            raise Refused(FAILED)
        if size > under_way.block_size or (not packed and size != under_way.block_size):
            raise Refused(INVALID)
        self._program(under_way, self._inflate(under_way, data) if packed else data)
        self._next_block += 1
        return b""

    def _inflate(self, under_way: _Download, data: bytes) -> bytes:
        inflate = under_way.inflate
        if inflate is None or inflate.eof:
            raise Refused(BAD_DEFLATE)
        try:
            plain = inflate.decompress(data, under_way.size - self._written + 1)
        except zlib.error as error:
            raise Refused(BAD_DEFLATE) from error
        if len(plain) > under_way.size - self._written:
            raise Refused(BAD_DEFLATE)
        return plain

    def _program(self, under_way: _Download, data: bytes) -> None:
        at = under_way.offset + self._written
        if self.is_stub:
            data = data[: under_way.size - self._written]  # the padding of the last block is not written
        if not self.flash.holds(at, len(data)) or not self.flash.program(at, data):
            raise Refused(WRITE_ERROR)
        self._written += len(data)

    def _end(self, body: bytes, _: int) -> bytes:
        (stay,) = _words(body, 1)
        if self._download is None:
            raise Refused(FAILED)
        self._download = None
        if not (self.is_stub and stay):  # the ROM leaves in any case
            self._leaves()
        return b""

    def _md5(self, body: bytes, _: int) -> bytes:
        offset, size, _zero, _zero_too = _words(body, 4)
        self._check_range(offset, size)
        digest = self.flash.md5(offset, size)
        return bytes.fromhex(digest) if self.is_stub else digest.encode()

    def _erase_region(self, body: bytes, _: int) -> bytes:
        offset, size = _words(body, 2)
        if offset % SECTOR or size % SECTOR:
            raise Refused(INVALID)
        self._check_range(offset, size)
        self.flash.erase(offset, size)
        return b""

    def _mem_begin(self, body: bytes, _: int) -> bytes:
        size, blocks, block_size, _address = _words(body, 4)
        if block_size > MAX_RAM_BLOCK or blocks != -(-size // block_size):
            raise Refused(INVALID)
        self._ram, self._next_block = (size, blocks), 0
        return b""

    def _mem_data(self, body: bytes, checksum: int) -> bytes:
        if len(body) < 16 or self._ram is None:
            raise Refused(INVALID)
        size, number, _zero, _zero_too = struct.unpack_from("<IIII", body)
        if size != len(body) - 16:
            raise Refused(INVALID)
        if checksum != _xor(body[16:]):
            raise Refused(BAD_CHECKSUM)
        left, blocks = self._ram
        if number != self._next_block or number >= blocks or size > left:
            raise Refused(FAILED)
        self._ram, self._next_block = (left - size, blocks), number + 1
        return b""

    def _mem_end(self, body: bytes, _: int) -> bytes:
        stay, entry = _words(body, 2)
        if self._ram is None or self._ram[0]:
            raise Refused(FAILED)
        self._starts = not stay and entry > 0
        return b""

    def start_stub(self) -> bool:
        """The answer to MEM_END has left: True when that started the stub, which greets."""
        if self._starts:
            self.is_stub = self._registers.attached = True  # a stub attaches the flash by itself
            self._value, self._ram, self._starts = 0, None, False
        return self.is_stub

    def _read_flash_slow(self, body: bytes, _: int) -> bytes:
        offset, size = _words(body, 2)
        if size > SLOW_READ:
            raise Refused(READ_TOO_LONG)
        self._check_range(offset, size)
        return self.flash.read(offset, size).ljust(SLOW_READ, b"\0")


def _words(body: bytes, count: int) -> tuple[int, ...]:
    """`body` as so many words, no more and no fewer."""
    if len(body) != 4 * count:
        raise Refused(INVALID)
    return struct.unpack(f"<{count}I", body)


def _xor(data: bytes) -> int:
    """The loader's checksum: all bytes XORed into 0xEF."""
    value, width = int.from_bytes(data), 1
    while width < len(data):
        width *= 2
    while width > 1:
        width //= 2
        value = (value >> 8 * width) ^ (value & (1 << 8 * width) - 1)
    return value ^ 0xEF


FLASH_BEGIN, FLASH_DATA, FLASH_END, SYNC = 0x02, 0x03, 0x04, 0x08
FLASH_DEFL_BEGIN, FLASH_DEFL_DATA, FLASH_DEFL_END = 0x10, 0x11, 0x12
CHANGE_BAUDRATE, SPI_FLASH_MD5, GET_SECURITY_INFO = 0x0F, 0x13, 0x14
SPI_SET_PARAMS, SPI_ATTACH, MEM_END = 0x0B, 0x0D, 0x06

_Command = Callable[[Loader, bytes, int], bytes]

_COMMANDS: dict[int, _Command] = {
    SYNC: Loader._sync,
    0x09: Loader._write_reg,
    0x0A: Loader._read_reg,
    SPI_SET_PARAMS: Loader._spi_set_params,
    SPI_ATTACH: Loader._spi_attach,
    0x0E: Loader._read_flash_slow,
    CHANGE_BAUDRATE: Loader._change_baudrate,
    GET_SECURITY_INFO: Loader._security_info,
    FLASH_BEGIN: lambda self, body, _: self._begin(body, packed=False),
    FLASH_DATA: lambda self, body, checksum: self._data(body, checksum, packed=False),
    FLASH_END: Loader._end,
    FLASH_DEFL_BEGIN: lambda self, body, _: self._begin(body, packed=True),
    FLASH_DEFL_DATA: lambda self, body, checksum: self._data(body, checksum, packed=True),
    FLASH_DEFL_END: Loader._end,
    SPI_FLASH_MD5: Loader._md5,
    0x05: Loader._mem_begin,
    MEM_END: Loader._mem_end,
    0x07: Loader._mem_data,
    0xD1: Loader._erase_region,
}
_RAM = {0x05, MEM_END, 0x07}
_STUBS_OWN = {0xD1}

_IN_SECURE_DOWNLOAD = {
    *(SYNC, SPI_SET_PARAMS, SPI_ATTACH, CHANGE_BAUDRATE, GET_SECURITY_INFO),
    *(FLASH_BEGIN, FLASH_DATA, FLASH_END, FLASH_DEFL_BEGIN, FLASH_DEFL_DATA, FLASH_DEFL_END),
}

BLOCKS = {FLASH_DATA, FLASH_DEFL_DATA}
