"""Fetches a file from the relay by HTTP, or HTTPS where the uplink has it; goes on where it was cut off.

Requests are HTTP/1.0, one a connection: an answer then ends with the connection and is never chunked.
"""

import asyncio
import hashlib
import os
from binascii import hexlify

from module import stream
from wxproto.errors import PeerError

MAX_HEAD = 2048  # bytes of status line and headers; a relay's has about 400
SYNC_EVERY = 16 * 1024  # bytes between two moments from which a power cut lets it go on
_CHUNK = 512  # bytes read and written at once
_OK = 200
_PARTIAL = 206
_NO_RANGE = 416
_ENOENT = 2


class Unfinished(OSError):
    """The connection failed or the relay is not ready: what came so far is kept, try again later."""


class WrongFile(PeerError):
    """The relay's file is not the one that was offered; what came of it is gone."""


class Answer:
    """`status`, `fields` (header in lower case -> text), `rest`: what of the body came with them."""

    def __init__(self, head, rest):
        try:
            lines = str(head, "utf-8").split("\r\n")
        except UnicodeError:
            lines = [""]
        words = lines[0].split(" ")
        if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
            raise Unfinished("the relay's answer is no HTTP")
        self.status = int(words[1])
        self.fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.fields[name.lower()] = value.strip()
        self.rest = rest


class Download:
    """The file of an Offer, from the relay at `where` (see stream.connect()) to the path `part`.

    `on_progress(bytes)` is told how much of it there is.
    """

    def __init__(self, where, offered, part, on_progress, timeout_ms):
        self._where = where
        self._offered = offered
        self._part = part
        self._on_progress = on_progress
        self._timeout_ms = timeout_ms
        self._have = 0  # bytes that are there, and in the hash
        self._sha = hashlib.sha256()

    async def fetch(self):
        """Have it whole and checked; what is there already is not fetched again.

        Raises Unfinished or another OSError when it can go on later, WrongFile when it cannot.
        """
        await self._take_part()
        try:
            if self._have < self._offered.size:
                connection = await stream.connect(*self._where)
                try:
                    await self._get(connection)
                finally:
                    connection.close()
            if str(hexlify(self._sha.digest()), "ascii") != self._offered.sha256:
                raise WrongFile("the file is not the one that was signed: its SHA-256 is another")
        except WrongFile:
            _remove(self._part)
            raise

    async def _take_part(self):
        """Go on with what is there of the file, unless that is too long."""
        try:
            size = os.stat(self._part)[6]
        except OSError as error:
            if error.errno != _ENOENT:
                raise
            size = 0
        if size > self._offered.size:
            _remove(self._part)
        elif size:
            buffer = bytearray(_CHUNK)
            with open(self._part, "rb") as file:
                count = file.readinto(buffer)
                while count:
                    self._add(memoryview(buffer)[:count])
                    await asyncio.sleep_ms(0)
                    count = file.readinto(buffer)
        self._on_progress(self._have)

    async def _get(self, connection):
        head = f"GET {self._offered.path} HTTP/1.0\r\nHost: {self._where[0]}:{self._where[1]}\r\n"
        if self._have:
            head += f"Range: bytes={self._have}-\r\n"
        await connection.write((head + "\r\n").encode(), self._timeout_ms)
        answer = await self._head(connection)
        if self._have and answer.status == _NO_RANGE:
            raise WrongFile("the relay's file is shorter than what came of it before")
        if self._have and answer.status == _OK:  # it does not know of parts: all of it again
            self._have = 0
            self._sha = hashlib.sha256()
        self._check(answer)
        await self._receive(connection, answer.rest)

    def _check(self, answer):
        """Raise unless `answer` brings what is missing, no more and no less."""
        have, size = self._have, self._offered.size
        if answer.status != (_PARTIAL if have else _OK):
            raise Unfinished(f"the relay does not give the file (HTTP {answer.status})")
        told = answer.fields.get("content-length", "")
        if told != str(size - have):
            raise WrongFile(f"the relay sends {told[:12] or 'unknown'} bytes in place of {size - have}")
        if have and answer.fields.get("content-range", "") != f"bytes {have}-{size - 1}/{size}":
            raise Unfinished("the relay sends another part than was asked for")

    async def _receive(self, connection, rest):
        size = self._offered.size
        synced = self._have
        buffer = bytearray(_CHUNK)
        with open(self._part, "ab" if self._have else "wb") as file:
            while self._have < size:
                count = len(rest)
                if count:
                    buffer[:count] = rest
                    rest = b""
                else:
                    count = await self._read(connection, buffer)
                if not count:
                    raise Unfinished(f"the connection ended at {self._have} of {size} bytes")
                view = memoryview(buffer)[: min(count, size - self._have)]
                file.write(view)
                self._add(view)
                if self._have - synced >= SYNC_EVERY:
                    file.flush()
                    synced = self._have
                self._on_progress(self._have)

    def _add(self, view):
        self._sha.update(view)
        self._have += len(view)

    async def _head(self, connection):
        buffer = bytearray(_CHUNK // 4)
        data = b""
        while True:
            size = await self._read(connection, buffer)
            if not size:
                raise Unfinished("the relay closed the connection without an answer")
            data += buffer[:size]
            head, gap, rest = data.partition(b"\r\n\r\n")
            if gap:
                return Answer(head, rest)
            if len(data) > MAX_HEAD:
                raise Unfinished(f"the relay's headers are longer than {MAX_HEAD} bytes")

    async def _read(self, connection, buffer):
        try:
            return await asyncio.wait_for_ms(connection.read_into(buffer), self._timeout_ms)
        except asyncio.TimeoutError:
            raise Unfinished("the relay has gone silent") from None


def _remove(path):
    try:
        os.remove(path)
    except OSError as error:
        if error.errno != _ENOENT:
            raise
