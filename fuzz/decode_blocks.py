"""Decodes blocks of bytes and prints one line for each; runs unchanged on CPython and MicroPython.

Usage: python decode_blocks.py MAX_PAYLOAD, with wxproto on the import path. In: size (4 bytes, big endian)
and bytes, again and again, one stream from block to block; a block of size 0 begins a new stream. Out: a line
of figures, see `digest`.
"""

import binascii
import sys

from wxproto import frame

REASONS = (frame.CHECKSUM, frame.CUT_SHORT, frame.NOT_STUFFED, frame.TOO_SHORT, frame.TOO_LONG)


def digest(found):
    """Frames, bad frames, and the CRC-32 of what they were.

    A frame counts with F, cmd, sn, flags (2) and payload, a bad one with its reason (0 to 4), followed by cmd
    and sn when only the checksum is wrong.
    """
    out = bytearray()
    good = 0
    for one in found:
        if isinstance(one, frame.Frame):
            good += 1
            out.append(70)
            out.append(one.cmd)
            out.append(one.sn)
            out.append(one.flags >> 8)
            out.append(one.flags & 0xFF)
            out.extend(one.payload)
        else:
            out.append(REASONS.index(one.reason))
            if one.reason == frame.CHECKSUM:
                out.append(one.cmd)
                out.append(one.sn)
    return f"{good} {len(found) - good} {binascii.crc32(out) & 0xFFFFFFFF:08x}"


def main(max_payload):
    """Serve until the input ends."""
    stdin = sys.stdin.buffer
    decoder = frame.Decoder(max_payload)
    while True:
        head = stdin.read(4)
        if len(head) < 4:
            return
        size = int.from_bytes(head, "big")
        if not size:
            decoder = frame.Decoder(max_payload)
        print(digest(decoder.feed(stdin.read(size)) if size else []))


if __name__ == "__main__":
    main(int(sys.argv[1]))
