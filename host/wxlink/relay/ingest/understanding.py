"""What a batch of messages means, by the devices and products that the store knows."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

from wxlink.relay.ingest import uplink
from wxlink.relay.ingest.backlog import Arrival
from wxlink.relay.ingest.retry import until_stored
from wxlink.relay.ingest.self_report import Condition, UpdateNews
from wxlink.relay.ingest.self_report_book import SelfReportBook
from wxlink.relay.store import Identity, Position, Product, Store


@dataclass(slots=True)
class Business:
    """Business data of a known device.

    past: it is not told: it was told before, or newer messages have said all that it says. at, position: as
    in `Report`, once it is stored.
    """

    said: uplink.Business
    product: Product
    attrs: dict[str, Any] | None
    past: bool = False
    at: float = 0.0
    position: Position | None = None


@dataclass(slots=True)
class Presence:
    """A known device came or went. changed: and that is news."""

    said: uplink.Presence
    identity: Identity
    changed: bool = False


Outcome: TypeAlias = (
    Business | Presence | uplink.CountRequest | Condition | UpdateNews | uplink.Undecipherable
)


class Understanding:
    """Reads messages, and keeps what modules tell of themselves."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._self_reports = SelfReportBook(store, clock)

    async def of(self, batch: Sequence[Arrival]) -> list[Outcome]:
        """What each message means."""
        readings = [_read(arrival) for arrival in batch]
        dids = {said.did for said in readings if not isinstance(said, uplink.Undecipherable)}
        identities = await until_stored(partial(self._store.devices.identities, dids))
        products = {
            key: await until_stored(partial(self._store.products.get, key))
            for key in {identity.product_key for identity in identities.values()}
        }
        outcomes: list[Outcome] = []
        for said in readings:
            if isinstance(said, uplink.Undecipherable):
                outcomes.append(said)
                continue
            identity = identities.get(said.did)
            product = products.get(identity.product_key) if identity else None
            if identity is None or product is None:
                outcomes.append(uplink.Undecipherable(said.did, "there is no such device"))
            elif isinstance(said, uplink.Presence):
                outcomes.append(Presence(said, identity))
            elif isinstance(said, uplink.CountRequest | Condition | UpdateNews):
                outcomes.append(said)
            else:
                outcomes.append(_with_attrs(said, product))
        return await self._within_quota(outcomes)

    async def _within_quota(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """The outcomes, with complaints in place of business data beyond its maker's quota of the day."""
        now, take = self._clock(), self._store.usage.take
        sent = Counter(one.product.maker for one in outcomes if isinstance(one, Business))
        room = {maker: await until_stored(partial(take, maker, count, now)) for maker, count in sent.items()}
        kept: list[Outcome] = []
        for one in outcomes:
            if isinstance(one, Business):
                room[one.product.maker] -= 1
            if isinstance(one, Business) and room[one.product.maker] < 0:
                kept.append(uplink.Undecipherable(one.said.did, _BEYOND))
            else:
                kept.append(one)
        return kept

    async def keep_self_reports(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Store what modules told of themselves; the outcomes, with complaints in place of the useless."""
        await self._self_reports.keep_conditions([said for said in outcomes if isinstance(said, Condition)])
        kept: list[Outcome] = []
        for outcome in outcomes:
            if isinstance(outcome, UpdateNews) and not await self._self_reports.keep_news(outcome):
                text = f"there is no release {outcome.version} of type {outcome.type} for this device"
                kept.append(uplink.Undecipherable(outcome.did, text))
            else:
                kept.append(outcome)
        return kept


_BEYOND: Final = "its maker is locked, or has used up the messages of today"


def _read(arrival: Arrival) -> uplink.Said | uplink.Undecipherable:
    try:
        return uplink.read(arrival.topic, arrival.payload)
    except uplink.Undecipherable as error:
        return error


def _with_attrs(said: uplink.Business, product: Product) -> Outcome:
    try:
        return Business(said, product, uplink.status(product.codec, said))
    except uplink.Undecipherable as error:
        return error
