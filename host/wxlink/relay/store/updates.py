"""Updates: how far each device is with each release, and the tokens of downloads."""

from typing import Final, NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.store.database import Database, deleted, insert
from wxlink.relay.store.schema import device_updates, downloads

# What the relay notes itself; the others are the module's own words.
OFFERED: Final = "offered"
BLOCKED: Final = "blocked"
INSTALLED: Final = "installed"
CONFIRMED: Final = "confirmed"
ROLLED_BACK: Final = "rolled_back"
TOLD_STATES: Final = frozenset(
    {"downloading", "verifying", "installing", INSTALLED, CONFIRMED, ROLLED_BACK, "failed"}
)
FINAL_STATES: Final = (CONFIRMED, ROLLED_BACK)
"""A late repetition of what a module said before does not undo these."""

TOKENS_A_DEVICE: Final = 4  # live ones; a download that is under way may have an older one


class Progress(NamedTuple):
    """How far a device is with a release; reason: for a person, empty without one."""

    did: str
    release: int
    state: str
    percent: int
    reason: str
    at: float


class Download(NamedTuple):
    """What a token opens; did None: it was given without a device."""

    did: str | None
    release: int


class Updates:
    """The tables of device updates and of downloads; it knows fingerprints of tokens only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, progress: Progress) -> None:
        """Note how far a device is; FINAL_STATES stay. Device and release must exist."""
        async with self._database.write() as conn:
            await _note(conn, progress)

    async def of_device(self, did: str) -> list[Progress]:
        """How far the device is with each release that it was ever offered, by release."""
        query = select(device_updates).where(device_updates.c.did == did)
        async with self._database.read() as conn:
            rows = await conn.execute(query.order_by(device_updates.c.release))
            return [Progress(**row._mapping) for row in rows]

    async def of_release(self, release: int) -> dict[str, Progress]:
        """How far each device is, by did."""
        query = select(device_updates).where(device_updates.c.release == release)
        async with self._database.read() as conn:
            return {row.did: Progress(**row._mapping) for row in await conn.execute(query)}

    async def counts(self) -> dict[int, dict[str, int]]:
        """How many devices are in which state, by release."""
        states: dict[int, dict[str, int]] = {}
        key = (device_updates.c.release, device_updates.c.state)
        async with self._database.read() as conn:
            for release, state, count in await conn.execute(select(*key, func.count()).group_by(*key)):
                states.setdefault(release, {})[state] = count
        return states

    async def add_token(
        self,
        fingerprint: str,
        did: str | None,
        release: int,
        expires_at: float,
        *,
        progress: Progress | None = None,
    ) -> None:
        """Remember the token of a download, and note progress with it; the oldest of a device make room."""
        row = {"token": fingerprint, "did": did, "release": release, "expires_at": expires_at}
        kept = (
            select(downloads.c.token)
            .where(downloads.c.did == did)
            .order_by(downloads.c.expires_at.desc())
            .limit(TOKENS_A_DEVICE - 1)
        )
        async with self._database.write() as conn:
            if progress is not None:
                await _note(conn, progress)
            if did is not None:
                surplus = delete(downloads).where(downloads.c.did == did, downloads.c.token.not_in(kept))
                await conn.execute(surplus)
            await conn.execute(insert(conn, downloads).values(row))

    async def download(self, fingerprint: str, now: float) -> Download | None:
        """What a token opens; None when it is unknown or expired."""
        query = select(downloads.c.did, downloads.c.release).where(
            downloads.c.token == fingerprint, downloads.c.expires_at > now
        )
        async with self._database.read() as conn:
            row = (await conn.execute(query)).one_or_none()
        return None if row is None else Download(*row)

    async def prune(self, now: float) -> int:
        """Forget expired tokens; how many went."""
        async with self._database.write() as conn:
            return await deleted(conn, delete(downloads).where(downloads.c.expires_at <= now))


async def _note(conn: AsyncConnection, progress: Progress) -> None:
    fields = progress._asdict()
    noted = insert(conn, device_updates).values(fields)
    changed = {name: fields[name] for name in ("state", "percent", "reason", "at")}
    await conn.execute(
        noted.on_conflict_do_update(
            index_elements=["did", "release"],
            set_=changed,
            where=device_updates.c.state.not_in(FINAL_STATES),
        )
    )
