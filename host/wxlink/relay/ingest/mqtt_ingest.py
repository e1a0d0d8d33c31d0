"""MqttIngest: one MQTT session on any standard broker, at-least-once and in order."""

import time
from collections.abc import Callable, Sequence
from functools import partial

from wxlink.relay.events import Bus
from wxlink.relay.ingest import repeats, uplink
from wxlink.relay.ingest.batches import Batches
from wxlink.relay.ingest.intake import Intake
from wxlink.relay.ingest.link import Delivery, Endpoint, MqttLink
from wxlink.relay.ingest.presence import COMPARE_AFTER_S, ConnectedClients, PresenceBook
from wxlink.relay.ingest.retry import until_stored
from wxlink.relay.ingest.telling import Answers, Teller
from wxlink.relay.ingest.understanding import Business, Outcome, Presence, Understanding
from wxlink.relay.store import Report, Store

CLIENT_ID = "wxlink-relay"  # names the session at the broker; a device's client id is its did, 22 characters
RESUME_S = 10.0  # after a connection any message may be a repetition: a killed broker lost its marks (seen)


class MqttIngest:
    """Stores what devices send and then tells the bus: commit, acknowledge, publish the event.

    A batch is one transaction. A message that says nothing is counted, logged and acknowledged; it stops no
    other. While the store fails nothing is acknowledged and the batch is tried again.
    answers: told of 0x0094 and 0x0093 once they are stored. on_online: called with the did each time a
    device's connection begins, on_count_request when it asks how many watch it. connected_clients: asks the
    broker which client ids are connected, to find the devices that went without a word; None when the broker
    cannot be asked.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        store: Store,
        bus: Bus,
        answers: Answers,
        *,
        on_online: Callable[[str], None] = lambda _did: None,
        on_count_request: Callable[[str], None] = lambda _did: None,
        connected_clients: ConnectedClients | None = None,
        compare_after_s: float = COMPARE_AFTER_S,
        clock: Callable[[], float] = time.time,
        intake: Intake | None = None,
    ) -> None:
        self._intake = intake = intake or Intake()
        self._store = store
        self._clock = clock
        self._connection = 0
        self._resumed_at = 0.0
        self._resumed_until = 0.0
        self._overtaken = repeats.Overtaken()
        self._repeats = repeats.Repeats(store.states.reports)
        self._understanding = Understanding(store, clock)
        self._batches: Batches[Delivery] = Batches(self._handle, self._drop, intake=intake)
        self._presence = PresenceBook(
            store,
            bus,
            on_online=on_online,
            on_offline=answers.went_offline,
            connected_clients=connected_clients,
            compare_after_s=compare_after_s,
            clock=clock,
        )
        self._teller = Teller(bus, answers, self._presence, intake, on_count_request)
        self._link = MqttLink(
            (endpoint,),
            CLIENT_ID,
            uplink.SUBSCRIPTIONS,
            on_message=self._take,
            on_up=self._presence.link_up,
            on_down=self._presence.link_down,
        )

    @property
    def connected(self) -> bool:
        """True while messages flow."""
        return self._link.connected

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
        self._link.start()

    async def wait_up(self, within_s: float) -> None:
        """Wait for the session. Raises ConnectionError with the last failure."""
        await self._link.wait_up(within_s)

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1 through the same session. Raises ConnectionError when the broker is away."""
        self._link.publish(topic, payload)

    async def stop(self) -> None:
        """Store and acknowledge what has arrived, within DRAIN_WITHIN_S; then disconnect.

        Safe to call twice. What is not stored by then was not acknowledged: the broker keeps it.
        """
        await self._batches.stop()
        await self._presence.stop()
        await self._link.stop()

    def _take(self, delivery: Delivery) -> None:
        if delivery.connection != self._connection:
            self._connection = delivery.connection
            self._resumed_at = self._clock()
            self._resumed_until = time.monotonic() + RESUME_S
            self._overtaken.clear()
            self._repeats.clear()
        self._batches.put(delivery)

    async def _handle(self, batch: Sequence[Delivery], again: bool) -> None:
        outcomes = await self._understanding.of(batch)
        await self._store_reports(outcomes, [delivery.dup for delivery in batch], again)
        for outcome in outcomes:
            if isinstance(outcome, Presence):
                outcome.changed = await self._presence.note(outcome.said)
        outcomes = await self._understanding.keep_self_reports(outcomes)
        for delivery in batch:
            self._link.ack(delivery)
        self._teller.tell(outcomes)

    def _drop(self, delivery: Delivery) -> None:
        self._link.ack(delivery)

    async def _store_reports(self, outcomes: Sequence[Outcome], marked: Sequence[bool], again: bool) -> None:
        """One transaction for all reports that are not stored yet. marked: the broker says it repeats."""
        now = self._clock()
        resuming = time.monotonic() < self._resumed_until
        # What a new connection brings again was stored before it; what was stored since cannot be meant.
        stored_until = self._resumed_at if resuming and not again else now
        if not resuming:
            self._overtaken.clear()
            self._repeats.clear()
        chosen: list[Business] = []
        reports: list[Report] = []
        doubts: list[repeats.Doubt] = []
        for outcome, dup in zip(outcomes, marked, strict=True):
            if not isinstance(outcome, Business):
                continue
            outcome.at = now
            if not outcome.said.p0:
                continue
            if dup or resuming or again:
                doubts.append(repeats.Doubt(len(reports), stored_until))
            if resuming and outcome.attrs:
                self._yield_to_newer(outcome, dup)
            said = outcome.said
            chosen.append(outcome)
            reports.append(Report(said.did, now, said.cmd, said.p0, outcome.attrs, said.sn))
        known = await until_stored(
            partial(self._repeats.stored_already, reports, doubts, resumed_at=self._resumed_at)
        )
        # Of repetitions only the last is told again: it is the present state, the others are past.
        last = {reports[index].did: index for index in sorted(known)}
        for index in known:
            chosen[index].past = chosen[index].past or last[reports[index].did] != index
        new = [report for index, report in enumerate(reports) if index not in known]
        await until_stored(partial(self._store.states.apply, new))

    def _yield_to_newer(self, outcome: Business, dup: bool) -> None:
        did, attrs = outcome.said.did, outcome.attrs or {}
        if dup:
            outcome.attrs = self._overtaken.left(did, attrs) or None
            outcome.past = outcome.attrs is None
        else:
            self._overtaken.note(did, attrs)
