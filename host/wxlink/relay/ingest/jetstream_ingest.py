"""JetStreamIngest: several relays share the stream of a NATS cluster, each message stored by one of them.

Messages of one device may be stored out of order and by two relays: the place in the stream decides what
counts (`store.order`), and makes storing a repetition harmless.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

from wxlink.relay.events import Bus
from wxlink.relay.ingest.batches import Batches
from wxlink.relay.ingest.intake import Intake
from wxlink.relay.ingest.link import Endpoint, LinkDown, MqttLink
from wxlink.relay.ingest.presence import PresenceBook
from wxlink.relay.ingest.retry import until_stored
from wxlink.relay.ingest.stream_pull import StreamPull, Taken
from wxlink.relay.ingest.telling import Answers, Teller
from wxlink.relay.ingest.understanding import Business, Presence, Understanding
from wxlink.relay.nats_link import Msg, NatsLink
from wxlink.relay.store import Position, Report, Store

QUEUE: Final = "wxlink-relay"
QOS_HEADER: Final = "Nmqtt-Pub"  # nats-server's: the QoS with which an MQTT client published
WAITING_QOS_0: Final = 5_000


@dataclass(frozen=True, slots=True)
class Fleeting:
    """A message of QoS 0: nobody keeps it, so it has no place in the stream and no acknowledgement."""

    topic: str
    payload: bytes
    at: float
    position: Position | None = None
    key: None = None


Arrived: TypeAlias = Taken | Fleeting


class JetStreamIngest:
    """Stores what devices send and then tells the bus: commit, acknowledge, publish the event.

    link: to the cluster, started. endpoints: its MQTT listeners, for commands. name: of this relay, different
    from all others'. on_online: called with the did each time a device's connection begins,
    on_count_request when it asks how many watch it.
    """

    def __init__(
        self,
        link: NatsLink,
        endpoints: Sequence[Endpoint],
        store: Store,
        bus: Bus,
        answers: Answers,
        *,
        name: str,
        on_online: Callable[[str], None] = lambda _did: None,
        on_count_request: Callable[[str], None] = lambda _did: None,
        clock: Callable[[], float] = time.time,
        intake: Intake | None = None,
    ) -> None:
        self._intake = intake = intake or Intake()
        self.presence = PresenceBook(
            store,
            bus,
            on_online=on_online,
            on_offline=answers.went_offline,
            clock=clock,
        )
        self._nats = link
        self._store = store
        self._clock = clock
        self._understanding = Understanding(store, clock)
        self._batches: Batches[Arrived] = Batches(self._handle, self._drop, self._stored, intake=intake)
        self._teller = Teller(bus, answers, self.presence, intake, on_count_request)
        self._pull = StreamPull(link, on_message=self._batches.put, held=lambda: len(self._batches))
        self._commands = MqttLink(endpoints, f"wxlink-relay-{name}", (), on_message=lambda _delivery: None)
        self._dropped: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """True while messages flow, both ways."""
        return self._pull.connected and self._commands.connected

    @property
    def unstored(self) -> int:
        """Messages that have arrived and are not yet acknowledged."""
        return len(self._batches)

    @property
    def undecipherable(self) -> int:
        """Messages since the start that said nothing."""
        return self._intake.undecipherable

    def start(self) -> None:
        """Begin to connect and to store."""
        self._batches.start()
        self._commands.start()
        self._pull.start()
        self._listening = asyncio.create_task(self._listen(), name="listen for QoS 0")

    async def wait_up(self, within_s: float) -> None:
        """Wait until messages flow. Raises ConnectionError with the last failure."""
        await self._commands.wait_up(within_s)
        try:
            async with asyncio.timeout(within_s):
                await self._pull.wait_up()
        except TimeoutError:
            raise LinkDown("the NATS cluster gives out no messages: has JetStream a leader?") from None

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1. Raises ConnectionError when the cluster is away."""
        self._commands.publish(topic, payload)

    async def stop(self) -> None:
        """Store and acknowledge what has arrived, give the rest back; then disconnect. Safe to call twice."""
        if self._listening:
            self._listening.cancel()
            await asyncio.wait((self._listening,))
        await self._pull.stop()
        await self._batches.stop()
        for taken in self._batches.left():
            if isinstance(taken, Taken):
                await self._pull.give_back(taken)
        await asyncio.gather(*self._dropped)
        await self._commands.stop()

    async def _listen(self) -> None:
        await self._nats.client.subscribe(
            "dev2app.>", queue=QUEUE, cb=self._take_fleeting, pending_msgs_limit=WAITING_QOS_0
        )

    async def _take_fleeting(self, message: Msg) -> None:
        if (message.headers or {}).get(QOS_HEADER) == "0":
            topic = message.subject.replace(".", "/")
            self._batches.put(Fleeting(topic, message.data, self._clock()))

    def _stored(self) -> None:
        self._pull.made_room()

    async def _handle(self, batch: Sequence[Arrived], _again: bool) -> None:
        outcomes = await self._understanding.of(batch)
        business: list[Business] = []
        for outcome, arrived in zip(outcomes, batch, strict=True):
            if isinstance(outcome, Business):
                outcome.at, outcome.position = arrived.at, arrived.position
                business.append(outcome)
        await self._store_reports([outcome for outcome in business if outcome.said.p0])
        for outcome, arrived in zip(outcomes, batch, strict=True):
            if isinstance(outcome, Presence):
                outcome.changed = await self.presence.note(outcome.said, arrived.position)
        outcomes = await self._understanding.keep_self_reports(outcomes)
        for arrived in batch:
            if isinstance(arrived, Taken):
                await self._pull.ack(arrived)
        self._teller.tell(outcomes)

    async def _store_reports(self, business: Sequence[Business]) -> None:
        """One transaction for all reports; what is past of them is marked."""
        reports = [_report(one) for one in business]
        applied = await until_stored(partial(self._store.states.apply, reports))
        for outcome, done in zip(business, applied, strict=True):
            # A repetition is told when it is the present state: who stored it may have died before telling.
            outcome.past = not done.attrs and (not done.new or bool(outcome.attrs))
            outcome.attrs = done.attrs

    def _drop(self, arrived: Arrived) -> None:
        if isinstance(arrived, Taken):
            task = asyncio.create_task(self._pull.ack(arrived))
            self._dropped.add(task)
            task.add_done_callback(self._dropped.discard)


def _report(one: Business) -> Report:
    said = one.said
    return Report(said.did, one.at, said.cmd, said.p0, one.attrs, said.sn, one.position)
