"""How a browser gets into the H5 pages: a ticket used once, then a session."""

from typing import Final, NamedTuple

from sqlalchemy import delete, select, update

from wxlink.relay.store.audit import Entry, record
from wxlink.relay.store.database import Database, deleted, insert
from wxlink.relay.store.schema import page_sessions, page_tickets

TICKETS_A_USER: Final = 20  # kept tickets; every menu click makes one, so the oldest make room
SESSIONS_A_USER: Final = 20  # browsers; the oldest make room


class Ticket(NamedTuple):
    """Who a ticket lets in, and the device whose page it opens, if it names one."""

    uid: str
    did: str | None


class Shown(NamedTuple):
    """A ticket that was shown; `first` for exactly one time."""

    ticket: Ticket
    first: bool


class Session(NamedTuple):
    """Whose browser it is, and until when."""

    uid: str
    expires_at: float


class Pages:
    """The tables of page tickets and page sessions; they know fingerprints only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_ticket(self, fingerprint: str, ticket: Ticket, expires_at: float) -> None:
        """Remember a ticket for a user (and a device) that exists."""
        table = page_tickets
        kept = select(table.c.ticket).where(table.c.uid == ticket.uid).order_by(table.c.expires_at.desc())
        row = {"ticket": fingerprint, "uid": ticket.uid, "did": ticket.did, "expires_at": expires_at}
        async with self._database.write() as conn:
            surplus = table.c.ticket.not_in(kept.limit(TICKETS_A_USER - 1))
            await conn.execute(delete(table).where(table.c.uid == ticket.uid, surplus))
            await conn.execute(insert(conn, table).values(row))

    async def use_ticket(self, fingerprint: str, now: float) -> Shown | None:
        """Use up a ticket, or tell that it was; None when it is unknown or expired."""
        table = page_tickets
        query = select(table.c.uid, table.c.did, table.c.used).where(
            table.c.ticket == fingerprint, table.c.expires_at > now
        )
        async with self._database.write() as conn:
            row = (await conn.execute(query.with_for_update())).one_or_none()
            if row is None:
                return None
            await conn.execute(update(table).where(table.c.ticket == fingerprint).values(used=True))
        return Shown(Ticket(row.uid, row.did), not row.used)

    async def add_session(self, fingerprint: str, uid: str, expires_at: float, entry: Entry) -> None:
        """Remember a session for a user that exists."""
        table = page_sessions
        kept = select(table.c.session).where(table.c.uid == uid).order_by(table.c.expires_at.desc())
        async with self._database.write() as conn:
            surplus = table.c.session.not_in(kept.limit(SESSIONS_A_USER - 1))
            await conn.execute(delete(table).where(table.c.uid == uid, surplus))
            await conn.execute(
                insert(conn, table).values(session=fingerprint, uid=uid, expires_at=expires_at)
            )
            await record(conn, entry)

    async def session(self, fingerprint: str, now: float) -> Session | None:
        """A session; None when it is unknown or expired."""
        table = page_sessions
        query = select(table.c.uid, table.c.expires_at).where(
            table.c.session == fingerprint, table.c.expires_at > now
        )
        async with self._database.read() as conn:
            row = (await conn.execute(query)).one_or_none()
        return None if row is None else Session(*row)

    async def renew_session(self, fingerprint: str, expires_at: float) -> None:
        """Let a session live until then; nothing happens when there is none."""
        table = page_sessions
        async with self._database.write() as conn:
            await conn.execute(
                update(table).where(table.c.session == fingerprint).values(expires_at=expires_at)
            )

    async def end_session(self, fingerprint: str) -> None:
        """Forget a session; nothing happens when there is none."""
        async with self._database.write() as conn:
            await conn.execute(delete(page_sessions).where(page_sessions.c.session == fingerprint))

    async def prune(self, now: float) -> int:
        """Forget expired tickets and sessions; how many went."""
        async with self._database.write() as conn:
            return sum(
                [
                    await deleted(conn, delete(table).where(table.c.expires_at <= now))
                    for table in (page_tickets, page_sessions)
                ]
            )
