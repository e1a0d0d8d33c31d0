"""Devices: who they are, whether they are on-line."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.ids import is_same, new_did
from wxlink.relay.store.audit import Entry, record
from wxlink.relay.store.database import Database, insert, turn
from wxlink.relay.store.happenings import BindingEnded, Connected, Disconnected, Happening, Reset
from wxlink.relay.store.makers import check_room
from wxlink.relay.store.order import Connections, Position
from wxlink.relay.store.schema import bindings, devices, makers, products, states

IDENTITIES_KEPT: Final = 20_000  # in memory, about 10 MB: one is needed for every report
ASKED_AT_ONCE: Final = 1_000  # dids in one query; a database takes some 32,000 parameters


@dataclass(frozen=True, slots=True)
class Device:
    """One device. `connection` names its latest MQTT connection, `state_at` is when it last came or went.

    disabled: locked out, by itself or because its maker is.
    update_key: 64 hex digits under which updates are proved to this module; None: it registered without.
    health: what its module last told of itself, `health_at` when; None: never.
    """

    did: str
    product_key: str
    mac: str
    passcode: str
    online: bool
    connection: str
    disabled: bool
    state_at: float
    registered_at: float
    update_key: str | None = field(default=None, repr=False)
    health: dict[str, Any] | None = None
    health_at: float | None = None


class Identity(NamedTuple):
    """What never changes about a did."""

    product_key: str
    mac: str
    passcode: str


class Room(NamedTuple):
    """How many devices the product may have by which quota of its maker."""

    quota: str
    most: int | None


class Registered(NamedTuple):
    """The outcome of a registration; `unbound` names the users who lost the replaced device."""

    did: str
    new: bool
    replaced_did: str | None
    unbound: tuple[str, ...]


class Health(NamedTuple):
    """What a module told of itself."""

    did: str
    at: float
    words: dict[str, Any]


class Devices:
    """The table of devices."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._identities: OrderedDict[str, Identity] = OrderedDict()

    async def register(
        self, product_key: str, mac: str, passcode: str, at: float, room: Room | None = None
    ) -> Registered:
        """The did of this module, drawn anew for an unknown one. The product must exist.

        A known product key and mac with another passcode is a module that was reset: it gets a new did,
        and the old one goes with its bindings. Raises QuotaReached when an unknown one finds no room.
        """
        query = select(devices.c.did, devices.c.passcode).where(
            devices.c.product_key == product_key, devices.c.mac == mac
        )
        async with self._database.read() as conn:
            known = (await conn.execute(query)).one_or_none()
        if known is not None and is_same(known.passcode, passcode):
            return Registered(known.did, False, None, ())
        async with self._database.write() as conn:
            await turn(conn, "device", product_key, mac)
            known = (await conn.execute(query)).one_or_none()  # another registration may have come first
            if known is not None and is_same(known.passcode, passcode):
                return Registered(known.did, False, None, ())
            unbound: tuple[str, ...] = ()
            if known is None and room is not None:
                await check_room(conn, *room, devices.c.product_key, product_key)
            if known is not None:
                unbound = tuple(
                    (await conn.execute(select(bindings.c.uid).where(bindings.c.did == known.did))).scalars()
                )
                await conn.execute(delete(devices).where(devices.c.did == known.did))
                await self._tell_reset(conn, Reset(known.did, at, product_key, mac), unbound)
            did = new_did()
            row = {
                "did": did,
                "product_key": product_key,
                "mac": mac,
                "passcode": passcode,
                "online": False,
                "connection": "",
                "disabled": False,
                "state_at": at,
                "registered_at": at,
            }
            await conn.execute(insert(conn, devices).values(row))
            await conn.execute(insert(conn, states).values(did=did, updated_at=0.0, attrs={}))
        if known is not None:
            self._identities.pop(known.did, None)
        return Registered(did, True, None if known is None else known.did, unbound)

    async def retire(self, did: str, passcode: str, at: float) -> tuple[str, ...] | None:
        """Forget a did; the users who lost it, or None when did and passcode do not belong together."""
        async with self._database.write() as conn:
            query = select(devices.c.passcode, devices.c.product_key, devices.c.mac)
            known = (await conn.execute(query.where(devices.c.did == did))).one_or_none()
            if known is None or not is_same(known.passcode, passcode):
                return None
            unbound = tuple(
                (await conn.execute(select(bindings.c.uid).where(bindings.c.did == did))).scalars()
            )
            await conn.execute(delete(devices).where(devices.c.did == did))
            await self._tell_reset(conn, Reset(did, at, known.product_key, known.mac), unbound)
        self._identities.pop(did, None)
        return unbound

    async def get(self, did: str) -> Device | None:
        """The device, or None when there is none."""
        async with self._database.read() as conn:
            row = (await conn.execute(select(*DEVICE).where(devices.c.did == did))).one_or_none()
        return None if row is None else Device(**row._mapping)

    async def find(self, product_key: str, mac: str) -> Device | None:
        """The device with this product key and mac."""
        query = select(*DEVICE).where(devices.c.product_key == product_key, devices.c.mac == mac)
        async with self._database.read() as conn:
            row = (await conn.execute(query)).one_or_none()
        return None if row is None else Device(**row._mapping)

    async def identities(self, dids: Iterable[str]) -> dict[str, Identity]:
        """Product key, mac and passcode of the dids that exist; one query for those not asked for lately."""
        wanted = set(dids)
        if not wanted <= self._identities.keys():
            async with self._database.read() as conn:
                return await self.identities_within(conn, wanted)
        return self._found(wanted)

    async def identities_within(self, conn: AsyncConnection, dids: Collection[str]) -> dict[str, Identity]:
        """As `identities`, within a transaction."""
        missing = sorted(set(dids) - self._identities.keys())
        query = select(devices.c.did, devices.c.product_key, devices.c.mac, devices.c.passcode)
        for start in range(0, len(missing), ASKED_AT_ONCE):
            some = devices.c.did.in_(missing[start : start + ASKED_AT_ONCE])
            for did, *identity in await conn.execute(query.where(some)):
                self._identities[did] = Identity(*identity)
        return self._found(dids)

    def _found(self, dids: Collection[str]) -> dict[str, Identity]:
        found = {did: self._identities[did] for did in dids if did in self._identities}
        for did in found:
            self._identities.move_to_end(did)
        while len(self._identities) > IDENTITIES_KEPT:
            self._identities.popitem(last=False)
        return found

    async def set_update_key(self, did: str, key: str) -> bool:
        """Keep the key under which updates are proved to this device; whether it is another than before."""
        mine = update(devices).where(devices.c.did == did, devices.c.update_key.is_distinct_from(key))
        async with self._database.write() as conn:
            return int((await conn.execute(mine.values(update_key=key))).rowcount) == 1

    async def set_health(self, told: Sequence[Health]) -> None:
        """Keep what modules told of themselves, in one transaction; of each the last counts."""
        rows = [{"of": one.did, "at": one.at, "words": one.words} for one in told]
        if rows:
            async with self._database.write() as conn:
                await conn.execute(_HEALTH, rows)

    async def of_maker(
        self, maker: int | None, product_key: str | None, limit: int, after: str = ""
    ) -> list[Device]:
        """A page of a maker's devices, or of all, in the order of their dids; `after` goes on after one."""
        query = select(*DEVICE).where(devices.c.did > after).order_by(devices.c.did).limit(limit)
        if product_key is not None:
            query = query.where(devices.c.product_key == product_key)
        if maker is not None:
            theirs = select(products.c.product_key).where(products.c.maker == maker)
            query = query.where(devices.c.product_key.in_(theirs))
        async with self._database.read() as conn:
            return [Device(**row._mapping) for row in await conn.execute(query)]

    async def all(self, product_key: str | None = None, online: bool | None = None) -> list[Device]:
        """Every device, or those of one product, or those that are on-line or off-line; oldest first."""
        query = select(*DEVICE).order_by(devices.c.registered_at, devices.c.did)
        if product_key is not None:
            query = query.where(devices.c.product_key == product_key)
        if online is not None:
            query = query.where(devices.c.online.is_(online))
        async with self._database.read() as conn:
            return [Device(**row._mapping) for row in await conn.execute(query)]

    async def set_presence(
        self, did: str, online: bool, connection: str, at: float, position: Position | None = None
    ) -> bool:
        """Note that a connection of the device came or went; whether the device came or went with it.

        The end of another connection than the latest says nothing: it is the late will of an earlier one.
        position: where relays share a stream, the place in it; a message that comes late then counts no more
        than it would have in its place.
        """
        async with self._database.write() as conn:
            if position is not None:
                ordered = await _in_order(conn, did, online, connection, position)
                if ordered is None:
                    return False
            query = (
                select(devices.c.online, devices.c.connection).where(devices.c.did == did).with_for_update()
            )
            known = (await conn.execute(query)).one_or_none()
            if known is None or (not online and connection != known.connection):
                return False
            begun = online and connection != known.connection
            online = online if position is None else online and ordered is True
            changed = bool(known.online) != online
            if changed or connection != known.connection:
                values: dict[str, object] = {"online": online, "connection": connection}
                if changed:
                    values["state_at"] = at
                await conn.execute(update(devices).where(devices.c.did == did).values(values))
            happening: Happening = Connected(did, at, not changed) if online else Disconnected(did, at)
            if changed or (begun and online):
                await self._database.followers.tell(conn, (happening,))
        return changed

    async def all_offline(self, at: float) -> int:
        """Note that no device is connected, as after a start of the bundled broker; how many had been."""
        statement = update(devices).where(devices.c.online).values(online=False, state_at=at)
        async with self._database.write() as conn:
            gone = (await conn.execute(statement.returning(devices.c.did))).scalars().all()
            await self._database.followers.tell(conn, [Disconnected(did, at) for did in gone])
        return len(gone)

    async def _tell_reset(self, conn: AsyncConnection, reset: Reset, uids: Sequence[str]) -> None:
        unbound = [BindingEnded(reset.did, reset.at, uid) for uid in uids]
        await self._database.followers.tell(conn, [*unbound, reset])

    async def set_disabled(self, did: str, disabled: bool, entry: Entry | None = None) -> bool:
        """Lock a device out of the broker and of control, or let it in again; False when there is none."""
        async with self._database.write() as conn:
            statement = update(devices).where(devices.c.did == did).values(disabled=disabled)
            done = int((await conn.execute(statement)).rowcount) == 1
            if done and entry is not None:
                await record(conn, entry)
        return done

    async def remove(self, did: str, at: float, entry: Entry) -> tuple[str, ...] | None:
        """Forget a device that its maker takes back; the users who lost it, or None when there is none."""
        async with self._database.write() as conn:
            query = select(devices.c.product_key, devices.c.mac).where(devices.c.did == did)
            known = (await conn.execute(query)).one_or_none()
            if known is None:
                return None
            unbound = tuple(
                (await conn.execute(select(bindings.c.uid).where(bindings.c.did == did))).scalars()
            )
            await conn.execute(delete(devices).where(devices.c.did == did))
            await self._tell_reset(conn, Reset(did, at, known.product_key, known.mac), unbound)
            await record(conn, entry)
        self._identities.pop(did, None)
        return unbound


# The columns of a `Device`.
IS_DISABLED: Final = or_(
    devices.c.disabled,
    exists().where(
        products.c.product_key == devices.c.product_key, makers.c.id == products.c.maker, makers.c.disabled
    ),
)
DEVICE: Final = tuple(
    IS_DISABLED.label("disabled") if column is devices.c.disabled else column for column in devices.columns
)

_HEALTH: Final = (
    update(devices)
    .where(devices.c.did == bindparam("of"))
    .values(health=bindparam("words", type_=devices.c.health.type), health_at=bindparam("at"))
)


async def _in_order(
    conn: AsyncConnection, did: str, online: bool, connection: str, position: Position
) -> bool | None:
    """Whether the device is on-line by this message in its place; None when it says nothing any more."""
    mine = states.c.did == did
    row = (await conn.execute(select(states.c.connection_order).where(mine).with_for_update())).one_or_none()
    if row is None:
        return None
    order = Connections.from_json(row.connection_order)
    says = order.begins(connection, position) if online else order.ends(connection, position)
    await conn.execute(update(states).where(mine).values(connection_order=order.to_json()))
    return says
