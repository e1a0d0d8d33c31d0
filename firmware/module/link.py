"""The serial pump: carries bytes between the tty and a wxproto Session, and time into it."""

import asyncio

from module.console import say
from module.wake import Wake
from wxproto.events import Answered, GaveUp

READ_SIZE = 256  # bytes taken at once; what a UART's receive buffer holds
IDLE_MS = 10_000  # longest sleep of the clock task: it shows the watchdog that the link is served


class _Waiting:
    def __init__(self):
        self.done = asyncio.Event()
        self.payload = None


class Link:
    """`on_event(event)` gets each event of the session but the replies to request(); it must not wait."""

    def __init__(self, tty, session, now_ms, on_event):
        self._tty = tty
        self._session = session
        self._now_ms = now_ms
        self._on_event = on_event
        self._wake = Wake()
        self._waiting = {}  # ticket -> _Waiting
        self._stuck = False
        self.beats = 0  # rounds of the clock task

    @property
    def up(self):
        """True while the MCU is there, as far as known."""
        return self._session.up

    @property
    def counters(self):
        """What the session has seen so far, wxproto.counters.Counters."""
        return self._session.counters

    def tasks(self):
        """What serves the line for ever; OSError when the tty is gone."""
        return [self._read(), self._keep_time()]

    async def request(self, cmd, payload, flags=0):
        """Send a command and wait: the acknowledgement's payload, None when the MCU stayed silent.

        Raises LocalError when the command cannot be sent: too long, or too many are waiting. Cancelling the
        task that waits withdraws the command.
        """
        ticket = self._session.ask(cmd, payload, now=self._now_ms(), flags=flags)
        waiting = self._waiting[ticket] = _Waiting()
        self._flush()
        self._wake.set()
        try:
            await waiting.done.wait()
        except asyncio.CancelledError:
            self._waiting.pop(ticket, None)
            self._session.withdraw(ticket, self._now_ms())
            self._flush()
            self._wake.set()
            raise
        return waiting.payload

    def answer(self, asked, payload):
        """Acknowledge an Asked whose `wants_answer` is true."""
        self._session.answer(asked, payload)
        self._flush()

    def refuse(self, asked, error):
        """Send an error notice (commands.NOTICES) in place of that acknowledgement."""
        self._session.refuse(asked, error)
        self._flush()

    async def _read(self):
        buffer = bytearray(READ_SIZE)
        while True:
            size = await self._tty.read_into(buffer)
            self._dispatch(self._session.receive(buffer[:size], self._now_ms()))

    async def _keep_time(self):
        while True:
            deadline = self._session.next_deadline()
            wait = IDLE_MS if deadline is None else min(IDLE_MS, max(0, deadline - self._now_ms()))
            await self._wake.wait(wait)
            self.beats += 1
            self._dispatch(self._session.poll(self._now_ms()))

    def _dispatch(self, events):
        self._flush()
        for event in events:
            waiting = None
            if isinstance(event, (Answered, GaveUp)):
                waiting = self._waiting.pop(event.ticket, None)
            if waiting is None:
                self._on_event(event)
            else:
                waiting.payload = event.payload if isinstance(event, Answered) else None
                waiting.done.set()
        if events:
            self._wake.set()

    def _flush(self):
        data = self._session.data_to_send()
        if not data:
            return
        stuck = self._tty.write(data) < len(data)
        if stuck != self._stuck:
            self._stuck = stuck
            say("link", "nobody reads the line: frames are lost" if stuck else "the line is read again")
