"""Pulls from the broker's own stream of QoS 1 messages, by one durable consumer that all relays share."""

import asyncio
import contextlib
import itertools
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import nats.errors
import nats.js.errors
from nats.aio.subscription import Subscription
from nats.js.api import AckPolicy, ConsumerConfig, StreamInfo

from wxlink.relay.nats_link import Msg, NatsLink
from wxlink.relay.store import Position

STREAM: Final = "$MQTT_msgs"  # where nats-server itself keeps what MQTT clients publish with QoS 1
SUBJECTS: Final = "$MQTT.msgs."
FILTER: Final = f"{SUBJECTS}dev2app.>"
CONSUMER: Final = "wxlink-relay"
ACK_WAIT_S: Final = (
    10.0  # what a relay that died held goes to the others after this; well above a slow commit
)
MAX_ACK_PENDING: Final = 5_000  # of all relays together
PULL: Final = 400  # messages a request: two batches, so that one is here while the other is stored
MAX_HELD: Final = 1_000  # messages here and not yet stored; more are not asked for
REQUEST_LIVES_S: Final = 30.0
HEARTBEAT_S: Final = 2.0  # a request that the cluster forgot with a node is noticed after two of them
RETRY_S: Final = (0.1, 0.2, 0.5, 1.0, 2.0)

HEARTBEAT: Final = "100"
USED_UP: Final = ("404", "408")  # nothing is there; its time is up

_NANO: Final = 1_000_000_000
_ACK, _LATER = b"+ACK", b"-NAK"

log = logging.getLogger(__name__)


class Refused(Exception):
    """The cluster ended a request; the text is its word."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One message of the stream. at: unix seconds when the stream took it. reply: where its ack goes."""

    topic: str
    payload: bytes
    at: float
    position: Position
    reply: str

    @property
    def key(self) -> Position:
        """Names it among those that are not yet acknowledged."""
        return self.position


class StreamPull:
    """Keeps one request for messages open, whatever happens to the cluster.

    on_message: called for each. held: how many of them are not yet stored.
    """

    def __init__(
        self, link: NatsLink, *, on_message: Callable[[Taken], None], held: Callable[[], int]
    ) -> None:
        self._link = link
        self._on_message = on_message
        self._held = held
        self._room = asyncio.Event()
        self._changed = asyncio.Event()
        self._up = asyncio.Event()
        self._stream_made = 0
        self._numbers = itertools.count(1)
        self._request = ""
        self._wanted = 0
        self._refused: str | None = None
        self._heard = False
        link.on_back(self._forget)
        self._task: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """True while messages come."""
        return self._up.is_set() and self._link.connected

    def start(self) -> None:
        """Begin to pull; a consumer that is not there is made."""
        self._task = asyncio.create_task(self._run(), name="pull")

    async def wait_up(self) -> None:
        """Wait until messages come."""
        await self._up.wait()

    def made_room(self) -> None:
        """Messages were stored."""
        if self._held() < MAX_HELD:
            self._room.set()

    async def ack(self, taken: Taken) -> None:
        """It is stored; when that word is lost the message comes again."""
        await self._say(taken, _ACK)

    async def give_back(self, taken: Taken) -> None:
        """It is not stored: another relay gets it at once."""
        await self._say(taken, _LATER)

    async def stop(self) -> None:
        """Pull no more. Safe to call twice."""
        self._up.clear()
        if self._task:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _say(self, taken: Taken, word: bytes) -> None:
        with contextlib.suppress(nats.errors.Error, OSError):
            await self._link.client.publish(taken.reply, word)

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                await self._find_consumer()
                failures = 0
                await self._pull()
            except (nats.errors.Error, OSError, TimeoutError, Refused) as error:
                if failures in (2, len(RETRY_S)):  # the stream comes with our first MQTT session
                    log.warning("messages are not pulled: %s", error or type(error).__name__)
            self._up.clear()
            await asyncio.sleep(RETRY_S[min(failures, len(RETRY_S) - 1)])
            failures += 1

    async def _find_consumer(self) -> None:
        """Make the consumer, or find it made. The stream is made when the first MQTT client connects."""
        manager = self._link.client.jsm()
        info: StreamInfo = await manager.stream_info(STREAM)
        self._stream_made = int(info.created.timestamp()) if info.created else 0
        with contextlib.suppress(nats.js.errors.NotFoundError):
            await manager.consumer_info(STREAM, CONSUMER)
            return
        await manager.add_consumer(
            STREAM,
            ConsumerConfig(
                durable_name=CONSUMER,
                filter_subject=FILTER,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=ACK_WAIT_S,
                max_ack_pending=MAX_ACK_PENDING,
            ),
        )

    async def _pull(self) -> None:
        """Pull until the consumer is gone. Raises Refused."""
        client = self._link.client
        inbox = client.new_inbox()
        subscription = await client.subscribe(f"{inbox}.*", cb=self._came)
        try:
            while True:
                await self._ask(inbox)
        finally:
            await _end(subscription)

    async def _ask(self, inbox: str) -> None:
        """One request, until it is used up, has expired, or nothing is heard of it."""
        self._room.clear()
        if self._held() >= MAX_HELD:
            await self._room.wait()
        self._request = f"{inbox}.{next(self._numbers)}"
        self._wanted = PULL
        self._refused = None
        self._changed.clear()
        wish = {
            "batch": PULL,
            "expires": int(REQUEST_LIVES_S * _NANO),
            "idle_heartbeat": int(HEARTBEAT_S * _NANO),
        }
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{CONSUMER}"
        await self._link.client.publish(subject, json.dumps(wish).encode(), reply=self._request)
        self._heard = True
        while self._wanted and self._heard:
            self._heard = False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2 * HEARTBEAT_S):
                    await self._changed.wait()
            self._changed.clear()
        if self._refused:
            raise Refused(self._refused)

    def _forget(self) -> None:
        """The request may be lost with the node that held it."""
        self._heard = False
        self._changed.set()

    async def _came(self, message: Msg) -> None:
        status = (message.headers or {}).get("Status")
        if status is None:
            # It bears its own subject, not that of the request. One of an earlier request counts too: then
            # the next request is sent early.
            self._on_message(self._taken(message))
            self._wanted = max(0, self._wanted - 1)
        elif message.subject != self._request:
            return
        elif status != HEARTBEAT:
            self._wanted = 0
            if status not in USED_UP:
                self._refused = f"{status} {(message.headers or {}).get('Description', '')}"
        self._heard = True
        self._up.set()
        if not self._wanted or status:
            self._changed.set()

    def _taken(self, message: Msg) -> Taken:
        # $JS.ACK.<stream>.<consumer>.<deliveries>.<place>.<place in consumer>.<nanoseconds>.<waiting>;
        # nats-py's `metadata` reads the same and takes 4 us of processor time more.
        *_, seq, _, nanoseconds, _ = message.reply.split(".")
        return Taken(
            topic=message.subject.removeprefix(SUBJECTS).replace(".", "/"),
            payload=message.data,
            at=int(nanoseconds) / _NANO,
            position=Position(self._stream_made, int(seq)),
            reply=message.reply,
        )


async def _end(subscription: Subscription) -> None:
    with contextlib.suppress(nats.errors.Error, OSError):
        await subscription.unsubscribe()
