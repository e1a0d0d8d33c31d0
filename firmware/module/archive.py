"""Reads a release file: a gzip'd ustar archive of the files of one slot, without believing anything in it.

Taken are plain files and folders with names of the letters below, within the limits; whatever else an archive
can hold (links, devices, absolute names, `..`, pax and GNU records) ends it with ArchiveError.
"""

import deflate

from wxproto.errors import PeerError

WINDOW_BITS = 10  # of deflate: 1 KB of heap in one piece; 4 KB are often not there
MAX_FILES = 128
MAX_NAME = 64  # characters
MAX_DEPTH = 4  # folders in folders
MAX_UNPACKED = 512 * 1024  # bytes of all files: four times what the application may take
_BLOCK = 512  # bytes of a header; files begin at multiples of it
_FILE = (0x30, 0)  # type "0", and what archivers of 1979 wrote
_FOLDER = 0x35
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_."


class ArchiveError(PeerError):
    """The file is no release; the text says what is wrong with it."""


class Archive:
    """The files in `file`, open at its begin: next() goes to the next one, read_into() reads it."""

    def __init__(self, file):
        self._stream = deflate.DeflateIO(file, deflate.GZIP, WINDOW_BITS)
        self._count = 0
        self._total = 0  # bytes of all files so far
        self._left = 0  # bytes of this file that were not read yet
        self._padding = 0

    def next(self):
        """(name, size) of the next file, after reading over the rest of this one; None at the end."""
        while True:
            self._skip(self._left + self._padding)
            self._left = self._padding = 0
            header = self._read(_BLOCK)
            if not any(header):
                return None
            name, size, kind = _decode(header)
            if self._count == MAX_FILES:
                raise ArchiveError(f"more than {MAX_FILES} files")
            self._count += 1
            if kind in _FILE:
                self._total += size
                if self._total > MAX_UNPACKED:
                    raise ArchiveError(f"more than {MAX_UNPACKED} bytes when unpacked")
                self._left = size
                self._padding = -size % _BLOCK
                return name, size
            if kind != _FOLDER or size:
                raise ArchiveError(f"{name} is neither file nor folder")

    def read_into(self, buffer):
        """Put the next bytes of this file into `buffer`; how many, 0 at its end."""
        size = min(self._left, len(buffer))
        if size:
            self._fill(memoryview(buffer)[:size])
            self._left -= size
        return size

    def _skip(self, size):
        while size:
            size -= len(self._read(min(size, _BLOCK)))

    def _read(self, size):
        block = bytearray(size)
        self._fill(block)
        return block

    def _fill(self, view):
        have = 0
        while have < len(view):
            try:
                size = self._stream.readinto(memoryview(view)[have:])
            except (OSError, EOFError):
                raise ArchiveError("it cannot be unpacked: damaged, or packed with another window") from None
            if not size:
                raise ArchiveError("it is cut short")
            have += size


def _decode(header):
    """(name, size, type) of one ustar header."""
    if bytes(header[257:262]) != b"ustar":
        raise ArchiveError("it is no ustar archive")
    told = _number(header, 148, 8)
    if told != sum(header) - sum(header[148:156]) + 8 * 0x20:
        raise ArchiveError("a header's checksum is wrong")
    name = _text(header, 0, 100)
    if header[345]:
        name = _text(header, 345, 155) + "/" + name
    kind = header[156]
    if kind == _FOLDER and name.endswith("/"):
        name = name[:-1]
    parts = name.split("/")
    wrong = len(name) > MAX_NAME or len(parts) > MAX_DEPTH
    if wrong or any(not part.strip(".") or part.strip(_LETTERS) for part in parts):
        raise ArchiveError(f"the name {name[:MAX_NAME]!r} is not allowed")
    return name, _number(header, 124, 12), kind


def _text(header, at, size):
    raw = bytes(header[at : at + size]).split(b"\0")[0]
    if any(not 0x20 < byte < 0x7F for byte in raw):
        raise ArchiveError("a name is not plain text")
    return str(raw, "ascii")


def _number(header, at, size):
    digits = bytes(header[at : at + size]).strip(b" \0")
    if not digits or any(not 0x30 <= byte <= 0x37 for byte in digits):
        raise ArchiveError("a number in a header cannot be read")
    return int(digits, 8)
