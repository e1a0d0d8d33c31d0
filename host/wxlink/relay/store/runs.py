"""Runs: what a timer, a scene or a rule set going, step by step, and how each command ended.

A run waits for its next step, or is being sent by one relay, or is over. Whoever claims a run has it for a
lease; when that is over and nothing was told, the relay died while it sent: those commands are given up, not
sent again, because nobody knows which of them went out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.store.database import Database, deleted, when_committed
from wxlink.relay.store.schema import runs

WAITING: Final = "waiting"
SENDING: Final = "sending"
DONE: Final = "done"
FAILED: Final = "failed"
MISSED: Final = "missed"
STOPPED: Final = "stopped"

RUN_LIFE_S: Final = 30 * 86_400.0  # how long a timer's log is kept

Step: TypeAlias = Mapping[str, Any]
"""`{"delay": seconds}`, or `did` or `group_id` with `attrs` and `coding`, or with `raw` as hex."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run. One of timer_id, scene_id and rule_id is set, with a timer of a scene two.

    due_at: when it began or should have. position: steps done. outcomes: one object a command, `did` and
    `code`, 0 when it was sent. wakes_at: None when it is over.
    """

    id: int
    uid: str
    timer_id: str | None
    scene_id: str | None
    rule_id: int | None
    due_at: float
    state: str
    steps: list[Step]
    position: int
    outcomes: list[dict[str, Any]]
    wakes_at: float | None


@dataclass(frozen=True, slots=True)
class Cause:
    """Whose run it is, and what set it going."""

    uid: str
    timer_id: str | None = None
    scene_id: str | None = None
    rule_id: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: over unless it is WAITING, then until `wakes_at`."""

    state: str
    position: int
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    wakes_at: float | None = None


class Runs:
    """The table of runs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hooks: list[Callable[[], None]] = []

    def on_added(self, hook: Callable[[], None]) -> None:
        """Call `hook` whenever this process has added a run that is due."""
        self._hooks.append(hook)

    async def add(
        self,
        conn: AsyncConnection,
        cause: Cause,
        steps: Sequence[Step],
        at: float,
        ended: Progress | None = None,
    ) -> None:
        """Add a run that begins `at`, within the caller's transaction; `ended`: it is over already."""
        progress = ended or Progress(WAITING, 0, [], at)
        row = {
            "uid": cause.uid,
            "timer_id": cause.timer_id,
            "scene_id": cause.scene_id,
            "rule_id": cause.rule_id,
            "due_at": at,
            "steps": list(steps),
            **_columns(progress),
        }
        await conn.execute(runs.insert(), row)
        if ended is None:
            for hook in self._hooks:
                when_committed(conn, hook)

    async def start(self, cause: Cause, steps: Sequence[Step], at: float) -> None:
        """Begin a run of a scene; an earlier one of that scene which still goes is stopped."""
        going = update(runs).where(runs.c.scene_id == cause.scene_id, runs.c.wakes_at.is_not(None))
        async with self._database.write() as conn:
            await conn.execute(going.values(state=STOPPED, wakes_at=None))
            await self.add(conn, cause, steps, at)

    async def claim(self, now: float, limit: int, lease_s: float) -> list[Run]:
        """Runs whose next step is due, the caller's for `lease_s`.

        The state is that from before: SENDING is a run whose lease is over.
        """
        due = select(runs).where(runs.c.wakes_at <= now).order_by(runs.c.wakes_at, runs.c.id).limit(limit)
        async with self._database.write() as conn:
            found = [Run(**row._mapping) for row in await conn.execute(due.with_for_update(skip_locked=True))]
            if found:
                mine = update(runs).where(runs.c.id.in_([run.id for run in found]))
                await conn.execute(mine.values(state=SENDING, wakes_at=now + lease_s))
        return found

    async def settle(self, run: Run, progress: Progress) -> None:
        """Note how far a claimed run is; nothing when it was stopped meanwhile."""
        mine = update(runs).where(runs.c.id == run.id, runs.c.state == SENDING)
        async with self._database.write() as conn:
            await conn.execute(mine.values(**_columns(progress)))

    async def next_at(self) -> float | None:
        """When the next step of any run is due; None without one."""
        async with self._database.read() as conn:
            due: float | None = (await conn.execute(select(func.min(runs.c.wakes_at)))).scalar_one()
        return due

    async def going(self, uid: str) -> int:
        """How many runs of the user are not over."""
        async with self._database.read() as conn:
            return await going(conn, uid)

    async def of_timer(self, timer_id: str, limit: int, skip: int = 0) -> list[Run]:
        """The runs of a timer, the newest first."""
        query = select(runs).where(runs.c.timer_id == timer_id).order_by(*_NEWEST)
        async with self._database.read() as conn:
            return [Run(**row._mapping) for row in await conn.execute(query.limit(limit).offset(skip))]

    async def of_rule(self, rule_id: int, limit: int) -> list[Run]:
        """The runs of a rule, the newest first."""
        query = select(runs).where(runs.c.rule_id == rule_id).order_by(*_NEWEST)
        async with self._database.read() as conn:
            return [Run(**row._mapping) for row in await conn.execute(query.limit(limit))]

    async def latest_of_scene(self, scene_id: str) -> Run | None:
        """The scene's last run, None when it never ran."""
        query = select(runs).where(runs.c.scene_id == scene_id).order_by(*_NEWEST)
        async with self._database.read() as conn:
            row = (await conn.execute(query.limit(1))).one_or_none()
        return None if row is None else Run(**row._mapping)

    async def prune(self, now: float) -> int:
        """Forget runs that are over and older than RUN_LIFE_S; how many went."""
        old = delete(runs).where(runs.c.due_at <= now - RUN_LIFE_S, runs.c.wakes_at.is_(None))
        async with self._database.write() as conn:
            return await deleted(conn, old)


_NEWEST: Final = (runs.c.due_at.desc(), runs.c.id.desc())


async def going(conn: AsyncConnection, uid: str) -> int:
    """How many runs of the user are not over, as the transaction of `conn` sees it."""
    query = select(func.count()).select_from(runs).where(runs.c.uid == uid, runs.c.wakes_at.is_not(None))
    return int((await conn.execute(query)).scalar_one())


def _columns(progress: Progress) -> dict[str, Any]:
    return {
        "state": progress.state,
        "position": progress.position,
        "outcomes": progress.outcomes,
        "wakes_at": progress.wakes_at,
    }
