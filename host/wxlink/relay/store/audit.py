"""The audit log: who changed what, who logged in, with which result, when and from where."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.store.database import Database, deleted, pairs
from wxlink.relay.store.happenings import BindingBegan, BindingEnded, Happening, Reset
from wxlink.relay.store.schema import audit, devices, products

OK: Final = "ok"
_WIDTHS: Final = {"account": 128, "action": 40, "object": 255, "result": 64, "source": 64}

SOURCE: Final[ContextVar[str]] = ContextVar("source", default="")
"""The peer's address, for all that is done for one request."""

_TOLD: Final[ContextVar[bool]] = ContextVar("told", default=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. It never holds a secret: object names a thing by its public id.

    maker: whose thing it is; None: of no maker's. account: `member <name>`, `user <uid>`, `operator <name>`,
    `device <did>`, or empty when a log-in named nobody who exists. result: OK, or the code of the refusal.
    source: the peer's address, empty for a program on the relay's own machine.
    """

    at: float
    maker: int | None
    account: str
    action: str
    object: str
    source: str
    result: str = OK

    def refused(self, code: int) -> "Entry":
        """The same, refused."""
        return replace(self, result=str(code))

    def of(self, maker: int) -> "Entry":
        """The same, about a thing of this maker."""
        return replace(self, maker=maker)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows to list; None leaves a field open. action: a whole one, or `product` for all of its kind."""

    maker: int | None = None
    account: str | None = None
    action: str | None = None
    object: str | None = None
    failed: bool = False
    since: float | None = None
    until: float | None = None


class Audit:
    """The table of the audit log. Rows are added and, when they are too old, pruned; none is ever changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, entry: Entry) -> None:
        """Record what changed nothing else: a refusal."""
        async with self._database.write() as conn:
            await record(conn, entry)

    async def list(self, wanted: Wanted, limit: int, before_id: int | None = None) -> list[tuple[int, Entry]]:
        """Rows with their ids, the newest first; before_id goes on after a page."""
        query = select(audit).order_by(audit.c.id.desc()).limit(limit)
        if before_id is not None:
            query = query.where(audit.c.id < before_id)
        for name in ("maker", "account", "object"):
            value = getattr(wanted, name)
            if value is not None:
                query = query.where(audit.c[name] == value)
        if wanted.action is not None:
            query = query.where(
                (audit.c.action == wanted.action)
                | audit.c.action.startswith(f"{wanted.action}.", autoescape=True)
            )
        if wanted.failed:
            query = query.where(audit.c.result != OK)
        if wanted.since is not None:
            query = query.where(audit.c.at >= wanted.since)
        if wanted.until is not None:
            query = query.where(audit.c.at < wanted.until)
        async with self._database.read() as conn:
            rows = [dict(row._mapping) for row in await conn.execute(query)]
        return [(row.pop("id"), Entry(**row)) for row in rows]

    async def prune(self, before: float) -> int:
        """Forget rows older than `before`; how many went."""
        async with self._database.write() as conn:
            return await deleted(conn, delete(audit).where(audit.c.at < before))


async def record(conn: AsyncConnection, *entries: Entry) -> None:
    """Record entries within the transaction that changes what they tell of."""
    if entries:
        await conn.execute(audit.insert(), [_row(entry) for entry in entries])


def user_account(uid: str) -> str:
    """How the log calls a user; without a uid: one whose data was erased."""
    return f"user {uid}".rstrip()


@contextmanager
def told_otherwise() -> Iterator[None]:
    """Within it changes of bindings get no rows of their own: one row tells of all that is done."""
    token = _TOLD.set(True)
    try:
        yield
    finally:
        _TOLD.reset(token)


async def follow(conn: AsyncConnection, happenings: Sequence[Happening]) -> None:
    """Record what users and modules change about bindings. A follower, see `happenings`."""
    chosen = [one for one in happenings if isinstance(one, BindingBegan | BindingEnded | Reset)]
    if not chosen or _TOLD.get():
        return
    keys = {one.did: one.product_key for one in chosen if isinstance(one, Reset)}
    living = select(devices.c.did, devices.c.product_key).where(
        devices.c.did.in_({one.did for one in chosen})
    )
    keys |= dict(pairs(await conn.execute(living)))
    owners = select(products.c.product_key, products.c.maker).where(products.c.product_key.in_(keys.values()))
    makers = dict(pairs(await conn.execute(owners)))
    await record(
        conn,
        *(
            Entry(
                one.at,
                makers.get(keys.get(one.did, "")),
                f"device {one.did}" if isinstance(one, Reset) else user_account(one.uid),
                _ACTIONS[type(one)],
                one.did,
                SOURCE.get(),
            )
            for one in chosen
        ),
    )


_ACTIONS: Final[dict[type, str]] = {
    BindingBegan: "device.bind",
    BindingEnded: "device.unbind",
    Reset: "device.reset",
}


def _row(entry: Entry) -> dict[str, Any]:
    row: dict[str, Any] = {"at": entry.at, "maker": entry.maker}
    return row | {name: _storable(getattr(entry, name))[:width] for name, width in _WIDTHS.items()}


def _storable(text: str) -> str:
    """One line of characters that every database takes: part of it came from a peer."""
    return "".join(char if char.isprintable() else "?" for char in text)
