"""A maker's servers: the keys they have, the queues they listen to, and commands they send to devices."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from wxlink.relay import values
from wxlink.relay.errors import ApiError
from wxlink.relay.ids import fingerprint, is_same, new_key, new_secret
from wxlink.relay.service.actor import PRODUCTS, READ, Actor
from wxlink.relay.service.catalogue import Catalogue, one_maker
from wxlink.relay.service.core import check_text
from wxlink.relay.service.throttle import Throttle
from wxlink.relay.store import (
    ENTERPRISE_API,
    EVENT_TYPES,
    EVERY_PRODUCT,
    SUBKEYS_MAX,
    Backlog,
    Origin,
    Product,
    Queue,
    SnotiKey,
    Subscription,
    TooManyQueues,
)
from wxproto.errors import LocalError

NOTE_MAX: Final = 255  # characters of a key's note
SECRET_MAX: Final = 128  # characters; ours have 22, longer texts are not worth a hash
COMMANDS_MAX: Final = 3_000  # to devices, of one key...
COMMANDS_WINDOW_S: Final = 60  # ...in this time: 50 a second, as one socket of an app may send
AUTH_ID: Final = re.compile(r"[0-9a-f]{32}")
SUBKEY: Final = re.compile(r"[A-Za-z0-9_]{1,32}")
NO_SECRET: Final = fingerprint("")  # compared with when there is no such key: that takes as long


class Issued(NamedTuple):
    """A new key; its secret is shown now and never again."""

    auth_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class PushCommand:
    """A server's command to a device: data points, or P0 when attrs is None.

    mac and product_key must be the device's own when they are given. binary_coding: of values in attrs.
    """

    did: str
    mac: str | None
    product_key: str | None
    attrs: dict[str, Any] | None
    raw: bytes
    binary_coding: str = values.HEX


class ServerPush(Catalogue):
    """Use cases of a maker's servers."""

    @cached_property
    def _commands(self) -> Throttle:
        return Throttle(COMMANDS_MAX, COMMANDS_WINDOW_S)

    async def issue_push_key(self, by: Actor, product_key: str | None, note: str = "") -> Issued:
        """A new key for the servers of a product, or (None) of all products of the maker.

        Raises ApiError: 9002 no such product, 9015 the note is too long, 9093.
        """
        issued = Issued(new_key(), new_secret())
        async with self.audited(by, PRODUCTS, "push_key.add", issued.auth_id) as entry:
            check_text("note", note, NOTE_MAX)
            product = None if product_key is None else await self._own_product(by, product_key)
            maker = one_maker(by) if product is None else product.maker
            key = SnotiKey(issued.auth_id, maker, product_key, note, self.clock())
            await self.store.snoti_keys.add(key, fingerprint(issued.secret), entry.of(maker))
        return issued

    async def push_keys(self, by: Actor) -> list[SnotiKey]:
        """The maker's keys. Raises ApiError 9093."""
        by.need(READ)
        return await self.store.snoti_keys.all(by.maker)

    async def push_queues(self, by: Actor) -> list[Backlog]:
        """How full the maker's queues are. Raises ApiError 9093."""
        by.need(READ)
        own = {product.product_key for product in await self.store.products.of_maker(by.maker)}
        return [
            one
            for one in await self.store.snoti_queues.backlogs()
            if by.maker is None or one.queue.maker == by.maker or one.queue.product_key in own
        ]

    async def revoke_push_key(self, by: Actor, auth_id: str) -> None:
        """Take a key back; who came in with it is out within a minute. Raises ApiError 9027, 9093."""
        shown = auth_id if AUTH_ID.fullmatch(auth_id) else "?"
        async with self.audited(by, PRODUCTS, "push_key.remove", shown) as entry:
            found = await self._push_key(auth_id)
            if found is None or not by.of(found.maker):
                raise ApiError(9027, "there is no such auth_id")
            await self.store.snoti_keys.remove(auth_id, entry.of(found.maker))

    async def valid_push_keys(self, auth_ids: Collection[str]) -> set[str]:
        """Those of the keys that were not taken back."""
        return await self.store.snoti_keys.among(auth_ids)

    async def is_push_key(self, auth_id: str, secret: str, product_key: str | None) -> bool:
        """Whether these prove a server of this product, or (None) of all products."""
        if not AUTH_ID.fullmatch(auth_id) or len(secret) > SECRET_MAX:
            return False
        key, stored = await self.store.snoti_keys.get(auth_id) or (None, NO_SECRET)
        right = is_same(stored, fingerprint(secret))
        return right and key is not None and key.product_key == product_key

    async def subscribe_push(self, wanted: Sequence[tuple[str, str, Collection[str]]]) -> list[Queue]:
        """The queues of (product key, subkey, events), made when they are new; all or none.

        Raises ApiError 9015: a subkey or an event that is none, or too many queues of a product.
        """
        subscriptions = [_subscription(*one) for one in wanted]
        try:
            return await self.store.snoti_queues.subscribe(subscriptions, self.clock())
        except TooManyQueues as error:
            raise ApiError(
                9015,
                f"a product has at most {SUBKEYS_MAX} subkeys; unsubscribe one from all its events first",
            ) from error

    async def subscribe_all_push(self, auth_id: str) -> Queue:
        """The queue of a key that stands for all products of a maker: it takes every event.

        Raises ApiError 9016 when it is none.
        """
        key = await self._push_key(auth_id)
        if key is None or key.product_key is not None:
            raise ApiError(9016)
        wanted = Subscription(EVERY_PRODUCT, auth_id, frozenset(EVENT_TYPES), key.maker)
        return (await self.store.snoti_queues.subscribe((wanted,), self.clock()))[0]

    async def unsubscribe_push(self, product_key: str, subkey: str, events: Collection[str]) -> None:
        """Take events from a queue. Raises ApiError 9015 as `subscribe_push`."""
        await self.store.snoti_queues.unsubscribe(_subscription(product_key, subkey, events))

    async def command(self, auth_id: str, command: PushCommand) -> None:
        """Send a server's command, without waiting for an answer. auth_id: of the key that it came in with.

        Raises ApiError: 9014 no such device of the key's, or its mac or product is another; 9015 attrs is
        empty, or raw too long; 9021 the broker is away; 9023 disabled; 9025 a data point that does not fit;
        9041 too many commands of this key; 9042 off-line.
        """
        now = self.clock()
        if self._commands.is_full(auth_id, now):
            raise ApiError(9041, f"{COMMANDS_MAX} commands in {COMMANDS_WINDOW_S} s at most; send it later")
        self._commands.count(auth_id, now)
        device = await self.registered_device(command.did)
        product = await self.product(device.product_key)
        key = await self._push_key(auth_id)
        if key is None or key.maker != product.maker or key.product_key not in (None, product.product_key):
            raise ApiError(9014)
        if command.product_key not in (None, device.product_key):
            raise ApiError(9014, "the device is of another product_key")
        if command.mac is not None and command.mac.lower() != device.mac.lower():
            raise ApiError(9014, "the device has another mac")
        await self.downlink.send(device.did, _p0(product, command), Origin(ENTERPRISE_API))

    async def _push_key(self, auth_id: str) -> SnotiKey | None:
        found = await self.store.snoti_keys.get(auth_id) if AUTH_ID.fullmatch(auth_id) else None
        return None if found is None else found[0]


def _subscription(product_key: str, subkey: str, events: Collection[str]) -> Subscription:
    if not SUBKEY.fullmatch(subkey):
        raise ApiError(9015, "a subkey is 1 to 32 of A-Z, a-z, 0-9 and _")
    unknown = [name for name in events if name not in EVENT_TYPES]
    if unknown:
        raise ApiError(9015, f"there is no event {unknown[0]!r:.60}; they are {', '.join(EVENT_TYPES)}")
    return Subscription(product_key, subkey, frozenset(events))


def _p0(product: Product, command: PushCommand) -> bytes:
    if command.attrs is None:
        return command.raw
    if not command.attrs:
        raise ApiError(9015, "attrs names at least one data point")
    try:
        given = values.from_client(product.points, command.attrs, command.binary_coding)
        for name, value in given.items():
            point = product.points.point(name)
            if isinstance(value, bytes) and len(value) > point.len:
                wrong = f"data length does not match: {name} has {point.len} bytes, not {len(value)}"
                raise ApiError(9025, wrong)
        return product.codec.encode_control(given)
    except LocalError as error:
        raise ApiError(9025, str(error)) from error
