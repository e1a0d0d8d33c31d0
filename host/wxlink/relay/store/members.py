"""Members: the people who act for a maker."""

from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.store.audit import Entry, record
from wxlink.relay.store.database import Database, insert
from wxlink.relay.store.schema import members

MAKER_OWNER: Final = "owner"
MEMBERS_A_MAKER: Final = 200


class MemberTaken(Exception):
    """Another member has this name."""


class LastOwner(Exception):
    """The maker would be left without an owner."""


class TooManyMembers(Exception):
    """The maker has MEMBERS_A_MAKER."""


@dataclass(frozen=True, slots=True)
class MakerMember:
    """One person. `password` is a scrypt hash. id and maker are 0 until the store draws them."""

    name: str
    role: str
    password: str = field(repr=False)
    created_at: float
    id: int = 0
    maker: int = 0


class Members:
    """The table of members."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, maker: int, member: MakerMember, entry: Entry) -> MakerMember:
        """Add a member. Raises MemberTaken or TooManyMembers."""
        async with self._database.write() as conn:
            count = select(func.count()).select_from(members).where(members.c.maker == maker)
            if (await conn.execute(count)).scalar_one() >= MEMBERS_A_MAKER:
                raise TooManyMembers
            added = await add_member(conn, maker, member)
            await record(conn, entry)
        return added

    async def named(self, name: str) -> MakerMember | None:
        """The member of this name, of whatever maker; None when there is none."""
        async with self._database.read() as conn:
            row = (await conn.execute(select(members).where(members.c.name == name))).one_or_none()
        return None if row is None else MakerMember(**row._mapping)

    async def of(self, maker: int) -> list[MakerMember]:
        """A maker's members, oldest first."""
        query = select(members).where(members.c.maker == maker).order_by(members.c.id)
        async with self._database.read() as conn:
            return [MakerMember(**row._mapping) for row in await conn.execute(query)]

    async def set_role(self, member: MakerMember, role: str, entry: Entry) -> None:
        """Give another role. Raises LastOwner."""
        async with self._database.write() as conn:
            await _keep_an_owner(conn, member, role)
            await conn.execute(update(members).where(members.c.id == member.id).values(role=role))
            await record(conn, entry)

    async def set_password(self, member: MakerMember, password: str, entry: Entry) -> None:
        """Give another password's hash."""
        async with self._database.write() as conn:
            await conn.execute(update(members).where(members.c.id == member.id).values(password=password))
            await record(conn, entry)

    async def remove(self, member: MakerMember, entry: Entry) -> None:
        """Remove a member with all tokens. Raises LastOwner."""
        async with self._database.write() as conn:
            await _keep_an_owner(conn, member, "")
            await conn.execute(delete(members).where(members.c.id == member.id))
            await record(conn, entry)


async def add_member(conn: AsyncConnection, maker: int, member: MakerMember) -> MakerMember:
    """Add a member within another table's transaction. Raises MemberTaken."""
    row: dict[str, Any] = {
        "maker": maker,
        "name": member.name,
        "password": member.password,
        "role": member.role,
        "created_at": member.created_at,
    }
    statement = insert(conn, members).values(row).on_conflict_do_nothing().returning(members.c.id)
    id_ = (await conn.execute(statement)).scalar_one_or_none()
    if id_ is None:
        raise MemberTaken(member.name)
    return MakerMember(id=id_, **row)


async def _keep_an_owner(conn: AsyncConnection, member: MakerMember, role: str) -> None:
    """Raises LastOwner when nobody else is one and this member ceases to be."""
    if role == MAKER_OWNER:
        return
    # Locked in one order: two owners who remove each other at once wait for one another.
    query = select(members.c.id).where(members.c.maker == member.maker, members.c.role == MAKER_OWNER)
    owners = set((await conn.execute(query.order_by(members.c.id).with_for_update())).scalars())
    if owners == {member.id}:
        raise LastOwner
