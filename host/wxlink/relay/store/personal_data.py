"""What the store knows of one user: all of it at once, to be handed out or forgotten.

Read off the schema: a table with a column `uid`, or one that refers to the table of users, is personal. A new
table with such a column is in the export and in the erasure without a word here. The audit log names its
accounts in words; its rows outlive the user, without name and address.
"""

from typing import Any, Final, NamedTuple

from sqlalchemy import Column, Table, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.store.audit import Entry, record, user_account
from wxlink.relay.store.bindings import unbind
from wxlink.relay.store.database import Database, deleted
from wxlink.relay.store.schema import (
    audit,
    bindings,
    commands,
    connections,
    history,
    hours,
    metadata,
    states,
    users,
)

ROWS_MAX: Final = 100_000  # of one table in an export; a device that reports each second makes as many a day
_OF_A_DEVICE: Final = (history, hours, commands, connections)  # what a device did, whoever had it
SECRETS: Final = frozenset({"password", "token", "session", "ticket", "claim", "link", "code", "passcode"})


class Erased(NamedTuple):
    """What went: rows of each table; and who lost which device, guests of the user among them."""

    rows: dict[str, int]
    lost: tuple[tuple[str, str], ...]


class PersonalData:
    """Exports and erases one user."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def export(self, uid: str) -> dict[str, list[dict[str, Any]]]:
        """Every row about the user by table, without secrets; reports of devices of theirs alone, too."""
        told: dict[str, list[dict[str, Any]]] = {}
        async with self._database.read() as conn:
            for table, column in personal_columns():
                shown = [one for one in table.columns if one.name not in SECRETS]
                told.setdefault(table.name, [])
                rows = await conn.execute(select(*shown).where(column == uid).limit(ROWS_MAX))
                told[table.name] += [_plain(row._asdict()) for row in rows]
            alone = await _alone(conn, uid)
            for table in (states, *_OF_A_DEVICE):
                query = select(table).where(table.c.did.in_(alone)).limit(ROWS_MAX)
                told[table.name] = [_plain(row._asdict()) for row in await conn.execute(query)]
            logged = select(audit).where(audit.c.account == user_account(uid)).limit(ROWS_MAX)
            told[audit.name] = [_plain(row._asdict()) for row in await conn.execute(logged)]
        return {name: rows for name, rows in told.items() if rows}

    async def erase(self, uid: str, at: float, entry: Entry) -> Erased:
        """Forget the user in one transaction: their rows, and the reports of devices that nobody else has.

        A table that refers to users and must keep its row (`ON DELETE SET NULL`) loses the name only.
        """
        rows: dict[str, int] = {}
        async with self._database.write() as conn:
            alone = await _alone(conn, uid)
            mine = select(bindings.c.did).where(bindings.c.uid == uid).order_by(bindings.c.did)
            dids = tuple((await conn.execute(mine)).scalars())
            lost = [
                (loser, did)
                for did in dids
                for loser in await unbind(conn, self._database.followers, uid, did, at)
            ]
            for table, column in personal_columns():
                if table is users:
                    continue
                if _keeps_row(column):
                    await conn.execute(update(table).where(column == uid).values({column.name: None}))
                else:
                    gone = await deleted(conn, delete(table).where(column == uid))
                    rows[table.name] = rows.get(table.name, 0) + gone
            if alone:
                for table in _OF_A_DEVICE:
                    rows[table.name] = await deleted(conn, delete(table).where(table.c.did.in_(alone)))
                emptied = update(states).where(states.c.did.in_(alone))
                await conn.execute(emptied.values(updated_at=0.0, attrs={}, hour=0, points=None))
            rows["users"] = await deleted(conn, delete(users).where(users.c.uid == uid))
            if rows["users"]:
                await record(conn, entry)
            logged = update(audit).where(audit.c.account == user_account(uid))
            await conn.execute(logged.values(account=user_account(""), source=""))
        return Erased({name: count for name, count in rows.items() if count}, tuple(lost))


def personal_columns() -> list[tuple[Table, Column[Any]]]:
    """Every column that holds a uid, those of tables that refer to others first."""
    return [
        (table, column)
        for table in reversed(metadata.sorted_tables)
        for column in table.columns
        if column.name == "uid" or any(key.column is users.c.uid for key in column.foreign_keys)
    ]


def _keeps_row(column: Column[Any]) -> bool:
    return any(key.ondelete == "SET NULL" for key in column.foreign_keys)


async def _alone(conn: AsyncConnection, uid: str) -> list[str]:
    """The devices that this user alone has."""
    mine = select(bindings.c.did).where(bindings.c.uid == uid)
    counted = select(bindings.c.did).where(bindings.c.did.in_(mine)).group_by(bindings.c.did)
    return list((await conn.execute(counted.having(func.count() == 1))).scalars())


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()}
