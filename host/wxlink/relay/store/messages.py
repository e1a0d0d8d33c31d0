"""Messages: what happened while a user was away, kept as an event and the words of its text."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.errors import ApiError
from wxlink.relay.store.database import Database, deleted, insert
from wxlink.relay.store.schema import messages

SHARING: Final = 1  # types: 1 is published, the other is ours
ALERTS: Final = 2

UNREAD: Final = 0  # states, as numbered on the wire
READ: Final = 1
DELETED: Final = 2

MESSAGES_A_USER: Final = 200  # the oldest make room
MESSAGE_LIFE_S: Final = 90 * 86_400
WORD_MAX: Final = 255  # characters of one word; longer ones are cut

_TYPES: Final = {"share": SHARING, "alert": ALERTS}  # first part of an event -> type


@dataclass(frozen=True, slots=True)
class Message:
    """One message. event: `<kind>.<what>`; words: what its text is filled with."""

    id: str
    uid: str
    type: int
    status: int
    event: str
    words: dict[str, str]
    created_at: float
    updated_at: float


class MessagePage(NamedTuple):
    """Part of a user's messages, and how many there are."""

    total: int
    messages: list[Message]


class Messages:
    """The table of messages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, conn: AsyncConnection, uid: str, event: str, words: Mapping[str, str], at: float
    ) -> None:
        """Leave a message for a user within another table's transaction."""
        await add_message(conn, uid, event, words, at)

    async def page(self, uid: str, kind: int | None, limit: int, skip: int) -> MessagePage:
        """The user's messages, newest first, without deleted ones; of one type, or of all."""
        mine = _mine(uid, kind)
        newest = messages.c.created_at.desc(), messages.c.id
        async with self._database.read() as conn:
            total = (await conn.execute(select(func.count()).select_from(messages).where(mine))).scalar_one()
            query = select(messages).where(mine).order_by(*newest).limit(limit).offset(skip)
            return MessagePage(total, [Message(**row._mapping) for row in await conn.execute(query)])

    async def mark(self, message: str, uid: str, status: int, at: float) -> None:
        """Mark a message read or deleted.

        Raises ApiError: 9085 there is none, 9098 it was deleted, 9101 it is another user's.
        """
        known = select(messages.c.uid, messages.c.status).where(messages.c.id == message).with_for_update()
        async with self._database.write() as conn:
            row = (await conn.execute(known)).one_or_none()
            if row is None:
                raise ApiError(9085)
            if row.uid != uid:
                raise ApiError(9101)
            if row.status == DELETED:
                raise ApiError(9098, "the message was deleted")
            marked = update(messages).where(messages.c.id == message)
            await conn.execute(marked.values(status=status, updated_at=at))

    async def prune(self, now: float) -> int:
        """Forget messages older than MESSAGE_LIFE_S; how many went."""
        async with self._database.write() as conn:
            return await deleted(conn, delete(messages).where(messages.c.created_at <= now - MESSAGE_LIFE_S))


async def add_message(
    conn: AsyncConnection, uid: str, event: str, words: Mapping[str, str], at: float
) -> None:
    """Leave a message for a user within another table's transaction."""
    row = {
        "id": secrets.token_hex(12),
        "uid": uid,
        "type": _TYPES[event.partition(".")[0]],
        "status": UNREAD,
        "event": event,
        "words": {name: word[:WORD_MAX] for name, word in words.items()},
        "created_at": at,
        "updated_at": at,
    }
    await conn.execute(insert(conn, messages).values(row))
    kept = (
        select(messages.c.id)
        .where(messages.c.uid == uid)
        .order_by(messages.c.created_at.desc(), messages.c.id)
        .limit(MESSAGES_A_USER)
    )
    await conn.execute(delete(messages).where(messages.c.uid == uid, messages.c.id.not_in(kept)))


def _mine(uid: str, kind: int | None) -> ColumnElement[bool]:
    mine = and_(messages.c.uid == uid, messages.c.status != DELETED)
    return mine if kind is None else and_(mine, messages.c.type == kind)
