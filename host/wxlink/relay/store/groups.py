"""Groups: devices that a user put together, of one product if they are to be controlled as one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.errors import ApiError
from wxlink.relay.store.database import Database, insert
from wxlink.relay.store.schema import bindings, devices, group_devices, groups, products, users

GROUPS_A_USER: Final = 100
DEVICES_A_GROUP: Final = 100  # one control call speaks to all of them


@dataclass(frozen=True, slots=True)
class Group:
    """One group. product_key: the only product in it, None for a group of any devices."""

    id: str
    uid: str
    name: str
    product_key: str | None
    created_at: float
    updated_at: float


class NamedGroup(NamedTuple):
    """A group, and the name of its product (empty without one)."""

    group: Group
    product_name: str


class Member(NamedTuple):
    """A device in a group, with its user's word for it."""

    did: str
    product_key: str
    product_name: str
    alias: str


class Groups:
    """The tables of groups and of the devices in them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, group: Group) -> None:
        """Add a group of a product that exists. Raises ApiError 9041 when its user has GROUPS_A_USER."""
        count = select(func.count()).select_from(groups).where(groups.c.uid == group.uid)
        row = {
            "id": group.id,
            "uid": group.uid,
            "name": group.name,
            "product_key": group.product_key,
            "created_at": group.created_at,
            "updated_at": group.updated_at,
        }
        async with self._database.write() as conn:
            await conn.execute(select(users.c.uid).where(users.c.uid == group.uid).with_for_update())
            if (await conn.execute(count)).scalar_one() >= GROUPS_A_USER:
                raise ApiError(9041, f"a user has at most {GROUPS_A_USER} groups; delete one first")
            await conn.execute(insert(conn, groups).values(row))

    async def of_user(self, uid: str) -> list[NamedGroup]:
        """The user's groups, oldest first."""
        query = (
            select(groups, products.c.name.label("product_name"))
            .outerjoin(products, products.c.product_key == groups.c.product_key)
            .where(groups.c.uid == uid)
            .order_by(groups.c.created_at, groups.c.id)
        )
        async with self._database.read() as conn:
            rows = [dict(row._mapping) for row in await conn.execute(query)]
        return [NamedGroup(product_name=row.pop("product_name") or "", group=Group(**row)) for row in rows]

    async def get(self, uid: str, group: str) -> Group | None:
        """The user's group with this id."""
        query = select(groups).where(groups.c.id == group, groups.c.uid == uid)
        async with self._database.read() as conn:
            row = (await conn.execute(query)).one_or_none()
        return None if row is None else Group(**row._mapping)

    async def rename(self, uid: str, group: str, name: str, at: float) -> bool:
        """Give a group another name; False when there is none."""
        mine = update(groups).where(groups.c.id == group, groups.c.uid == uid)
        async with self._database.write() as conn:
            return int((await conn.execute(mine.values(name=name, updated_at=at))).rowcount) == 1

    async def remove(self, uid: str, group: str) -> bool:
        """Delete a group, not its devices; False when there is none."""
        mine = delete(groups).where(groups.c.id == group, groups.c.uid == uid)
        async with self._database.write() as conn:
            return int((await conn.execute(mine)).rowcount) == 1

    async def members(self, uid: str, group: str) -> list[Member]:
        """The devices in a group, in the order in which they came to it."""
        query = (
            select(devices.c.did, devices.c.product_key, products.c.name, bindings.c.alias)
            .select_from(group_devices)
            .join(devices, devices.c.did == group_devices.c.did)
            .join(products, products.c.product_key == devices.c.product_key)
            .join(bindings, (bindings.c.uid == group_devices.c.uid) & (bindings.c.did == group_devices.c.did))
            .where(group_devices.c.group_id == group, group_devices.c.uid == uid)
            .order_by(group_devices.c.added_at, group_devices.c.did)
        )
        async with self._database.read() as conn:
            return [Member(*row) for row in await conn.execute(query)]

    async def put(self, uid: str, group: str, dids: Iterable[str], at: float) -> dict[str, ApiError] | None:
        """Put devices into a group; those that were refused, with the reason; None without such a group.

        Reasons: 9015 of another product or the group is full, 9017 the user does not have it. What is in the
        group already is not refused.
        """
        wanted = dict.fromkeys(dids)
        async with self._database.write() as conn:
            found = await _locked(conn, uid, group)
            if found is None:
                return None
            present = set(
                (
                    await conn.execute(select(group_devices.c.did).where(group_devices.c.group_id == group))
                ).scalars()
            )
            # Locked until the commit: a binding that ends meanwhile would leave a row that fits to nothing.
            query = (
                select(bindings.c.did, devices.c.product_key)
                .join(devices, devices.c.did == bindings.c.did)
                .where(bindings.c.uid == uid, bindings.c.did.in_(wanted))
                .with_for_update(read=True, of=bindings)
            )
            owned = {row.did: row.product_key for row in await conn.execute(query)}
            refused: dict[str, ApiError] = {}
            for did in wanted:
                reason = _reason(found, owned.get(did), len(present))
                if did in present:
                    continue
                if reason is not None:
                    refused[did] = reason
                    continue
                row = {"group_id": group, "did": did, "uid": uid, "added_at": at}
                await conn.execute(insert(conn, group_devices).values(row))
                present.add(did)
            await conn.execute(update(groups).where(groups.c.id == group).values(updated_at=at))
        return refused

    async def take(self, uid: str, group: str, dids: Iterable[str], at: float) -> set[str] | None:
        """Take devices out of a group; those that were in it, None without such a group."""
        async with self._database.write() as conn:
            if await _locked(conn, uid, group) is None:
                return None
            out = delete(group_devices).where(
                group_devices.c.group_id == group, group_devices.c.did.in_(list(dids))
            )
            gone = set((await conn.execute(out.returning(group_devices.c.did))).scalars())
            await conn.execute(update(groups).where(groups.c.id == group).values(updated_at=at))
        return gone


async def _locked(conn: AsyncConnection, uid: str, group: str) -> Group | None:
    query = select(groups).where(groups.c.id == group, groups.c.uid == uid).with_for_update()
    row = (await conn.execute(query)).one_or_none()
    return None if row is None else Group(**row._mapping)


def _reason(group: Group, product_key: str | None, count: int) -> ApiError | None:
    if product_key is None:
        return ApiError(9017)
    if group.product_key not in (None, product_key):
        return ApiError(9015, "the group holds devices of another product only")
    if count >= DEVICES_A_GROUP:
        return ApiError(9015, f"a group holds at most {DEVICES_A_GROUP} devices")
    return None
