"""Hands the MCU new software: the file is offered when the MCU runs another version, and sent as it asks.

While the MCU receives, its other commands and those of apps go on: a piece is one command among them.
"""

import asyncio
import hashlib
import os
from binascii import hexlify

from module.console import say
from module.wake import Wake
from wxproto import data_sender
from wxproto.errors import LocalError, PeerError

BLOCK = 512  # bytes read at once for the digest
TOLD_EVERY = 10  # percent between two lines of progress
IDLE_MS = 60_000  # longest sleep; it is woken when the MCU asks


class McuUpdate:
    """The image at `path`, software version `version` of the MCU; `link` is the Link to it.

    `on_state(version, state, percent, reason)` is told "installing", "installed" when the MCU has the whole
    file, and "failed".
    """

    def __init__(self, path, version, link, now_ms, on_state, *, is_hex=False):
        self.version = version
        self._path = path
        self._on_state = on_state
        self._is_hex = is_hex
        self._link = link
        self._now_ms = now_ms
        self._sender = None
        self._came = Wake()  # the MCU asked something
        self._task = None  # the run of `_sender`, None between runs
        self._asking = None  # task of the question under way, or of the last one

    @property
    def busy(self):
        """True until the MCU has the whole file or it is certain that it does not take it."""
        return self._task is not None

    def begin(self, software_version):
        """Offer the image to an MCU that has just come up with another version; again if it was cut off."""
        if software_version == self.version:
            return
        if self._task is None:
            self._sender = None
            self._task = asyncio.create_task(self._offer())
        elif self._sender is not None:
            self._sender.start()
            self._came.set()

    def withdraw(self):
        """Give it up: another image is to take its place."""
        if self._sender is not None:
            self._sender.cancel()
            self._came.set()
        elif self._task is not None:
            self._task.cancel()

    def take(self, asked):
        """Take a command of the MCU; False when it belongs to no update."""
        if asked.cmd not in data_sender.COMMANDS or (self._sender is None and self._task is None):
            return False
        if self._sender is None:
            return True  # the digest is not known yet: unanswered, the MCU asks again
        error = self._sender.take(asked, self._now_ms())
        if asked.wants_answer and error is None:
            self._link.answer(asked, b"")
        elif asked.wants_answer:
            self._link.refuse(asked, error)
        self._came.set()
        if self._asking is not None and not self._sender.waiting:
            self._asking.cancel()
        if self._task is None and self._sender.state == data_sender.SENDING:  # it asks for the file once more
            self._task = asyncio.create_task(self._run())
        return True

    async def _offer(self):
        try:
            self._sender = await self._open()
        except (OSError, PeerError, MemoryError) as error:
            self._task = None
            self._on_state(self.version, "failed", 0, f"{self._path} cannot be offered to the MCU: {error}")
            return
        await self._run()

    async def _open(self):
        if not hasattr(hashlib, "md5"):
            raise PeerError("this firmware has no MD5")
        digest = hashlib.md5()  # noqa: S324 - what the protocol has
        with open(self._path, "rb") as file:
            block = file.read(BLOCK)
            while block:
                digest.update(block)
                await asyncio.sleep_ms(0)  # a megabyte takes seconds on a chip
                block = file.read(BLOCK)
        size = os.stat(self._path)[6]
        if not size:
            raise PeerError("it is empty")
        say("update", f"software {self.version} of {size} bytes is offered to the MCU")
        sender = data_sender.Sender(
            size, str(hexlify(digest.digest()), "ascii"), self._read, hex_lines=self._is_hex
        )
        sender.start()
        return sender

    def _read(self, offset, size):
        with open(self._path, "rb") as file:
            file.seek(offset)
            return file.read(size)

    async def _run(self):
        sender = self._sender
        told = 0
        try:
            while sender.state not in (data_sender.DONE, data_sender.STOPPED):
                await self._step(sender)
                percent = sender.sent * 100 // sender.size
                if percent < told or percent >= told + TOLD_EVERY:
                    told = percent
                    self._on_state(self.version, "installing", percent, None)
        except (OSError, LocalError) as error:
            say("update", f"{self._path} cannot be read any more: {error}")
            sender.cancel()
        question = sender.question()  # tells the MCU when it was this side that stopped
        if question is not None:
            await self._ask(question)
        self._task = None
        if sender.state == data_sender.DONE:
            say("update", "the MCU has the whole file")
            self._on_state(self.version, "installed", 100, None)
        else:
            percent = sender.sent * 100 // sender.size
            self._on_state(self.version, "failed", percent, f"the MCU did not take the file: {sender.reason}")

    async def _step(self, sender):
        question = sender.question()
        if question is None:
            deadline = sender.next_deadline()
            wait = IDLE_MS if deadline is None else max(0, deadline - self._now_ms())
            await self._came.wait(wait)
            sender.poll(self._now_ms())
        elif await self._ask(question):
            sender.answered(self._now_ms())
        else:
            sender.gave_up(self._now_ms())

    async def _ask(self, question):
        cmd, payload, flags = question
        self._asking = asyncio.create_task(self._link.request(cmd, payload, flags))
        try:
            return await self._asking is not None
        except asyncio.CancelledError:
            if self._sender.waiting:
                raise  # it was not take() that ended the question
            return False
        except LocalError as error:
            say("update", f"command {cmd:02X} was not sent: {error}")
            return False
