"""The bus of several relays: an event reaches the sockets of all; only relays with a watcher hear of it."""

from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from wxlink.relay.cluster.wire import Wire, Words
from wxlink.relay.events import BindingChanged, Bus, DeviceEvent, Event, OnlineChanged, Reported, Undecodable
from wxlink.relay.store import PointOrder, Position
from wxproto.product import Product

Products = Callable[[str], Awaitable[Product | None]]


@dataclass(slots=True)
class _Told:
    """What the watchers of one device here were told."""

    points: PointOrder = field(default_factory=PointOrder)
    known: dict[str, Any] = field(default_factory=dict)


class SharedBus(Bus):
    """A bus that tells the other relays, and is told by them.

    Reports of one device that two relays store come from both; one that comes late tells nothing that a later
    one has said. products: a product by its key.
    """

    def __init__(self, wire: Wire, products: Products) -> None:
        super().__init__()
        self._wire = wire
        self._products = products
        self._told: dict[str, _Told] = {}
        self.on_watchers(self._device_watched)
        self.on_user_watchers(self._user_watched)

    def publish(self, event: Event) -> None:
        """Tell everyone who watches the device (for BindingChanged: the user), at all relays."""
        self._pass(event)
        self._wire.send(_subject(event), _to_words(event))

    def _pass(self, event: Event) -> None:
        if isinstance(event, Reported) and event.position is not None:
            told = self._told.get(event.did)
            current = event if told is None else _current(told, event, event.position)
            if current is not None:
                super().publish(current)
        else:
            super().publish(event)

    def _device_watched(self, did: str, count: int) -> None:
        if count:
            self._told[did] = _Told()
            self._wire.hear(f"ev.{did}", self._heard)
        else:
            self._told.pop(did, None)
            self._wire.unhear(f"ev.{did}")

    def _user_watched(self, uid: str, count: int) -> None:
        if count:
            self._wire.hear(f"user.{uid}", self._heard)
        else:
            self._wire.unhear(f"user.{uid}")

    async def _heard(self, words: Words) -> None:
        kind = words.pop("kind")
        if kind in _PLAIN:
            self._pass(_PLAIN[kind](**words))
            return
        product = await self._products(words.pop("product_key"))
        if product is not None:
            self._pass(_reported(product, words))


def _current(told: _Told, event: Reported, position: Position) -> Reported | None:
    """What the event tells that is not past; None when that is nothing."""
    if position == told.points.top:
        return None  # a repetition, told by the relay that stored it and by the one that got it again
    if event.attrs is None:
        return event
    counts = told.points.take(told.known, event.attrs, position)
    told.known |= counts
    if event.attrs and not counts:
        return None
    return event if len(counts) == len(event.attrs) else replace(event, attrs=counts)


_PLAIN: Final[dict[str, Callable[..., DeviceEvent | BindingChanged]]] = {
    kind.__name__: kind for kind in (OnlineChanged, Undecodable, BindingChanged)
}


def _subject(event: Event) -> str:
    return f"user.{event.uid}" if isinstance(event, BindingChanged) else f"ev.{event.did}"


def _to_words(event: Event) -> Words:
    if not isinstance(event, Reported):
        return {"kind": type(event).__name__, **asdict(event)}
    return {
        "kind": "Reported",
        "product_key": event.product.product_key,
        "did": event.did,
        "cmd": event.cmd,
        "sn": event.sn,
        "attrs": event.attrs,
        "p0": b64encode(event.p0).decode(),
        "envelope": b64encode(event.envelope).decode(),
        "at": event.at,
        "position": event.position,
    }


def _reported(product: Product, words: Words) -> Reported:
    position = words.pop("position")
    return Reported(
        product=product,
        p0=b64decode(words.pop("p0")),
        envelope=b64decode(words.pop("envelope")),
        position=Position(*position) if position else None,
        **words,
    )
