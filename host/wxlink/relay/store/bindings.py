"""Bindings: which user may see and control which device."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, Select, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.errors import ApiError
from wxlink.relay.store.audit import Entry, record
from wxlink.relay.store.database import Database, insert
from wxlink.relay.store.devices import DEVICE, IS_DISABLED, Device
from wxlink.relay.store.happenings import BindingBegan, BindingEnded, Followers
from wxlink.relay.store.messages import add_message
from wxlink.relay.store.roles import NORMAL, OWNER, SPECIAL
from wxlink.relay.store.schema import apps, bindings, devices, products, shares, users
from wxlink.relay.store.share_states import ACCEPTED, CANCELLED

LAPSES_AT_ONCE: Final = 500  # bindings ended in one call


@dataclass(frozen=True, slots=True)
class Binding:
    """One user's tie to one device; remark, alias and labels are that user's own words for it.

    expires_at: when a guest's time is up, None: never.
    """

    uid: str
    did: str
    role: str
    created_at: float
    remark: str = ""
    alias: str = ""
    labels: list[str] = field(default_factory=list)
    expires_at: float | None = None


class OtherMakers(ApiError):
    """The device is of another maker than the user's app: for that user there is no such device (9014)."""

    def __init__(self) -> None:
        super().__init__(9014)


class Bound(NamedTuple):
    """A device as one user has it."""

    binding: Binding
    device: Device


class Bindings:
    """The table of bindings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def bind(
        self,
        uid: str,
        did: str,
        at: float,
        *,
        remark: str = "",
        alias: str = "",
        set_owner: bool | None = None,
    ) -> bool:
        """Bind a user to a device that exists; whether the binding is new. An old one keeps its words.

        set_owner: what the user wants to be when nobody has the device and its product has sharing: the
        owner (also None) or special. Raises ApiError 9092 when the device has an owner.
        """
        async with self._database.write() as conn:
            followers = self._database.followers
            return await bind(conn, followers, uid, did, at, remark=remark, alias=alias, set_owner=set_owner)

    async def unbind(self, uid: str, did: str, at: float) -> tuple[str, ...]:
        """Undo a binding; who lost the device, none when there was none.

        When the first binder leaves, the next takes the place. When the owner leaves, all guests lose it.
        """
        async with self._database.write() as conn:
            return await unbind(conn, self._database.followers, uid, did, at)

    async def lapse(self, now: float) -> list[tuple[str, str]]:
        """End the bindings whose time is up, at most LAPSES_AT_ONCE; uid and did of each."""
        over = select(bindings.c.uid, bindings.c.did).where(bindings.c.expires_at <= now)
        async with self._database.read() as conn:
            found = (await conn.execute(over.limit(LAPSES_AT_ONCE))).all()
        gone = []
        for uid, did in found:
            # A transaction each: one that holds several devices could wait in a circle with another such.
            async with self._database.write() as conn:
                await lock(conn, did)
                # A transfer may have made the guest an owner meanwhile, another process may have been first.
                still = over.where(bindings.c.uid == uid, bindings.c.did == did)
                if (await conn.execute(still)).first() is None:
                    continue
                await add_message(conn, uid, "share.lapsed", {"device": await called(conn, uid, did)}, now)
                await end(conn, self._database.followers, did, (uid,), now)
            gone.append((uid, did))
        return gone

    async def roles(self, did: str) -> dict[str, str]:
        """uid and role of everyone who has the device, oldest binding first."""
        query = select(bindings.c.uid, bindings.c.role).where(bindings.c.did == did)
        async with self._database.read() as conn:
            rows = (await conn.execute(query.order_by(bindings.c.created_at, bindings.c.uid))).all()
        return {row.uid: row.role for row in rows}

    async def hand_over(self, uid: str, did: str, at: float, entry: Entry) -> tuple[str, ...]:
        """Make this user the only one of a device, as its first binder; the users who lost it.

        Raises OtherMakers.
        """
        followers = self._database.followers
        async with self._database.write() as conn:
            await lock(conn, did)
            query = select(bindings.c.uid).where(bindings.c.did == did)
            present = set((await conn.execute(query)).scalars())
            lost = tuple(present - {uid})
            await end(conn, followers, did, lost, at)
            role = await _first_role(conn, did, None)
            if uid in present:
                mine = (bindings.c.did == did) & (bindings.c.uid == uid)
                await conn.execute(update(bindings).where(mine).values(role=role, expires_at=None))
            else:
                await add_binding(conn, followers, Binding(uid, did, role, at))
            await record(conn, entry)
        return lost

    async def get(self, uid: str, did: str) -> Bound | None:
        """The device as this user has it, or None when they are not bound."""
        query = _joined().where(bindings.c.uid == uid, bindings.c.did == did)
        async with self._database.read() as conn:
            row = (await conn.execute(query)).one_or_none()
        return None if row is None else _bound(row)

    async def among(self, uid: str, dids: Iterable[str]) -> set[str]:
        """Those of the dids that the user is bound to."""
        query = select(bindings.c.did).where(bindings.c.uid == uid, bindings.c.did.in_(list(dids)))
        async with self._database.read() as conn:
            return set((await conn.execute(query)).scalars())

    async def of_user(
        self, uid: str, limit: int | None = None, skip: int = 0, disabled: bool = True
    ) -> list[Bound]:
        """A page of the user's devices in the order of binding; without the disabled ones if so asked."""
        query = _joined().where(bindings.c.uid == uid).order_by(bindings.c.created_at, bindings.c.did)
        if not disabled:
            query = query.where(~IS_DISABLED)
        async with self._database.read() as conn:
            return [_bound(row) for row in await conn.execute(query.limit(limit).offset(skip))]

    async def describe(
        self, uid: str, did: str, remark: str | None, alias: str | None, labels: list[str] | None
    ) -> Binding | None:
        """Change the words given (None leaves one as it is); the binding afterwards, None without one."""
        words = {"remark": remark, "alias": alias, "labels": labels}
        given = {name: word for name, word in words.items() if word is not None}
        async with self._database.write() as conn:
            query = select(bindings).where(bindings.c.uid == uid, bindings.c.did == did).with_for_update()
            row = (await conn.execute(query)).one_or_none()
            if row is None:
                return None
            if given:
                mine = update(bindings).where(bindings.c.uid == uid, bindings.c.did == did)
                await conn.execute(mine.values(given))
        return replace(Binding(**row._mapping), **given)  # type: ignore[arg-type]  # the keys are those of `words`


async def lock(conn: AsyncConnection, did: str) -> bool:
    """Hold a device until the end of the transaction: whatever changes who has it does so first.

    Orders writers on a database server; SQLite has one writer anyway. False when there is no such device.
    """
    row = await conn.execute(select(devices.c.did).where(devices.c.did == did).with_for_update())
    return row.first() is not None


async def bind(
    conn: AsyncConnection,
    followers: Followers,
    uid: str,
    did: str,
    at: float,
    *,
    remark: str = "",
    alias: str = "",
    set_owner: bool | None = None,
) -> bool:
    """Bind within another table's transaction. Raises ApiError 9092 when the device has an owner."""
    await lock(conn, did)
    query = select(bindings.c.uid, bindings.c.role).where(bindings.c.did == did)
    roles = {row.uid: row.role for row in await conn.execute(query)}
    if uid in roles:
        return False
    if OWNER in roles.values():
        raise ApiError(9092, "ask its owner for an invitation")
    role = NORMAL if roles else await _first_role(conn, did, set_owner)
    await add_binding(conn, followers, Binding(uid, did, role, at, remark, alias))
    return True


async def add_binding(conn: AsyncConnection, followers: Followers, binding: Binding) -> None:
    """Insert a binding of a device that is locked and that the user does not have. Raises OtherMakers."""
    if await _is_other_makers(conn, binding.uid, binding.did):
        raise OtherMakers
    await conn.execute(insert(conn, bindings).values(asdict(binding)))
    await followers.tell(conn, (BindingBegan(binding.did, binding.created_at, binding.uid),))


async def end(conn: AsyncConnection, followers: Followers, did: str, uids: Sequence[str], at: float) -> None:
    """End bindings of a locked device, and the shares that they came from."""
    await conn.execute(delete(bindings).where(bindings.c.did == did, bindings.c.uid.in_(uids)))
    used = (shares.c.did == did) & shares.c.guest.in_(uids) & (shares.c.status == ACCEPTED)
    await conn.execute(update(shares).where(used).values(status=CANCELLED, updated_at=at))
    await followers.tell(conn, [BindingEnded(did, at, uid) for uid in uids])


async def role_of(conn: AsyncConnection, uid: str, did: str) -> str | None:
    """What the user is to the device, None: nothing."""
    query = select(bindings.c.role).where(bindings.c.uid == uid, bindings.c.did == did)
    role: str | None = (await conn.execute(query)).scalar_one_or_none()
    return role


async def called(conn: AsyncConnection, uid: str, did: str) -> str:
    """What a user calls a device: the alias, the remark, or the product's name."""
    mine = (bindings.c.did == devices.c.did) & (bindings.c.uid == uid)
    query = (
        select(bindings.c.alias, bindings.c.remark, products.c.name)
        .select_from(devices)
        .join(products, products.c.product_key == devices.c.product_key)
        .outerjoin(bindings, mine)
        .where(devices.c.did == did)
    )
    row = (await conn.execute(query)).one()
    return str(row.alias or row.remark or row.name)


async def _first_role(conn: AsyncConnection, did: str, set_owner: bool | None) -> str:
    query = select(products.c.sharing).join(devices, devices.c.product_key == products.c.product_key)
    sharing = (await conn.execute(query.where(devices.c.did == did))).scalar_one_or_none()
    return OWNER if sharing and set_owner is not False else SPECIAL


async def unbind(
    conn: AsyncConnection, followers: Followers, uid: str, did: str, at: float
) -> tuple[str, ...]:
    """Unbind within another table's transaction; who lost the device."""
    await lock(conn, did)
    query = select(bindings.c.uid, bindings.c.role).where(bindings.c.did == did)
    rows = (await conn.execute(query.order_by(bindings.c.created_at, bindings.c.uid))).all()
    roles = {row.uid: row.role for row in rows}
    role = roles.pop(uid, None)
    if role is None:
        return ()
    if role == SPECIAL and roles:
        heir = (bindings.c.did == did) & (bindings.c.uid == next(iter(roles)))
        await conn.execute(update(bindings).where(heir).values(role=SPECIAL))
    gone = (uid, *roles) if role == OWNER else (uid,)
    device = await called(conn, uid, did)
    for guest in gone[1:]:
        await add_message(conn, guest, "share.ended", {"device": device}, at)
    await end(conn, followers, did, gone, at)
    return gone


async def _is_other_makers(conn: AsyncConnection, uid: str, did: str) -> bool:
    """Whether user and device belong to different makers.

    A user of the relay's own app, or of none (a person known through WeChat), may have every maker's devices.
    """
    of_app = select(apps.c.maker).join(users, users.c.appid == apps.c.appid).where(users.c.uid == uid)
    of_product = (
        select(products.c.maker)
        .join(devices, devices.c.product_key == products.c.product_key)
        .where(devices.c.did == did)
    )
    app = (await conn.execute(of_app)).scalar_one_or_none()
    return app is not None and app != (await conn.execute(of_product)).scalar_one_or_none()


_BINDING_WIDTH: Final = len(bindings.columns)


def _joined() -> Select[Any]:
    return select(bindings, *DEVICE).join(devices, devices.c.did == bindings.c.did)


def _bound(row: Row[Any]) -> Bound:
    binding = dict(zip(bindings.columns.keys(), row[:_BINDING_WIDTH], strict=True))
    device = dict(zip(devices.columns.keys(), row[_BINDING_WIDTH:], strict=True))
    return Bound(Binding(**binding), Device(**device))
