"""Makers: the tenants of a relay."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from sqlalchemy import func, select, update

from wxlink.relay.errors import ApiError
from wxlink.relay.store.audit import Entry, record
from wxlink.relay.store.database import Database, insert
from wxlink.relay.store.members import MakerMember, add_member
from wxlink.relay.store.registry import Registry, Shelf, note_change
from wxlink.relay.store.schema import makers

DEFAULT_MAKER: Final = 1  # id of the maker that a new database has, with the name `default`

# What can be limited, and of what.
QUOTAS: Final[Mapping[str, str]] = {
    "products": "products",
    "apps": "apps",
    "devices": "devices of each product",
    "sandbox_devices": "devices of each product in the sandbox",
    "users": "users of each app",
    "messages": "messages of devices a day (UTC)",
}
_SANDBOX_FULL: Final = 9011
_FULL: Final = 9012


class QuotaReached(ApiError):
    """One more would be beyond the maker's quota: ApiError 9011 for a product in the sandbox, else 9012."""

    def __init__(self, quota: str, most: int) -> None:
        code = _SANDBOX_FULL if quota == "sandbox_devices" else _FULL
        super().__init__(code, f"the quota is {most} {QUOTAS[quota]}; the relay's operator can raise it")


class MakerTaken(Exception):
    """The name is another's."""


@dataclass(frozen=True, slots=True)
class Maker:
    """One tenant. quotas: keys of QUOTAS; what is not named is not limited."""

    id: int
    name: str
    disabled: bool
    quotas: dict[str, int] = field(default_factory=dict)
    created_at: float = 0.0


class Makers:
    """The table of makers, with those seen so far in memory: every report and every API call asks for one."""

    def __init__(self, database: Database, registry: Registry) -> None:
        self._database = database
        self._registry = registry
        self._shelf: Shelf[int, Maker] = registry.add(Shelf())

    async def add(self, name: str, owner: MakerMember, entry: Entry) -> Maker:
        """Add a maker with its first member; ids are drawn here. Raises MakerTaken or MemberTaken."""
        row: dict[str, Any] = {"name": name, "disabled": False, "quotas": {}, "created_at": entry.at}
        async with self._database.write() as conn:
            statement = insert(conn, makers).values(row).on_conflict_do_nothing()
            id_ = (await conn.execute(statement.returning(makers.c.id))).scalar_one_or_none()
            if id_ is None:
                raise MakerTaken(name)
            await add_member(conn, id_, owner)
            await record(conn, entry)
        return Maker(id=id_, **row)

    async def get(self, id_: int) -> Maker | None:
        """The maker, or None when there is none."""
        await self._registry.look()
        held = self._shelf.held
        if id_ not in held:
            async with self._database.read() as conn:
                row = (await conn.execute(select(makers).where(makers.c.id == id_))).one_or_none()
            if row is None:
                return None
            held[id_] = Maker(**row._mapping)
        return held[id_]

    async def named(self, name: str) -> Maker | None:
        """The maker of this name, or None."""
        async with self._database.read() as conn:
            row = (await conn.execute(select(makers).where(makers.c.name == name))).one_or_none()
        return None if row is None else Maker(**row._mapping)

    async def all(self) -> list[Maker]:
        """Every maker, oldest first."""
        async with self._database.read() as conn:
            return [Maker(**row._mapping) for row in await conn.execute(select(makers).order_by(makers.c.id))]

    async def set_disabled(self, id_: int, disabled: bool, entry: Entry) -> None:
        """Lock a maker's apps and devices out, or let them in again."""
        await self._change(id_, {"disabled": disabled}, entry)

    async def set_quotas(self, id_: int, changes: Mapping[str, int | None], entry: Entry) -> dict[str, int]:
        """Change the quotas that are named, None lifts one; all of them afterwards."""
        async with self._database.write() as conn:
            query = select(makers.c.quotas).where(makers.c.id == id_).with_for_update()
            quotas = dict((await conn.execute(query)).scalar_one())
            changed = {**quotas, **changes}
            quotas = {name: most for name, most in changed.items() if most is not None}
            await conn.execute(update(makers).where(makers.c.id == id_).values(quotas=quotas))
            await note_change(conn)
            await record(conn, entry)
        self._registry.forget()
        return quotas

    async def _change(self, id_: int, values: Mapping[str, Any], entry: Entry) -> None:
        async with self._database.write() as conn:
            await conn.execute(update(makers).where(makers.c.id == id_).values(**values))
            await note_change(conn)
            await record(conn, entry)
        self._registry.forget()


async def check_room(conn: Any, quota: str, most: int | None, column: Any, owner: Any) -> None:
    """Raises QuotaReached when `most` rows have the owner in this column already.

    Two transactions at once on a database server may both find the last place free; a quota is no security.
    """
    if most is None:
        return
    query = select(func.count()).select_from(column.table).where(column == owner)
    if cast(int, (await conn.execute(query)).scalar_one()) >= most:
        raise QuotaReached(quota, most)
