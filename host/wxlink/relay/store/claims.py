"""Claims: one-time codes that bind who shows one to a device."""

from enum import Enum
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.store.audit import Entry, record
from wxlink.relay.store.bindings import bind
from wxlink.relay.store.database import Database, deleted, insert
from wxlink.relay.store.schema import bindings, claims

CLAIMS_A_DEVICE: Final = 20  # live codes; the oldest make room
REMEMBERED_S: Final = 86_400  # how long an expired code is told apart from an unknown one


class Refusal(Enum):
    """Why a claim did not bind."""

    UNKNOWN = "unknown"
    USED = "used"
    EXPIRED = "expired"


class Redeemed(NamedTuple):
    """The device that a claim stood for, and whether the binding is new."""

    did: str
    new: bool


class Claims:
    """The table of claims; it knows fingerprints only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, fingerprint: str, did: str, expires_at: float, entry: Entry | None = None) -> None:
        """Remember a claim for a device that exists."""
        kept = (
            select(claims.c.claim)
            .where(claims.c.did == did)
            .order_by(claims.c.expires_at.desc())
            .limit(CLAIMS_A_DEVICE - 1)
        )
        row = {"claim": fingerprint, "did": did, "expires_at": expires_at, "used": False, "used_by": None}
        async with self._database.write() as conn:
            await conn.execute(delete(claims).where(claims.c.did == did, claims.c.claim.not_in(kept)))
            await conn.execute(insert(conn, claims).values(row))
            if entry is not None:
                await record(conn, entry)

    async def redeem(self, fingerprint: str, uid: str, now: float) -> Redeemed | Refusal:
        """Use up a claim and bind the user, in one transaction.

        Its user may show it again, since messages are repeated, and gets the device again for as long as the
        binding stands; a code does not bring back a binding that was undone.
        """
        async with self._database.write() as conn:
            query = select(claims).where(claims.c.claim == fingerprint).with_for_update()
            claim = (await conn.execute(query)).one_or_none()
            if claim is None:
                return Refusal.UNKNOWN
            if claim.used:
                repeated = claim.used_by == uid and await _is_bound(conn, uid, claim)
                return Redeemed(claim.did, False) if repeated else Refusal.USED
            if claim.expires_at <= now:
                return Refusal.EXPIRED
            mine = update(claims).where(claims.c.claim == fingerprint)
            await conn.execute(mine.values(used=True, used_by=uid))
            return Redeemed(claim.did, await bind(conn, self._database.followers, uid, claim.did, now))

    async def prune(self, now: float) -> int:
        """Forget claims that expired REMEMBERED_S ago; how many went."""
        async with self._database.write() as conn:
            return await deleted(conn, delete(claims).where(claims.c.expires_at <= now - REMEMBERED_S))


async def _is_bound(conn: AsyncConnection, uid: str, claim: Row[Any]) -> bool:
    query = select(bindings.c.uid).where(bindings.c.uid == uid, bindings.c.did == claim.did)
    return (await conn.execute(query)).first() is not None
