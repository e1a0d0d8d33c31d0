"""What relays say to each other: small JSON messages on NATS subjects below `relay.`, at most once.

Nothing that must not be lost goes this way: what devices reported is in the store before it is told.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

import nats.errors
from nats.aio.subscription import Subscription

from wxlink.relay.nats_link import Msg, NatsLink

PREFIX: Final = "relay."
WAITING: Final = (
    10_000  # messages to be sent; beyond it they are dropped: a cluster that is away brings nothing
)
WAITING_HEARD: Final = 10_000  # of one subject
MAX_BYTES: Final = 512 * 1024  # the nodes take no more; an event of the largest P0 has 30 KB

Words: TypeAlias = dict[str, Any]
Listener: TypeAlias = Callable[[Words], Awaitable[None]]
Work: TypeAlias = Callable[[], Awaitable[None]]

log = logging.getLogger(__name__)


class Wire:
    """Sends and hears. What is asked of it is done in that order, by one task, so that nobody has to wait."""

    def __init__(self, link: NatsLink) -> None:
        self._link = link
        self._work: asyncio.Queue[Work] = asyncio.Queue()
        self._heard: dict[str, Subscription] = {}
        self._dropped = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="cluster wire")

    async def stop(self) -> None:
        """Say and hear nothing more. Safe to call twice."""
        if self._task:
            self._task.cancel()
            await asyncio.wait((self._task,))

    def send(self, subject: str, words: Words) -> None:
        """Tell all relays that hear this subject, but not this one."""
        if self._work.qsize() >= WAITING:
            if not self._dropped:
                log.warning("messages to the other relays are dropped: the cluster is slow or away")
            self._dropped += 1
            return
        self._dropped = 0
        text = json.dumps(words).encode()
        self._work.put_nowait(lambda: self._link.client.publish(PREFIX + subject, text))

    def hear(self, subject: str, listener: Listener) -> None:
        """Call `listener` with what other relays say there, in order."""

        async def subscribe() -> None:
            self._heard[subject] = await self._link.client.subscribe(
                PREFIX + subject, cb=_reading(listener), pending_msgs_limit=WAITING_HEARD
            )

        self._work.put_nowait(subscribe)

    def unhear(self, subject: str) -> None:
        """Hear it no more."""

        async def unsubscribe() -> None:
            subscription = self._heard.pop(subject, None)
            if subscription is not None:
                await subscription.unsubscribe()

        self._work.put_nowait(unsubscribe)

    def answer(self, subject: str, reply: Callable[[Words], Words]) -> None:
        """Answer what other relays ask there."""

        async def came(message: Msg) -> None:
            await message.respond(json.dumps(reply(json.loads(message.data))).encode())

        async def subscribe() -> None:
            await self._link.client.subscribe(PREFIX + subject, cb=_logging(came))

        self._work.put_nowait(subscribe)

    async def ask(self, subject: str, words: Words, within_s: float) -> list[Words]:
        """What the other relays answer within that time; nothing when the cluster is away."""
        answers: list[Words] = []
        client = self._link.client

        async def came(message: Msg) -> None:
            if message.data:  # else the node says that nobody hears
                answers.append(json.loads(message.data))

        with contextlib.suppress(nats.errors.Error, OSError):
            inbox = client.new_inbox()
            subscription = await client.subscribe(inbox, cb=_logging(came))
            try:
                await client.publish(PREFIX + subject, json.dumps(words).encode(), reply=inbox)
                await asyncio.sleep(within_s)
            finally:
                await subscription.unsubscribe()
        return answers

    async def _run(self) -> None:
        while True:
            work = await self._work.get()
            try:
                await work()
            except (nats.errors.Error, OSError) as error:
                log.info("the cluster did not take a message: %s", error or type(error).__name__)


def _reading(listener: Listener) -> Callable[[Msg], Awaitable[None]]:
    async def came(message: Msg) -> None:
        await listener(json.loads(message.data))

    return _logging(came)


def _logging(came: Callable[[Msg], Awaitable[None]]) -> Callable[[Msg], Awaitable[None]]:
    async def guarded(message: Msg) -> None:
        try:
            await came(message)
        except Exception:
            log.exception("what another relay said on %.80r could not be used", message.subject)

    return guarded
