"""A NOR flash: erased by sectors to ones, programmed by clearing bits."""

import hashlib
from pathlib import Path

SECTOR = 0x1000
"""Bytes that are erased together."""

_CAPACITY = {1 << power: power for power in range(18, 25)}  # third byte of the JEDEC id, by size
_MANUFACTURER = 0xC8  # GigaDevice
_TYPE = 0x40  # its 3 V SPI parts


class Flash:
    """The flash chip beside the ESP32. `size` is a power of two, 256 KB to 16 MB."""

    def __init__(self, size: int = 4 << 20) -> None:
        if size not in _CAPACITY:
            raise ValueError("a flash has 256 KB to 16 MB, a power of two")
        self.size = size
        self.content = bytearray(b"\xff") * size
        self.erased_sectors = 0
        """Sectors erased so far: what wears a flash out."""

    @property
    def jedec_id(self) -> int:
        """What command 9F reads, first byte lowest."""
        return _MANUFACTURER | _TYPE << 8 | _CAPACITY[self.size] << 16

    def holds(self, offset: int, size: int) -> bool:
        """True when the range lies within the chip."""
        return 0 <= offset <= offset + size <= self.size

    def erase(self, offset: int, size: int) -> None:
        """Erase every sector that the range touches."""
        first, last = offset // SECTOR, -(-(offset + size) // SECTOR)
        self.content[first * SECTOR : last * SECTOR] = b"\xff" * ((last - first) * SECTOR)
        self.erased_sectors += last - first

    def program(self, offset: int, data: bytes) -> bool:
        """Clear the bits that are zero in `data`; False when it reads otherwise then: it was not erased."""
        end = offset + len(data)
        old = int.from_bytes(self.content[offset:end])
        self.content[offset:end] = (old & int.from_bytes(data)).to_bytes(len(data))
        return self.content[offset:end] == data

    def read(self, offset: int, size: int) -> bytes:
        """A copy of the range."""
        return bytes(self.content[offset : offset + size])

    def md5(self, offset: int, size: int) -> str:
        """MD5 of the range in hex."""
        return hashlib.md5(
            memoryview(self.content)[offset : offset + size], usedforsecurity=False
        ).hexdigest()

    def save(self, path: Path) -> None:
        """Write the whole content to a file, as a simulated chip boots it."""
        path.write_bytes(self.content)
