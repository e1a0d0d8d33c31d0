"""What was sent to devices, and by whom.

A command is written down after it was sent, a few together: it must not wait for a commit, nor the report
that answers it for a second writer. A relay that is killed may lose what it sent within KEEP_WITHIN_S.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.exc import SQLAlchemyError

from wxlink.relay.store.database import Database, deleted
from wxlink.relay.store.happenings import Commanded
from wxlink.relay.store.schema import commands, devices, users

KEEP_WITHIN_S: Final = 0.2
WAITING_MAX: Final = 10_000  # commands, about 3 MB, while the database is away; later ones are not kept

CLIENT: Final = "client"  # an app's WebSocket, or a page's
OPEN_API: Final = "open_api"  # the app HTTP API
SCHEDULER: Final = "scheduler"  # a timer, a rule or a scene
ENTERPRISE_API: Final = "enterprise_api"  # a maker's server
GATEWAY: Final = "gateway"
SOURCES: Final = (CLIENT, OPEN_API, SCHEDULER, ENTERPRISE_API, GATEWAY)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Origin:
    """Who wants something of a device: one of SOURCES, the app and the user where there is one."""

    source: str
    appid: str | None = None
    uid: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """One message to a device: cmd is 0x0090, or 0x0093 with a sn."""

    did: str
    at: float
    cmd: int
    sn: int | None
    p0: bytes
    origin: Origin


class Commands:
    """The table of commands."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[Command] = []
        self._keeper: asyncio.Task[None] | None = None
        self._lost = 0

    def note(self, command: Command) -> None:
        """Keep what was just sent, soon."""
        if len(self._waiting) >= WAITING_MAX:
            self._lost += 1
            return
        self._waiting.append(command)
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep_soon(), name="keep commands")

    async def flush(self) -> None:
        """Keep at once what waits. Those who follow are told of each, as `Commanded`."""
        batch, self._waiting = self._waiting, []
        if not batch:
            return
        try:
            async with self._database.write() as conn:
                known = select(devices.c.did).where(devices.c.did.in_({one.did for one in batch}))
                there = set((await conn.execute(known)).scalars())
                kept = [one for one in batch if one.did in there]
                if kept:
                    await conn.execute(commands.insert().values(uid=_USER), [_row(one) for one in kept])
                await self._database.followers.tell(conn, [_happening(one) for one in kept])
        except BaseException:
            self._waiting[:0] = batch
            raise
        if self._lost:
            log.warning("%d commands were sent but not written down: the database was away", self._lost)
            self._lost = 0

    async def stop(self) -> None:
        """Keep what waits, as the last thing; what a database that is away does not take is lost."""
        if self._keeper:
            self._keeper.cancel()
            await asyncio.wait((self._keeper,))
        try:
            await self.flush()
        except (SQLAlchemyError, OSError) as error:
            log.warning("%d commands were sent but not written down: %s", len(self._waiting), error)

    async def of_device(
        self, did: str, after: float, until: float, limit: int, *, newest_first: bool = True
    ) -> list[Command]:
        """What was sent to a device with after < at <= until, the newest or the oldest first."""
        await self.flush()
        order = (commands.c.at, commands.c.id)
        query = (
            select(commands)
            .where(commands.c.did == did, commands.c.at > after, commands.c.at <= until)
            .order_by(*(column.desc() if newest_first else column for column in order))
            .limit(limit)
        )
        async with self._database.read() as conn:
            return [
                Command(row.did, row.at, row.cmd, row.sn, row.p0, Origin(row.source, row.appid, row.uid))
                for row in await conn.execute(query)
            ]

    async def count(self, did: str, after: float, until: float) -> int:
        """How many messages were sent to a device with after < at <= until."""
        await self.flush()
        query = select(func.count()).select_from(commands)
        within = (commands.c.did == did, commands.c.at > after, commands.c.at <= until)
        async with self._database.read() as conn:
            return int((await conn.execute(query.where(*within))).scalar_one())

    async def prune(self, before: float) -> int:
        """Forget what was sent before this moment; how many rows went."""
        async with self._database.write() as conn:
            return await deleted(conn, delete(commands).where(commands.c.at < before))

    async def _keep_soon(self) -> None:
        while self._waiting:
            await asyncio.sleep(KEEP_WITHIN_S)
            try:
                await self.flush()
            except (SQLAlchemyError, OSError) as error:
                log.warning("commands are written down later: %s", error)


_USER: Final = select(users.c.uid).where(users.c.uid == bindparam("of_user")).scalar_subquery()
"""The user, unless gone by now."""


def _row(one: Command) -> dict[str, object]:
    return {
        "did": one.did,
        "at": one.at,
        "cmd": one.cmd,
        "sn": one.sn,
        "p0": one.p0,
        "source": one.origin.source,
        "appid": one.origin.appid,
        "of_user": one.origin.uid,
    }


def _happening(one: Command) -> Commanded:
    return Commanded(one.did, one.at, one.cmd, one.p0, one.origin.source, one.origin.appid, one.origin.uid)
