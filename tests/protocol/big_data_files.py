"""Files of big data, and what asks for them."""

import hashlib

from wxproto.events import Asked

IMAGE = bytes(range(256)) * 2 + b"tail"  # 516 bytes: three pieces of 256, 256, 4
MD5 = hashlib.md5(IMAGE, usedforsecurity=False).hexdigest()
TEXT = b":10010000214601360121470136007EFE09D2190140\r\n:00000001FF\r\n"
TEXT_MD5 = hashlib.md5(TEXT, usedforsecurity=False).hexdigest()
DIGEST = "0123456789abcdef0123456789abcdef"


def read(offset: int, size: int) -> bytes:
    return IMAGE[offset : offset + size]


def asked(cmd: int, payload: bytes = b"", flags: int = 0) -> Asked:
    return Asked(cmd, 0, flags, payload)


class Flash:
    """Takes content in order, each byte once."""

    def __init__(self, have: bytes = b"") -> None:
        self.content = have
        self.writes = 0

    def write(self, offset: int, content: bytes) -> None:
        assert offset == len(self.content), "in order, without a gap, never twice"
        self.content += content
        self.writes += 1
