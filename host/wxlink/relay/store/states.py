"""What devices report: the latest state of each, and the single reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, bindparam, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.store.database import Database, insert
from wxlink.relay.store.happenings import Happening, Reported
from wxlink.relay.store.hours import Now, add_hours
from wxlink.relay.store.months import Months
from wxlink.relay.store.order import NOWHERE, PointOrder, Position
from wxlink.relay.store.schema import history, states

BATCH_MAX: Final = (
    1_000  # reports in one transaction; keeps a statement's parameters far below a database's limit
)


@dataclass(frozen=True, slots=True)
class Report:
    """One message of a device. `attrs` are its data points (`values.to_store`), None when it has none.

    sn: of a 0x0093 or 0x0094.
    """

    did: str
    at: float
    cmd: int
    p0: bytes
    attrs: dict[str, Any] | None
    sn: int | None = None
    position: Position | None = None
    """Its place in a stream that several relays share; `at` is then that stream's time of it."""


class Applied(NamedTuple):
    """What became of a report. attrs: what of it is the device's present state; None when it had none."""

    new: bool
    attrs: dict[str, Any] | None


PASSED_OVER: Final = Applied(False, None)


@dataclass(frozen=True, slots=True)
class State:
    """The latest value of every data point that a device has reported; `updated_at` 0 without a report."""

    did: str
    updated_at: float
    attrs: dict[str, Any]


class Kept(NamedTuple):
    """One report as it is kept."""

    at: float
    cmd: int
    p0: bytes
    sn: int | None = None


class States:
    """The tables of states and of history."""

    def __init__(self, database: Database, months: Months) -> None:
        self._database = database
        self._months = months

    async def apply(self, batch: Sequence[Report]) -> list[Applied]:
        """Keep a batch of reports in one transaction: each in the history, all merged into the latest states.

        What became of each, in the order given. A report of a device that was reset meanwhile is passed over:
        the others must not fail with it. One with a position that is stored already is not stored again, and
        may not undo what a later one said. Raises ValueError for more than BATCH_MAX reports.
        """
        if len(batch) > BATCH_MAX:
            raise ValueError(f"a batch holds at most {BATCH_MAX} reports, not {len(batch)}")
        if not batch:
            return []
        moments = {report.at for report in batch}
        await self._months.make(*moments)
        try:
            return await self._apply(batch)
        except IntegrityError as error:
            if not await self._months.missed(error, moments):
                raise
            return await self._apply(batch)

    async def _apply(self, batch: Sequence[Report]) -> list[Applied]:
        async with self._database.write() as conn:
            latest = await _latest(conn, {report.did for report in batch})
            kept = [(index, report) for index, report in enumerate(batch) if report.did in latest]
            kept.sort(key=_place)
            fresh = await _record(conn, [report for _, report in kept])
            outcomes = [PASSED_OVER] * len(batch)
            happenings: list[Happening] = []
            for index, report in kept:
                known = latest[report.did]
                key = (report.at, report.position.seq) if report.position else None
                is_new = key is None or key in fresh
                before = known.attrs
                counts = known.take(report, is_new)
                if is_new:
                    fresh.discard(key)
                    happenings.append(_happening(report, before, counts))
                outcomes[index] = Applied(is_new, counts)
            changed = [known for known in latest.values() if known.changed]
            if changed:
                await conn.execute(_MERGED, [known.row() for known in changed])
                past = [(one.did, hour, points) for one in changed for hour, points in one.now.past]
                await add_hours(conn, past)
            await self._database.followers.tell(conn, happenings)
        return outcomes

    async def latest(self, did: str) -> State:
        """The latest state of a device; an empty one when nothing is known."""
        async with self._database.read() as conn:
            query = select(states.c.did, states.c.updated_at, states.c.attrs).where(states.c.did == did)
            row = (await conn.execute(query)).one_or_none()
        return State(did, 0.0, {}) if row is None else State(**row._mapping)

    async def reports(
        self, did: str, after: float, until: float, limit: int, skip: int = 0, *, newest_first: bool = True
    ) -> list[Kept]:
        """Single reports of a device with after < at <= until, the newest or the oldest first."""
        order = (history.c.at, history.c.source_seq, history.c.id)
        query = (
            select(history.c.at, history.c.cmd, history.c.p0, history.c.sn)
            .where(*_within(did, after, until))
            .order_by(*(column.desc() if newest_first else column for column in order))
            .limit(limit)
            .offset(skip)
        )
        async with self._database.read() as conn:
            return [Kept(*row) for row in await conn.execute(query)]

    async def count(self, did: str, after: float, until: float) -> int:
        """How many single reports of a device there are with after < at <= until."""
        query = select(func.count()).select_from(history).where(*_within(did, after, until))
        async with self._database.read() as conn:
            return int((await conn.execute(query)).scalar_one())


@dataclass(slots=True)
class _Latest:
    """What is known of one device while a batch is merged into it."""

    did: str
    updated_at: float
    attrs: dict[str, Any]
    now: Now
    order: PointOrder
    ordered: bool
    changed: bool = False

    def take(self, report: Report, is_new: bool) -> dict[str, Any] | None:
        """Merge a report; what of it counts."""
        if report.attrs is None:
            return None
        counts = self.order.take(self.attrs, report.attrs, report.position)
        self.ordered = self.ordered or report.position is not None
        if counts or not report.attrs:
            self.attrs = self.attrs | counts
            self.updated_at = report.at if report.position is None else max(report.at, self.updated_at)
            self.changed = True
        if is_new:
            self.now.take(report.at, report.attrs)
            self.changed = True
        return counts

    def row(self) -> dict[str, object]:
        return {
            "of": self.did,
            "at": self.updated_at,
            "merged": self.attrs,
            "of_hour": self.now.hour,
            "sums": self.now.points,
            "order": self.order.to_json() if self.ordered else None,
        }


_MERGED: Final = (
    update(states)
    .where(states.c.did == bindparam("of"))
    .values(
        updated_at=bindparam("at"),
        attrs=bindparam("merged", type_=states.c.attrs.type),
        hour=bindparam("of_hour"),
        points=bindparam("sums", type_=states.c.points.type),
        point_order=bindparam("order", type_=states.c.point_order.type),
    )
)


def _within(did: str, after: float, until: float) -> tuple[ColumnElement[bool], ...]:
    return history.c.did == did, history.c.at > after, history.c.at <= until


def _happening(report: Report, before: dict[str, Any], counts: dict[str, Any] | None) -> Reported:
    return Reported(report.did, report.at, report.cmd, report.p0, report.attrs, before, counts)


def _place(indexed: tuple[int, Report]) -> tuple[Position, int]:
    index, report = indexed
    return report.position or NOWHERE, index


async def _record(conn: AsyncConnection, reports: Sequence[Report]) -> set[tuple[float, int] | None]:
    """Write reports into the history; time and number of those with a position that were not there."""
    plain: list[dict[str, Any]] = []
    numbered: dict[tuple[float, int], dict[str, Any]] = {}
    for one in reports:
        row = {"did": one.did, "at": one.at, "cmd": one.cmd, "sn": one.sn, "p0": one.p0}
        if one.position is None:
            plain.append(row)
        else:
            numbered[one.at, one.position.seq] = row | {"source_seq": one.position.seq}
    if plain:
        await conn.execute(history.insert(), plain)
    if not numbered:
        return set()
    statement = insert(conn, history).on_conflict_do_nothing()
    added = statement.returning(history.c.at, history.c.source_seq)
    return {(at, seq) for at, seq in await conn.execute(added, list(numbered.values()))}


async def _latest(conn: AsyncConnection, dids: set[str]) -> dict[str, _Latest]:
    """What is known of every device that exists, locked in one order: two relays cannot block each other."""
    query = select(
        states.c.did,
        states.c.updated_at,
        states.c.attrs,
        states.c.hour,
        states.c.points,
        states.c.point_order,
    )
    query = query.where(states.c.did.in_(sorted(dids))).order_by(states.c.did).with_for_update()
    return {
        row.did: _Latest(
            row.did,
            row.updated_at,
            row.attrs,
            Now(row.hour, row.points or {}),
            PointOrder.from_json(row.point_order),
            row.point_order is not None,
        )
        for row in await conn.execute(query)
    }
