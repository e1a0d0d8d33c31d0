"""The chips of the family as their ROM loader shows them: who they are, and where their registers lie.

Addresses and bits from the chips' technical reference manuals (eFuse and SPI controllers).
"""

from dataclasses import dataclass

SECURE_BOOT = 1 << 0  # flags of GET_SECURITY_INFO
SECURE_DOWNLOAD = 1 << 2

XTAL_HZ = 40_000_000
ROM_MAGIC_REG = 0x40001000

Field = tuple[int, int, int]
"""Address of a register, lowest bit, number of bits."""


@dataclass(frozen=True)
class Spi:
    """Addresses of the flash controller's registers for a command of one's own."""

    cmd: int
    addr: int
    usr: int
    usr2: int
    miso_length: int
    w0: int
    addr_shift: int
    """Left shift of the 24-bit address in its register."""


@dataclass(frozen=True)
class Chip:
    """One chip. `chip_id` is that of image headers.

    security_bytes: length of GET_SECURITY_INFO, 0 where it is unknown. begin_words: of FLASH_BEGIN, the fifth
    tells encryption. mac: registers of the lower four and the upper two bytes.
    """

    name: str
    chip_id: int
    magic: int
    security_bytes: int
    begin_words: int
    spi: Spi
    mac: tuple[int, int]
    major: tuple[Field, ...]
    minor: tuple[Field, ...]
    secure_boot: Field
    crypt_count: Field
    uart_clkdiv: int
    fixed: tuple[tuple[int, int], ...] = ()
    """Registers with a value of their own: address, value."""


def _spi(base: int, usr: int, w0: int, addr_shift: int) -> Spi:
    return Spi(base, base + 4, base + usr, base + usr + 8, base + usr + 16, base + w0, addr_shift)


def _newer(
    name: str,
    chip_id: int,
    *,
    spi: int,
    efuse: int,
    major: tuple[Field, ...],
    minor: tuple[Field, ...],
    magic: int = 0,
    security_bytes: int = 20,
    uart_clkdiv: int = 0x60000014,
) -> Chip:
    """A chip with the eFuse controller that all after the ESP32 share."""
    return Chip(
        name=name,
        chip_id=chip_id,
        magic=magic,
        security_bytes=security_bytes,
        begin_words=5,
        spi=_spi(spi, 0x18, 0x58, 0),
        mac=(efuse + 0x44, efuse + 0x48),
        major=major,
        minor=minor,
        secure_boot=(efuse + 0x38, 20, 1),
        crypt_count=(efuse + 0x34, 18, 3),
        uart_clkdiv=uart_clkdiv,
    )


_C3, _S2, _S3, _C6 = 0x60008800, 0x3F41A000, 0x60007000, 0x600B0800  # eFuse controllers
_E32 = 0x3FF5A000

CHIPS = {
    "esp32": Chip(
        name="ESP32",
        chip_id=0,
        magic=0x00F01D83,
        security_bytes=0,
        begin_words=4,
        spi=_spi(0x3FF42000, 0x1C, 0x80, 8),
        mac=(_E32 + 4, _E32 + 8),
        major=((_E32 + 12, 15, 1), (_E32 + 20, 20, 1), (0x3FF6607C, 31, 1)),
        minor=((_E32 + 20, 24, 2),),
        secure_boot=(_E32 + 0x18, 5, 1),
        crypt_count=(_E32, 20, 7),
        uart_clkdiv=0x3FF40014,
        # Package D0WD; the 8 MHz oscillator at rest and as measured: the ROM takes its crystal for 40.1 MHz.
        fixed=((_E32 + 12, 1 << 9), (_E32 + 16, 51), (0x3FF5F06C, 2013 << 7)),
    ),
    "esp32s2": _newer(
        "ESP32-S2",
        2,
        spi=0x3F402000,
        efuse=_S2,
        major=((_S2 + 0x50, 18, 2),),
        minor=((_S2 + 0x54, 4, 3), (_S2 + 0x50, 20, 1)),
        magic=0x000007C6,
        security_bytes=12,
        uart_clkdiv=0x3F400014,
    ),
    "esp32s3": _newer(
        "ESP32-S3",
        9,
        spi=0x60002000,
        efuse=_S3,
        major=((_S3 + 0x58, 24, 2),),
        minor=((_S3 + 0x50, 18, 3), (_S3 + 0x58, 23, 1)),
    ),
    "esp32c3": _newer(
        "ESP32-C3",
        5,
        spi=0x60002000,
        efuse=_C3,
        major=((_C3 + 0x58, 24, 2),),
        minor=((_C3 + 0x50, 18, 3), (_C3 + 0x58, 23, 1)),
    ),
    "esp32c6": _newer(
        "ESP32-C6",
        13,
        spi=0x60003000,
        efuse=_C6,
        major=((_C6 + 0x50, 22, 2),),
        minor=((_C6 + 0x50, 18, 4),),
    ),
}
"""By the name that image files and boards use."""
