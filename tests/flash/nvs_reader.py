"""Reads an NVS partition as ESP-IDF's page "Non-Volatile Storage Library" describes it."""

import struct
import zlib

PAGE, ENTRY, ENTRIES = 4096, 32, 126
ACTIVE, FULL, EMPTY = 0xFFFFFFFE, 0xFFFFFFFC, 0xFFFFFFFF
WRITTEN = 0b10
U8, BLOB_DATA, BLOB_INDEX = 0x01, 0x42, 0x48
NUMBERS = {0x01: "<B", 0x11: "<b", 0x02: "<H", 0x12: "<h", 0x04: "<I", 0x14: "<i", 0x08: "<Q", 0x18: "<q"}


def read(partition: bytes) -> dict[str, dict[str, int | bytes]]:
    """Namespace -> key -> value. Fails on any checksum, and when no page is empty: NVS cannot write then."""
    assert len(partition) % PAGE == 0
    namespaces: dict[int, str] = {}
    numbers: list[tuple[int, str, int]] = []
    chunks: dict[tuple[int, str, int], bytes] = {}
    indexes: list[tuple[int, str, int, int, int]] = []
    empty = 0
    for at in range(0, len(partition), PAGE):
        page = partition[at : at + PAGE]
        state, _sequence, version = struct.unpack_from("<IIB", page)
        if state == EMPTY:
            assert page == b"\xff" * PAGE
            empty += 1
            continue
        assert state in (ACTIVE, FULL)
        assert version == 0xFE  # 2: blobs may be of several pages
        assert struct.unpack_from("<I", page, 28)[0] == _crc(page[4:28])
        number = 0
        while number < ENTRIES:
            if page[32 + number // 4] >> (number % 4 * 2) & 3 != WRITTEN:
                number += 1
                continue
            entry = page[64 + number * ENTRY :][:ENTRY]
            space, kind, span, chunk, crc, raw, data = struct.unpack("<BBBBI16s8s", entry)
            assert crc == _crc(entry[:4] + entry[8:])
            key = raw.rstrip(b"\0").decode()
            if space == 0:
                namespaces[data[0]] = key
            elif kind in NUMBERS:
                numbers.append((space, key, struct.unpack_from(NUMBERS[kind], data)[0]))
            elif kind == BLOB_DATA:
                size, _, crc = struct.unpack("<HHI", data)
                value = page[64 + (number + 1) * ENTRY :][:size]
                assert crc == _crc(value)
                chunks[space, key, chunk] = value
            elif kind == BLOB_INDEX:
                indexes.append((space, key, *struct.unpack_from("<IBB", data)))
            else:
                raise AssertionError(f"MicroPython cannot read type {kind:#x} of {key}")
            number += span
    assert empty
    found: dict[str, dict[str, int | bytes]] = {name: {} for name in namespaces.values()}
    for space, key, number in numbers:
        found[namespaces[space]][key] = number
    for space, key, size, count, first in indexes:
        blob = b"".join(chunks[space, key, first + one] for one in range(count))
        assert len(blob) == size
        found[namespaces[space]][key] = blob
    return found


def _crc(data: bytes) -> int:
    return zlib.crc32(data, 0xFFFFFFFF)
