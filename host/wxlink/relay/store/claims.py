"""Claims: one-time codes that bind who shows one to a device."""

from typing import Final, NamedTuple

from sqlalchemy import delete, select

from wxlink.relay.store.bindings import bind
from wxlink.relay.store.database import Database, deleted, insert
from wxlink.relay.store.schema import claims

CLAIMS_A_DEVICE: Final = 20  # live codes; the oldest make room


class Redeemed(NamedTuple):
    """The device that a claim stood for, and whether the binding is new."""

    did: str
    new: bool


class Claims:
    """The table of claims; it knows fingerprints only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, fingerprint: str, did: str, expires_at: float) -> None:
        """Remember a claim for a device that exists."""
        kept = (
            select(claims.c.claim)
            .where(claims.c.did == did)
            .order_by(claims.c.expires_at.desc())
            .limit(CLAIMS_A_DEVICE - 1)
        )
        async with self._database.write() as conn:
            await conn.execute(delete(claims).where(claims.c.did == did, claims.c.claim.not_in(kept)))
            await conn.execute(insert(conn, claims).values(claim=fingerprint, did=did, expires_at=expires_at))

    async def redeem(self, fingerprint: str, uid: str, now: float) -> Redeemed | None:
        """Use up a claim and bind the user in one transaction; None when it is unknown, used or expired."""
        used = (
            delete(claims)
            .where(claims.c.claim == fingerprint, claims.c.expires_at > now)
            .returning(claims.c.did)
        )
        async with self._database.write() as conn:
            did: str | None = (await conn.execute(used)).scalar_one_or_none()
            return None if did is None else Redeemed(did, await bind(conn, uid, did, now))

    async def prune(self, now: float) -> int:
        """Forget expired claims; how many went."""
        async with self._database.write() as conn:
            return await deleted(conn, delete(claims).where(claims.c.expires_at <= now))
