"""Bindings: which user may see and control which device."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, Select, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.store.database import Database, insert
from wxlink.relay.store.devices import Device
from wxlink.relay.store.happenings import BindingBegan, BindingEnded, Followers
from wxlink.relay.store.schema import bindings, devices

SPECIAL: Final = "special"  # the first binder
NORMAL: Final = "normal"  # who bound later


@dataclass(frozen=True, slots=True)
class Binding:
    """One user's tie to one device; remark, alias and labels are that user's own words for it."""

    uid: str
    did: str
    role: str
    created_at: float
    remark: str = ""
    alias: str = ""
    labels: list[str] = field(default_factory=list)


class Bound(NamedTuple):
    """A device as one user has it."""

    binding: Binding
    device: Device


class Bindings:
    """The table of bindings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def bind(self, uid: str, did: str, at: float, *, remark: str = "", alias: str = "") -> bool:
        """Bind a user to a device that exists; whether the binding is new. An old one keeps its words."""
        async with self._database.write() as conn:
            followers = self._database.followers
            return await bind(conn, followers, uid, did, at, remark=remark, alias=alias)

    async def unbind(self, uid: str, did: str, at: float) -> bool:
        """Undo a binding; whether there was one. When the first binder leaves, the next takes the place."""
        async with self._database.write() as conn:
            return await unbind(conn, self._database.followers, uid, did, at)

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
            query = query.where(devices.c.disabled.is_(False))
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


async def bind(
    conn: AsyncConnection,
    followers: Followers,
    uid: str,
    did: str,
    at: float,
    *,
    remark: str = "",
    alias: str = "",
) -> bool:
    """Bind within another table's transaction."""
    # Locking the device orders two first binders on a database server; SQLite has one writer anyway.
    await conn.execute(select(devices.c.did).where(devices.c.did == did).with_for_update())
    first = (await conn.execute(select(bindings.c.uid).where(bindings.c.did == did).limit(1))).first() is None
    row: dict[str, Any] = {
        "uid": uid,
        "did": did,
        "role": SPECIAL if first else NORMAL,
        "remark": remark,
        "alias": alias,
        "labels": [],
        "created_at": at,
    }
    done = await conn.execute(
        insert(conn, bindings).values(row).on_conflict_do_nothing(index_elements=["uid", "did"])
    )
    if done.rowcount == 1:
        await followers.tell(conn, (BindingBegan(did, at, uid),))
    return done.rowcount == 1


async def unbind(conn: AsyncConnection, followers: Followers, uid: str, did: str, at: float) -> bool:
    """Unbind within another table's transaction."""
    mine = (bindings.c.uid == uid) & (bindings.c.did == did)
    gone = delete(bindings).where(mine).returning(bindings.c.role)
    role = (await conn.execute(gone)).scalar_one_or_none()
    if role == SPECIAL:
        heir = (
            select(bindings.c.uid)
            .where(bindings.c.did == did)
            .order_by(bindings.c.created_at, bindings.c.uid)
            .limit(1)
            .scalar_subquery()
        )
        promoted = update(bindings).where(bindings.c.did == did, bindings.c.uid == heir)
        await conn.execute(promoted.values(role=SPECIAL))
    if role is not None:
        await followers.tell(conn, (BindingEnded(did, at, uid),))
    return role is not None


_BINDING_WIDTH: Final = len(bindings.columns)


def _joined() -> Select[Any]:
    return select(bindings, devices).join(devices, devices.c.did == bindings.c.did)


def _bound(row: Row[Any]) -> Bound:
    binding = dict(zip(bindings.columns.keys(), row[:_BINDING_WIDTH], strict=True))
    device = dict(zip(devices.columns.keys(), row[_BINDING_WIDTH:], strict=True))
    return Bound(Binding(**binding), Device(**device))
