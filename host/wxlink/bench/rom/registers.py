"""What READ_REG and WRITE_REG reach: eFuses, the flash controller, and memory that forgets nothing."""

from wxlink.bench.rom.chips import ROM_MAGIC_REG, XTAL_HZ, Chip, Field
from wxlink.bench.rom.flash import Flash

_GO = 1 << 18  # SPI_CMD: start the command of one's own
_MISO = 1 << 28  # SPI_USR: the flash answers
_ESP32_MAJOR = (0, 1, 3, 7)  # major revision as the three bits of an ESP32
_NOTHING = 0xFFFFFFFF  # the data line with no flash that answers

_SFDP = {0x00: 0x50444653, 0x10: 0x00}  # "SFDP"; the first table is JEDEC's own

_SILENT = {
    0x01,
    0x04,
    0x06,
    0x11,
    0x31,
    0x50,
    0x66,
    0x79,
    0x99,
    0xAB,
    0xB9,
    0xFF,
}  # commands that answer nothing


class Registers:
    """The registers of one chip. attached: the flash's pins are connected. baud: of the loader's UART."""

    def __init__(
        self,
        chip: Chip,
        flash: Flash,
        mac: bytes,
        revision: tuple[int, int],
        *,
        secure_boot: bool,
        encryption: bool,
    ) -> None:
        self._chip = chip
        self._flash = flash
        self._words: dict[int, int] = dict(chip.fixed)
        self._words[ROM_MAGIC_REG] = chip.magic
        self.attached = False
        self.baud = 0
        low, high = chip.mac
        self._words[low] = int.from_bytes(mac[2:])
        self._words[high] = int.from_bytes(mac[:2]) | (0xFFFE << 16 if chip.name == "ESP32-C6" else 0)
        major, minor = revision
        self._burn(chip.major, _ESP32_MAJOR[major] if chip.name == "ESP32" else major)
        self._burn(chip.minor, minor)
        self._burn((chip.secure_boot,), int(secure_boot))
        self._burn((chip.crypt_count,), int(encryption))

    @property
    def rom_crystal_hz(self) -> float:
        """What an ESP32's ROM takes its crystal for; the others know it."""
        if self._chip.name != "ESP32":
            return XTAL_HZ
        fixed = dict(self._chip.fixed)
        return (fixed[0x3FF5F06C] >> 7) * 15625 * fixed[0x3FF5A010] / 40

    def read(self, address: int) -> int:
        """The word at an address; 0 where nothing was ever written."""
        if address == self._chip.uart_clkdiv and self.baud:
            return XTAL_HZ // self.baud
        return self._words.get(address, 0)

    def write(self, address: int, value: int, mask: int) -> None:
        """Change the bits of `mask`; a started flash command has ended when this returns."""
        word = self._words.get(address, 0) & ~mask | value & mask
        if address == self._chip.spi.cmd and word & _GO:
            self._run_flash_command()
            word &= ~_GO
        self._words[address] = word

    def _run_flash_command(self) -> None:
        spi = self._chip.spi
        answer = self._answer(self.read(spi.usr2) & 0xFF, self.read(spi.addr) >> spi.addr_shift)
        if self.read(spi.usr) & _MISO:
            bits = self.read(spi.miso_length) + 1
            self._words[spi.w0] = answer & (1 << bits) - 1

    def _answer(self, command: int, address: int) -> int:
        if not self.attached or command in _SILENT:
            return _NOTHING
        if command == 0x9F:
            return self._flash.jedec_id
        if command == 0x5A:
            return _SFDP.get(address, _NOTHING)
        return 0 if command in (0x05, 0x15, 0x35) else _NOTHING  # status: not busy, nothing protected

    def _burn(self, fields: tuple[Field, ...], value: int) -> None:
        """Put `value` into fields, its lowest bits into the first."""
        for address, shift, width in fields:
            self._words[address] = self._words.get(address, 0) | (value & (1 << width) - 1) << shift
            value >>= width
