"""MqttIngest: one MQTT session on any standard broker, at-least-once and in order."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeAlias

from wxlink.relay.events import Bus, Reported, Undecodable
from wxlink.relay.ingest import repeats, uplink
from wxlink.relay.ingest.backlog import Backlog
from wxlink.relay.ingest.complaints import Complaints
from wxlink.relay.ingest.link import Delivery, Endpoint, MqttLink
from wxlink.relay.ingest.presence import COMPARE_AFTER_S, ConnectedClients, PresenceBook
from wxlink.relay.ingest.retry import until_stored
from wxlink.relay.ingest.self_report import Condition, UpdateNews
from wxlink.relay.ingest.self_report_book import SelfReportBook
from wxlink.relay.store import Identity, Product, Report, Store
from wxproto import envelope

CLIENT_ID = "wxlink-relay"  # names the session at the broker; a device's client id is its did, 22 characters
RESUME_S = 10.0  # after a connection any message may be a repetition: a killed broker lost its marks (seen)
DRAIN_WITHIN_S = 5.0  # at a stop; what is not stored by then stays with the broker

log = logging.getLogger(__name__)


class Answers(Protocol):
    """Who waits for what devices send back."""

    def answered(self, did: str, client_id: str | None, sn: int, body: bytes) -> bool: ...
    def requested(self, did: str, sn: int) -> None: ...
    def went_offline(self, did: str) -> None: ...


@dataclass(slots=True)
class _Business:
    """Business data of a known device.

    stored: a repetition of what is stored already. overtaken: newer messages have said all that it says.
    """

    said: uplink.Business
    product: Product
    attrs: dict[str, Any] | None
    stored: bool = False
    overtaken: bool = False


@dataclass(slots=True)
class _Presence:
    """A known device came or went. changed: and that is news."""

    said: uplink.Presence
    identity: Identity
    changed: bool = False


_Outcome: TypeAlias = _Business | _Presence | Condition | UpdateNews | uplink.Undecipherable


class MqttIngest:
    """Stores what devices send and then tells the bus: commit, acknowledge, publish the event.

    A batch is one transaction. A message that says nothing is counted, logged and acknowledged; it stops no
    other. While the store fails nothing is acknowledged and the batch is tried again.
    answers: told of 0x0094 and 0x0093 once they are stored. on_online: called with the did each time a
    device's connection begins. connected_clients: asks the broker which client ids are connected, to find the
    devices that went without a word; None when the broker cannot be asked.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        store: Store,
        bus: Bus,
        answers: Answers,
        *,
        on_online: Callable[[str], None] = lambda _did: None,
        connected_clients: ConnectedClients | None = None,
        compare_after_s: float = COMPARE_AFTER_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.undecipherable = 0
        """Messages since the start that said nothing."""
        self._store = store
        self._bus = bus
        self._answers = answers
        self._clock = clock
        self._backlog = Backlog()
        self._complaints = Complaints()
        self._connection = 0
        self._resumed_at = 0.0
        self._resumed_until = 0.0
        self._overtaken = repeats.Overtaken()
        self._self_reports = SelfReportBook(store, clock)
        self._closing = False
        self._worker: asyncio.Task[None] | None = None
        self._presence = PresenceBook(
            store,
            bus,
            on_online=on_online,
            on_offline=answers.went_offline,
            connected_clients=connected_clients,
            compare_after_s=compare_after_s,
            clock=clock,
        )
        self._link = MqttLink(
            endpoint,
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
        return len(self._backlog)

    def start(self) -> None:
        """Begin to connect and to store."""
        self._worker = asyncio.create_task(self._run(), name="ingest")
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
        self._closing = True
        if self._worker and not self._worker.done():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._backlog.drained(), DRAIN_WITHIN_S)
            self._worker.cancel()
            await asyncio.wait((self._worker,))
        await self._presence.stop()
        await self._link.stop()

    def _take(self, delivery: Delivery) -> None:
        if delivery.connection != self._connection:
            self._connection = delivery.connection
            self._resumed_at = self._clock()
            self._resumed_until = time.monotonic() + RESUME_S
            self._overtaken.clear()
        if not self._closing:
            self._backlog.put(delivery)

    async def _run(self) -> None:
        while True:
            batch = await self._backlog.batch()
            await self._keep(batch)
            self._backlog.finished(batch)

    async def _keep(self, batch: Sequence[Delivery], again: bool = False) -> None:
        """Store a batch; when one of its messages breaks it, each for itself."""
        try:
            await self._handle(batch, again)
        except Exception:
            if len(batch) > 1:
                log.exception("a batch of %d messages broke: each is tried for itself", len(batch))
                for delivery in batch:
                    await self._keep((delivery,), again=True)
                return
            log.exception("a message on %.80r cannot be stored and is dropped", batch[0].topic)
            self.undecipherable += 1
            self._link.ack(batch[0])

    async def _handle(self, batch: Sequence[Delivery], again: bool) -> None:
        outcomes = await self._understand(batch)
        await self._store_reports(outcomes, [delivery.dup for delivery in batch], again)
        for outcome in outcomes:
            if isinstance(outcome, _Presence):
                outcome.changed = await self._presence.note(outcome.said)
        outcomes = await self._keep_self_reports(outcomes)
        for delivery in batch:
            self._link.ack(delivery)
        self._tell(outcomes)

    async def _understand(self, batch: Sequence[Delivery]) -> list[_Outcome]:
        """What each message means, by the devices and products that the store knows."""
        readings = [_read(delivery) for delivery in batch]
        dids = {said.did for said in readings if not isinstance(said, uplink.Undecipherable)}
        identities = await until_stored(partial(self._store.devices.identities, dids))
        products = {
            key: await until_stored(partial(self._store.products.get, key))
            for key in {identity.product_key for identity in identities.values()}
        }
        outcomes: list[_Outcome] = []
        for said in readings:
            if isinstance(said, uplink.Undecipherable):
                outcomes.append(said)
                continue
            identity = identities.get(said.did)
            product = products.get(identity.product_key) if identity else None
            if identity is None or product is None:
                outcomes.append(uplink.Undecipherable(said.did, "there is no such device"))
            elif isinstance(said, uplink.Presence):
                outcomes.append(_Presence(said, identity))
            elif isinstance(said, Condition | UpdateNews):
                outcomes.append(said)
            else:
                outcomes.append(_with_attrs(said, product))
        return outcomes

    async def _store_reports(self, outcomes: Sequence[_Outcome], marked: Sequence[bool], again: bool) -> None:
        """One transaction for all reports that are not stored yet. marked: the broker says it repeats."""
        now = self._clock()
        resuming = time.monotonic() < self._resumed_until
        # What a new connection brings again was stored before it; what was stored since cannot be meant.
        stored_until = self._resumed_at if resuming and not again else now
        if not resuming:
            self._overtaken.clear()
        chosen: list[_Business] = []
        reports: list[Report] = []
        doubts: list[repeats.Doubt] = []
        for outcome, dup in zip(outcomes, marked, strict=True):
            if not isinstance(outcome, _Business) or not outcome.said.p0:
                continue
            if dup or resuming or again:
                doubts.append(repeats.Doubt(len(reports), stored_until))
            if resuming and outcome.attrs:
                self._yield_to_newer(outcome, dup)
            said = outcome.said
            chosen.append(outcome)
            reports.append(Report(said.did, now, said.cmd, said.p0, outcome.attrs))
        history = self._store.states.reports
        known = await until_stored(partial(repeats.stored_already, reports, doubts, history))
        for index in known:
            chosen[index].stored = True
        new = [report for index, report in enumerate(reports) if index not in known]
        await until_stored(partial(self._store.states.apply, new))

    async def _keep_self_reports(self, outcomes: Sequence[_Outcome]) -> list[_Outcome]:
        """Store what modules told of themselves; the outcomes, with complaints in place of the useless."""
        await self._self_reports.keep_conditions([said for said in outcomes if isinstance(said, Condition)])
        kept: list[_Outcome] = []
        for outcome in outcomes:
            if isinstance(outcome, UpdateNews) and not await self._self_reports.keep_news(outcome):
                text = f"there is no release {outcome.version} of type {outcome.type} for this device"
                kept.append(uplink.Undecipherable(outcome.did, text))
            else:
                kept.append(outcome)
        return kept

    def _yield_to_newer(self, outcome: _Business, dup: bool) -> None:
        did, attrs = outcome.said.did, outcome.attrs or {}
        if dup:
            outcome.attrs = self._overtaken.left(did, attrs) or None
            outcome.overtaken = outcome.attrs is None
        else:
            self._overtaken.note(did, attrs)

    def _tell(self, outcomes: Sequence[_Outcome]) -> None:
        # Of repetitions only the last is told again: it is the present state, the others are past.
        last = {
            outcome.said.did: outcome
            for outcome in outcomes
            if isinstance(outcome, _Business) and outcome.stored
        }
        for outcome in outcomes:
            if isinstance(outcome, uplink.Undecipherable):
                self._complain(outcome)
            elif isinstance(outcome, _Presence):
                self._presence.tell(outcome.said, outcome.identity, outcome.changed)
            elif isinstance(outcome, _Business):
                self._answer(outcome.said)
                is_past = outcome.stored and last[outcome.said.did] is not outcome
                if not is_past and not outcome.overtaken:
                    self._report(outcome)

    def _answer(self, said: uplink.Business) -> None:
        if said.sn is None:
            return
        if said.cmd == envelope.ANSWER:
            self._answers.answered(said.did, said.tail, said.sn, said.p0)
        elif said.cmd == envelope.REQUEST:
            self._answers.requested(said.did, said.sn)

    def _report(self, outcome: _Business) -> None:
        said = outcome.said
        self._bus.publish(
            Reported(
                did=said.did,
                product=outcome.product.points,
                cmd=said.cmd,
                sn=said.sn,
                attrs=outcome.attrs,
                p0=said.p0,
                envelope=said.envelope,
                at=self._clock(),
            )
        )

    def _complain(self, wrong: uplink.Undecipherable) -> None:
        self.undecipherable += 1
        self._complaints.note(wrong.did, str(wrong))
        if wrong.did:
            self._bus.publish(Undecodable(wrong.did, str(wrong)))


def _read(delivery: Delivery) -> uplink.Said | uplink.Undecipherable:
    try:
        return uplink.read(delivery.topic, delivery.payload)
    except uplink.Undecipherable as error:
        return error


def _with_attrs(said: uplink.Business, product: Product) -> _Outcome:
    try:
        return _Business(said, product, uplink.status(product.codec, said))
    except uplink.Undecipherable as error:
        return error
