"""Pushes: messages that a server sends again when it is not answered in time, handled once."""

from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import delete, select, update

from wxlink.relay.store.database import Database, deleted, insert
from wxlink.relay.store.schema import pushes


@dataclass(frozen=True, slots=True)
class First:
    """Nobody has handled the push: the caller does, and then gives the reply."""


@dataclass(frozen=True, slots=True)
class Pending:
    """Somebody is handling the push."""


@dataclass(frozen=True, slots=True)
class Replied:
    """The push was handled; `reply` is what was answered."""

    reply: bytes


Claimed: TypeAlias = First | Pending | Replied


class Pushes:
    """The table of pushes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, key: str, now: float, ttl_s: float) -> Claimed:
        """Whether the push `key` is the caller's to handle; it is again `ttl_s` after it was first."""
        row = {"push": key, "reply": None, "expires_at": now + ttl_s}
        async with self._database.write() as conn:
            statement = (
                insert(conn, pushes)
                .values(row)
                .on_conflict_do_update(index_elements=["push"], set_=row, where=pushes.c.expires_at <= now)
                .returning(pushes.c.push)
            )
            if (await conn.execute(statement)).first() is not None:
                return First()
            query = select(pushes.c.reply).where(pushes.c.push == key)
            reply: bytes | None = (await conn.execute(query)).scalar_one_or_none()
        return Pending() if reply is None else Replied(reply)

    async def reply(self, key: str, reply: bytes) -> None:
        """Keep the reply to a push for as long as its claim lasts."""
        async with self._database.write() as conn:
            await conn.execute(update(pushes).where(pushes.c.push == key).values(reply=reply))

    async def prune(self, now: float) -> int:
        """Forget what has expired; how many went."""
        async with self._database.write() as conn:
            return await deleted(conn, delete(pushes).where(pushes.c.expires_at <= now))
