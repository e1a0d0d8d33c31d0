"""Passwords: scrypt hashes, worked out in threads, a few at a time."""

import asyncio
import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from typing import Final

from wxlink.relay.errors import ApiError

COST: Final = 2**14  # with a block size of 8: 16 MiB and some 50 ms a hash
BLOCK_SIZE: Final = 8
SALT_BYTES: Final = 16
AT_ONCE: Final = 2  # hashes worked out at a time: 32 MiB, and a core stays free for devices
WAITING: Final = 100  # log-ins that may wait for their turn, five seconds' worth
PASSWORD_MAX: Final = 128  # characters


class Passwords:
    """Makes and checks hashes of the form `scrypt$<cost>$<block size>$<salt>$<hash>`."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """A new hash of the password. Raises ApiError 9041 when too many wait."""
        salt = secrets.token_bytes(SALT_BYTES)
        made = await self._scrypt(password, COST, BLOCK_SIZE, salt)
        return "$".join(
            ("scrypt", str(COST), str(BLOCK_SIZE), b64encode(salt).decode(), b64encode(made).decode())
        )

    async def matches(self, password: str, stored: str | None) -> bool:
        """Whether the password belongs to the hash; None takes as long and is False.

        Raises ApiError 9041 when too many wait.
        """
        if stored is None:
            self._nobodys = self._nobodys or await self.hash(secrets.token_hex())
        _, cost, block_size, salt, expected = (stored or self._nobodys or "").split("$")
        made = await self._scrypt(password, int(cost), int(block_size), b64decode(salt))
        return hmac.compare_digest(made, b64decode(expected)) and stored is not None

    async def _scrypt(self, password: str, cost: int, block_size: int, salt: bytes) -> bytes:
        if self._waiting >= WAITING:
            raise ApiError(9041, "too many log-ins at once; try again in a few seconds")
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(_scrypt, password, cost, block_size, salt)
        finally:
            self._waiting -= 1


def _scrypt(password: str, cost: int, block_size: int, salt: bytes) -> bytes:
    return hashlib.scrypt(
        password.encode(), salt=salt, n=cost, r=block_size, p=1, maxmem=256 * cost * block_size
    )
