"""The notification outbox: what people are to be told, written in the transaction that has the reason.

A notification is pending, then claimed by one sender for as long as its lease, then sent or failed. A sender
that dies leaves it to the next one when the lease is over. The same event is told a user once of each kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.store.bindings import called
from wxlink.relay.store.database import Database, deleted, insert
from wxlink.relay.store.messages import add_message
from wxlink.relay.store.schema import bindings, notifications
from wxproto.product import ALERT, FAULT

ALERT_OVER: Final = "alert_over"
FAULT_OVER: Final = "fault_over"
RULE_PAUSED: Final = "rule_paused"
OVER: Final[Mapping[str, str]] = {ALERT: ALERT_OVER, FAULT: FAULT_OVER}

MESSAGES: Final[Mapping[str, str]] = {
    ALERT: "alert.raised",
    FAULT: "alert.fault_raised",
    ALERT_OVER: "alert.cleared",
    FAULT_OVER: "alert.fault_cleared",
    RULE_PAUSED: "alert.rule_paused",
}  # kind -> event of the message that the user finds in the app

PENDING: Final = "pending"
CLAIMED: Final = "claimed"
SENT: Final = "sent"
FAILED: Final = "failed"

ATTEMPTS_MAX: Final = 8  # claims of one notification; what fails that often will not succeed
NOTIFICATION_LIFE_S: Final = 7 * 86_400.0  # sent or not: nobody wants to hear of last week's alert
REASON_MAX: Final = 255  # characters kept of why one failed


class News(NamedTuple):
    """What there is to tell.

    kind: `alert`, `fault`, ALERT_OVER or FAULT_OVER, with the data point and, as note, its display name; or
    RULE_PAUSED, with the rule's name. event_id: of the alert, or of the pause.
    """

    kind: str
    did: str
    point: str
    event_id: str
    note: str
    at: float


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing to tell one user; see `News`. attempts: claims so far, this one included."""

    id: int
    uid: str
    kind: str
    did: str
    point: str
    event_id: str
    note: str
    created_at: float
    state: str
    attempts: int
    wakes_at: float | None
    reason: str


class Notifications:
    """The table of notifications."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tell_owners(self, conn: AsyncConnection, news: News) -> None:
        """Tell everyone who is bound to the device, within the caller's transaction."""
        lasting = bindings.c.expires_at.is_(None) | (bindings.c.expires_at > news.at)
        uids = select(bindings.c.uid).where(bindings.c.did == news.did, lasting)
        for uid in (await conn.execute(uids)).scalars().all():
            await self.tell(conn, uid, news)

    async def tell(self, conn: AsyncConnection, uid: str, news: News) -> None:
        """Tell one user, by a message in the app, too; within the caller's transaction. Again: nothing."""
        row: dict[str, Any] = {
            "uid": uid,
            "kind": news.kind,
            "did": news.did,
            "point": news.point,
            "event_id": news.event_id,
            "note": news.note,
            "created_at": news.at,
            "state": PENDING,
            "attempts": 0,
            "wakes_at": news.at,
            "reason": "",
        }
        statement = insert(conn, notifications).values(row)
        once = statement.on_conflict_do_nothing(index_elements=["event_id", "uid", "kind"])
        if (await conn.execute(once)).rowcount == 1:
            words = {"device": await called(conn, uid, news.did), "name": news.note}
            await add_message(conn, uid, MESSAGES[news.kind], words, news.at)

    async def claim(self, now: float, limit: int, lease_s: float) -> list[Notification]:
        """The next ones to send, oldest first, the caller's for `lease_s`; no other sender gets them."""
        due = (
            select(notifications.c.id)
            .where(notifications.c.wakes_at <= now)
            .order_by(notifications.c.wakes_at, notifications.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with self._database.write() as conn:
            ids = (await conn.execute(due)).scalars().all()
            if not ids:
                return []
            tired = notifications.c.attempts >= ATTEMPTS_MAX
            await conn.execute(
                update(notifications)
                .where(notifications.c.id.in_(ids), tired)
                .values(state=FAILED, wakes_at=None, reason="its senders never told how it went")
            )
            claimed = (
                update(notifications)
                .where(notifications.c.id.in_(ids), ~tired)
                .values(state=CLAIMED, attempts=notifications.c.attempts + 1, wakes_at=now + lease_s)
                .returning(notifications)
            )
            found = [Notification(**row._mapping) for row in await conn.execute(claimed)]
        return sorted(found, key=lambda one: (one.created_at, one.id))

    async def done(self, number: int) -> None:
        """It was sent."""
        await self._settle(number, {"state": SENT, "wakes_at": None, "reason": ""})

    async def failed(self, number: int, reason: str, again_at: float | None) -> None:
        """It was not sent; it can be claimed again at `again_at`, never with None."""
        state = FAILED if again_at is None else PENDING
        await self._settle(number, {"state": state, "wakes_at": again_at, "reason": reason[:REASON_MAX]})

    async def of_user(self, uid: str, limit: int) -> list[Notification]:
        """The user's notifications, the newest first."""
        query = select(notifications).where(notifications.c.uid == uid).order_by(notifications.c.id.desc())
        async with self._database.read() as conn:
            return [Notification(**row._mapping) for row in await conn.execute(query.limit(limit))]

    async def prune(self, now: float) -> int:
        """Forget those older than NOTIFICATION_LIFE_S; how many went."""
        old = delete(notifications).where(notifications.c.created_at <= now - NOTIFICATION_LIFE_S)
        async with self._database.write() as conn:
            return await deleted(conn, old)

    async def _settle(self, number: int, values: Mapping[str, Any]) -> None:
        mine = update(notifications).where(notifications.c.id == number, notifications.c.state == CLAIMED)
        async with self._database.write() as conn:
            await conn.execute(mine.values(**values))
