"""The WebSocket frame around a text, made once however many clients get it."""

import struct

_FINAL_TEXT = 0x81  # the whole message in one frame; what a server sends is not masked
_TWO_BYTES, _EIGHT_BYTES = 126, 127  # instead of a length: it follows in that many bytes


def text_frame(text: bytes) -> bytes:
    """One text message as it goes on the wire. RFC 6455, 5.2."""
    size = len(text)
    if size < _TWO_BYTES:
        return struct.pack("!BB", _FINAL_TEXT, size) + text
    if size < 1 << 16:
        return struct.pack("!BBH", _FINAL_TEXT, _TWO_BYTES, size) + text
    return struct.pack("!BBQ", _FINAL_TEXT, _EIGHT_BYTES, size) + text
