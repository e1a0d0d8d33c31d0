"""Timers: when each is due next, and the runs that follow from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay import recurrence
from wxlink.relay.recurrence import Recurrence
from wxlink.relay.store.database import Database
from wxlink.relay.store.happenings import BindingEnded, Happening
from wxlink.relay.store.runs import MISSED, Cause, Progress, Runs, Step
from wxlink.relay.store.schema import scenes, timers

CATCH_UP_S: Final = 300.0  # what was due while no relay ran is still done this late, not at any hour later
LOOK_BACK_S: Final = 7 * 86_400.0  # occurrences missed before that are not even logged


@dataclass(frozen=True, slots=True)
class Timer:
    """One timer. One of did, group_id and scene_id is set, or none: then the steps name their devices.

    fields: `time`, `repeat`, `date`, `days`, `start_date`, `end_date` and what else the client wrote.
    next_at: None when it is not due any more, or disabled.
    """

    id: str
    uid: str
    did: str | None
    group_id: str | None
    scene_id: str | None
    product_key: str
    steps: list[Step]
    fields: dict[str, Any]
    enabled: bool
    remark: str
    created_at: float
    next_at: float | None


class Timers:
    """The table of timers. A user who loses a device loses the timers for it in the same transaction."""

    def __init__(self, database: Database, runs: Runs) -> None:
        self._database = database
        self._runs = runs
        database.followers.add(self._follow)

    async def add(self, timer: Timer) -> None:
        """Keep a new timer."""
        async with self._database.write() as conn:
            await conn.execute(timers.insert(), _row(timer))

    async def change(self, timer: Timer) -> None:
        """Write a timer anew."""
        async with self._database.write() as conn:
            await conn.execute(update(timers).where(timers.c.id == timer.id).values(**_row(timer)))

    async def remove(self, timer_id: str) -> None:
        """Forget a timer with its log."""
        async with self._database.write() as conn:
            await conn.execute(delete(timers).where(timers.c.id == timer_id))

    async def get(self, timer_id: str) -> Timer | None:
        """The timer, or None when there is none."""
        async with self._database.read() as conn:
            row = (await conn.execute(select(timers).where(timers.c.id == timer_id))).one_or_none()
        return None if row is None else Timer(**row._mapping)

    async def count(self, uid: str) -> int:
        """How many timers the user has."""
        query = select(func.count()).select_from(timers).where(timers.c.uid == uid)
        async with self._database.read() as conn:
            return int((await conn.execute(query)).scalar_one())

    async def of_user(
        self, uid: str, target: Mapping[str, str | None], limit: int, skip: int = 0
    ) -> list[Timer]:
        """The user's timers, oldest first, of which these columns have these values."""
        wanted: list[ColumnElement[bool]] = [timers.c[name] == value for name, value in target.items()]
        query = select(timers).where(timers.c.uid == uid, *wanted).order_by(timers.c.created_at, timers.c.id)
        async with self._database.read() as conn:
            return [Timer(**row._mapping) for row in await conn.execute(query.limit(limit).offset(skip))]

    async def fire(self, now: float, limit: int) -> int:
        """Start a run for each timer that is due; how many were. Each occurrence once, whoever calls this.

        One that is late by more than CATCH_UP_S is logged as missed. A timer that does not repeat is then
        disabled.
        """
        due = select(timers).where(timers.c.next_at <= now).order_by(timers.c.next_at).limit(limit)
        async with self._database.write() as conn:
            # Rows that another relay holds are passed over: when it is through, they are due later.
            found = [
                Timer(**row._mapping) for row in await conn.execute(due.with_for_update(skip_locked=True))
            ]
            for timer in found:
                await self._fire(conn, timer, now)
        return len(found)

    async def next_at(self) -> float | None:
        """When the next timer is due; None without one."""
        async with self._database.read() as conn:
            due: float | None = (await conn.execute(select(func.min(timers.c.next_at)))).scalar_one()
        return due

    async def _fire(self, conn: AsyncConnection, timer: Timer, now: float) -> None:
        at = timer.next_at or now
        when = recurrence_of(timer.fields)
        following = when.next_after(max(at, now - LOOK_BACK_S))
        moved = {"next_at": following, "enabled": timer.enabled and when.repeats}
        await conn.execute(update(timers).where(timers.c.id == timer.id).values(**moved))
        cause = Cause(timer.uid, timer_id=timer.id, scene_id=timer.scene_id)
        if now - at > CATCH_UP_S:
            await self._runs.add(conn, cause, timer.steps, at, Progress(MISSED, 0))
            return
        steps: Sequence[Step] = timer.steps
        if timer.scene_id is not None:
            tasks = select(scenes.c.tasks).where(scenes.c.id == timer.scene_id)
            steps = (await conn.execute(tasks)).scalar_one()
        await self._runs.add(conn, cause, steps, at)

    async def _follow(self, conn: AsyncConnection, happenings: Sequence[Happening]) -> None:
        for one in happenings:
            if isinstance(one, BindingEnded):
                await conn.execute(delete(timers).where(timers.c.did == one.did, timers.c.uid == one.uid))


def recurrence_of(fields: Mapping[str, Any]) -> Recurrence:
    """What the fields of a timer say. Raises ValueError as `recurrence.read`."""
    return recurrence.read(
        fields["time"],
        repeat=fields.get("repeat", recurrence.NONE),
        on=fields.get("date", ""),
        days=fields.get("days", ()),
        start=fields.get("start_date", ""),
        end=fields.get("end_date", ""),
    )


def _row(timer: Timer) -> dict[str, Any]:
    return {column.name: getattr(timer, column.name) for column in timers.columns}
