"""Alerts and faults: opened and closed in the transaction that keeps the report which says so.

What counts: a data point of type alert or fault that was 0 and is 1 begins one, 1 and then 0 ends it. A point
never reported before counts as 0, so a device that first comes with a fault tells it. While a device is
off-line, or its reports were lost, nothing changes: the next report decides. A report that a later one has
overtaken says nothing. A device that is reset takes its open ones with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.ids import new_event_id
from wxlink.relay.store.database import Database, deleted, insert
from wxlink.relay.store.devices import Devices
from wxlink.relay.store.happenings import Alerted, Cleared, Happening, Reported, Reset
from wxlink.relay.store.notifications import OVER, News, Notifications
from wxlink.relay.store.products import Products
from wxlink.relay.store.schema import alerts
from wxproto.product import Point

QUIET_S: Final = 60.0  # not told again when it began less than this ago: a loose contact floods phones
ALERT_LIFE_S: Final = 90 * 86_400.0  # how long one that is over is kept
DISPLAY_NAME_MAX: Final = 255  # characters kept of a data point's display name


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert or fault; `cleared_at` is None while it lasts, `told` says whether people are told."""

    event_id: str
    did: str
    point: str
    display_name: str
    kind: str
    raised_at: float
    cleared_at: float | None
    told: bool


class Alerts:
    """The table of alerts and faults."""

    def __init__(
        self, database: Database, devices: Devices, products: Products, notifications: Notifications
    ) -> None:
        self._database = database
        self._devices = devices
        self._products = products
        self._notifications = notifications
        database.followers.add(self._follow)

    async def of_device(self, did: str, limit: int, *, lasting: bool = False) -> list[Alert]:
        """The device's alerts and faults, the newest first; only those that last when so asked."""
        query = select(alerts).where(alerts.c.did == did).order_by(alerts.c.raised_at.desc()).limit(limit)
        if lasting:
            query = query.where(alerts.c.cleared_at.is_(None))
        async with self._database.read() as conn:
            return [Alert(**row._mapping) for row in await conn.execute(query)]

    async def prune(self, now: float) -> int:
        """Forget those that have been over for ALERT_LIFE_S; how many went."""
        async with self._database.write() as conn:
            return await deleted(conn, delete(alerts).where(alerts.c.cleared_at <= now - ALERT_LIFE_S))

    async def _follow(self, conn: AsyncConnection, happenings: Sequence[Happening]) -> list[Happening]:
        told: list[Happening] = []
        reporting = {one.did for one in happenings if isinstance(one, Reported) and one.counts}
        known = await self._devices.identities(reporting) if reporting else {}
        keys = {identity.product_key for identity in known.values()}
        watched = {key: await self._watched(key) for key in keys}
        for one in happenings:
            if isinstance(one, Reset):
                told += await self._end_all(conn, one)
            elif isinstance(one, Reported) and one.counts and one.did in known:
                for point in _changed(watched[known[one.did].product_key], one.before, one.counts):
                    change = self._begin if one.counts[point.name] else self._end
                    told += await change(conn, one, point)
        return told

    async def _watched(self, product_key: str) -> Mapping[str, Point]:
        product = await self._products.get(product_key)
        return {} if product is None else product.alarms

    async def _begin(self, conn: AsyncConnection, report: Reported, point: Point) -> list[Happening]:
        name = point.display_name[:DISPLAY_NAME_MAX]
        earlier = select(alerts.c.event_id).where(
            alerts.c.did == report.did,
            alerts.c.point == point.name,
            alerts.c.raised_at > report.at - QUIET_S,
        )
        told = (await conn.execute(earlier.limit(1))).first() is None
        alert = Alert(new_event_id(), report.did, point.name, name, point.kind, report.at, None, told)
        row = {column.name: getattr(alert, column.name) for column in alerts.columns}
        begun = (
            insert(conn, alerts)
            .values(row)
            .on_conflict_do_nothing(
                index_elements=["did", "point"], index_where=alerts.c.cleared_at.is_(None)
            )
        )
        if (await conn.execute(begun)).rowcount != 1:
            return []
        if told:
            news = News(point.kind, report.did, point.name, alert.event_id, name, report.at)
            await self._notifications.tell_owners(conn, news)
        return [Alerted(report.did, report.at, alert.event_id, point.name, name, point.kind)]

    async def _end(self, conn: AsyncConnection, report: Reported, point: Point) -> list[Happening]:
        return await self._close(conn, report.did, report.at, point.name)

    async def _end_all(self, conn: AsyncConnection, reset: Reset) -> list[Happening]:
        return await self._close(conn, reset.did, reset.at, None)

    async def _close(self, conn: AsyncConnection, did: str, at: float, point: str | None) -> list[Happening]:
        lasting = update(alerts).where(alerts.c.did == did, alerts.c.cleared_at.is_(None))
        if point is not None:
            lasting = lasting.where(alerts.c.point == point)
        closed = await conn.execute(lasting.values(cleared_at=at).returning(alerts))
        over = [Alert(**row._mapping) for row in closed]
        for one in over:
            if one.told:
                news = News(OVER[one.kind], did, one.point, one.event_id, one.display_name, at)
                await self._notifications.tell_owners(conn, news)
        return [Cleared(did, at, one.event_id, one.point, one.display_name, one.kind) for one in over]


def _changed(points: Mapping[str, Point], before: Mapping[str, Any], attrs: Mapping[str, Any]) -> list[Point]:
    """The points whose value in `attrs` is another than before; what was never told is 0."""
    return [
        point
        for name, point in points.items()
        if name in attrs and bool(attrs[name]) != bool(before.get(name, False))
    ]
