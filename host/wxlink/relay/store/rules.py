"""Rules: what a user's device sets going at another one."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.store.database import Database
from wxlink.relay.store.schema import rules

OVERLAP_S: Final = 10.0  # looked at again in `refresh`: the clocks of two relays differ a little


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of one user; `did` is the device that sets it going.

    event: `online`, `offline`, `alert`, `fault` or `data`. body: `product_key`, `event_attr`, `input`,
    `condition` and `output` as the client wrote them, `steps` what the outputs are (lists of `runs.Step`),
    and `dids` all devices it uses. interval_s: shortest time between two firings. held: whether the
    condition was true when it was last looked at. window_at, window_count: firings counted since.
    paused_until: until then it does not fire, because it fired too often.
    """

    id: int
    uid: str
    did: str
    name: str
    remark: str
    event: str
    body: dict[str, Any]
    interval_s: float
    changed_at: float
    held: bool = False
    fired_at: float | None = None
    window_at: float = 0.0
    window_count: int = 0
    paused_until: float = 0.0


class Rules:
    """The table of rules, with the dids that have one in memory: every report asks for that."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._mains: set[str] = set()
        self._seen = 0.0

    def concern(self, did: str) -> bool:
        """Whether a rule may wait for this device."""
        return did in self._mains

    async def refresh(self) -> None:
        """See the rules that other processes added."""
        query = select(rules.c.did, rules.c.changed_at).where(rules.c.changed_at > self._seen - OVERLAP_S)
        async with self._database.read() as conn:
            for did, changed_at in await conn.execute(query):
                self._mains.add(did)
                self._seen = max(self._seen, changed_at)

    async def add(self, rule: Rule) -> int:
        """Keep a new rule; its number. That of `rule` is ignored."""
        row = _row(rule)
        del row["id"]
        async with self._database.write() as conn:
            number = (await conn.execute(rules.insert().values(row).returning(rules.c.id))).scalar_one()
        self._mains.add(rule.did)
        return int(number)

    async def change(self, rule: Rule) -> None:
        """Write a rule anew; it begins afresh."""
        fresh = replace(rule, held=False, fired_at=None, window_at=0.0, window_count=0, paused_until=0.0)
        async with self._database.write() as conn:
            await conn.execute(update(rules).where(rules.c.id == rule.id).values(**_row(fresh)))
        self._mains.add(rule.did)

    async def remove(self, number: int) -> None:
        """Forget a rule with its runs."""
        async with self._database.write() as conn:
            await conn.execute(delete(rules).where(rules.c.id == number))

    async def get(self, number: int) -> Rule | None:
        """The rule, or None when there is none."""
        async with self._database.read() as conn:
            row = (await conn.execute(select(rules).where(rules.c.id == number))).one_or_none()
        return None if row is None else Rule(**row._mapping)

    async def of_user(self, uid: str, limit: int, skip: int = 0) -> list[Rule]:
        """The user's rules, oldest first."""
        query = select(rules).where(rules.c.uid == uid).order_by(rules.c.id).limit(limit).offset(skip)
        async with self._database.read() as conn:
            return [Rule(**row._mapping) for row in await conn.execute(query)]

    async def count(self, uid: str) -> int:
        """How many rules the user has."""
        query = select(func.count()).select_from(rules).where(rules.c.uid == uid)
        async with self._database.read() as conn:
            return int((await conn.execute(query)).scalar_one())

    # Within another table's transaction.

    async def waiting(self, conn: AsyncConnection, dids: Collection[str]) -> dict[str, list[Rule]]:
        """The rules that wait for these devices, locked; a device without any is no longer asked for."""
        query = select(rules).where(rules.c.did.in_(sorted(dids))).order_by(rules.c.id).with_for_update()
        found: dict[str, list[Rule]] = {}
        for row in await conn.execute(query):
            found.setdefault(row.did, []).append(Rule(**row._mapping))
        self._mains -= set(dids) - found.keys()
        return found

    async def note(self, conn: AsyncConnection, rule: Rule) -> None:
        """Keep what a rule remembers of its firings."""
        memory = {name: getattr(rule, name) for name in _MEMORY}
        await conn.execute(update(rules).where(rules.c.id == rule.id).values(**memory))

    async def end_for(self, conn: AsyncConnection, uid: str, did: str) -> None:
        """Forget the rules of a user that a device sets going."""
        await conn.execute(delete(rules).where(rules.c.uid == uid, rules.c.did == did))


_MEMORY: Final = ("held", "fired_at", "window_at", "window_count", "paused_until")


def _row(rule: Rule) -> dict[str, Any]:
    return {column.name: getattr(rule, column.name) for column in rules.columns}
