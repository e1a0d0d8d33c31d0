"""What devices reported, were told and went through: the log, single reports, numbers added up."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeAlias

from wxlink.relay import values
from wxlink.relay.errors import ApiError
from wxlink.relay.service.core import Core
from wxlink.relay.service.household import RANDOM_CODE
from wxlink.relay.settings import DAY_S
from wxlink.relay.store import HOUR_S, Device, Kept, Origin, Passage, Points, Product, Sums, merge
from wxproto.errors import PeerError

CMD: Final = "cmd"
ONLINE: Final = "online"

# Of GET /app/devices/{did}/raw_data (app-api 2.5).
LOG_WINDOW_S: Final = 2 * DAY_S  # between start and end, less than
LOG_LIFE_S: Final = 7 * DAY_S
LOG_REACH: Final = 5_000  # skip + limit
AGGREGATE_WINDOW_S: Final = 400 * DAY_S  # 9,600 rows, read and added up in about 0.1 s
RANDOM_CODES_MAX: Final = 100  # an app asks for those of all its products at once
MOMENT_MAX: Final = 253_402_300_799  # unix seconds; the calendar ends with the year 9999


class Traffic(NamedTuple):
    """One message between a device and the relay; `origin` of what was sent to the device, else None."""

    at: float
    cmd: int
    sn: int | None
    p0: bytes
    origin: Origin | None


class LogPage(NamedTuple):
    """A part of a device's log, and how much there is within the time asked for."""

    total: int
    traffic: list[Traffic]
    passages: list[Passage]


class Past(NamedTuple):
    """Data points as they were reported at a moment; the values are those of `values.to_store`."""

    at: float
    attrs: dict[str, Any]


class Aggregate(NamedTuple):
    """The numbers of one hour, day, week or month that begins at `at` (UTC), each as one number."""

    at: datetime
    attrs: dict[str, float]


Begin: TypeAlias = Callable[[datetime], datetime]


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0)


UNITS: Final[Mapping[str, Begin]] = {
    "HOURS": lambda moment: moment,
    "DAYS": _midnight,
    "WEEKS": lambda moment: _midnight(moment) - timedelta(days=moment.weekday()),
    "MONTHS": lambda moment: _midnight(moment).replace(day=1),
}
"""Where the hour, day, week (from Monday on) or month begins to which an hour belongs."""

AGGREGATORS: Final[Mapping[str, Callable[[Sums], float]]] = {
    "sum": lambda sums: sums[1],
    "avg": lambda sums: sums[1] / sums[0],
    "max": lambda sums: sums[3],
    "min": lambda sums: sums[2],
}


@dataclass(frozen=True, slots=True)
class Window:
    """A time from `after`, which is not within, to `until`, in unix seconds; and a page of what is in it."""

    after: float
    until: float
    limit: int
    skip: int = 0
    newest_first: bool = True


class Data(Core):
    """Use cases of the past. All raise ApiError 9014 no such device, 9017 the user is not bound to it."""

    async def log(self, uid: str, did: str, kind: str, window: Window) -> LogPage:
        """What went to and from a device (CMD), or when it came and went (ONLINE).

        Raises ApiError 9015 for a window of LOG_WINDOW_S or more, for one that began more than LOG_LIFE_S
        ago, and for a page beyond LOG_REACH.
        """
        if not 0 < window.until - window.after < LOG_WINDOW_S:
            raise ApiError(9015, "end_time is after start_time, by less than 48 hours")
        if window.after < self.clock() - LOG_LIFE_S:
            raise ApiError(9015, "start_time is within the last 7 days")
        if window.skip + window.limit > LOG_REACH:
            raise ApiError(9015, f"skip and limit together are at most {LOG_REACH}")
        await self.device(uid, did)
        return await (self._passages if kind == ONLINE else self._traffic)(did, window)

    async def past(self, uid: str, did: str, names: Collection[str], window: Window) -> list[Past]:
        """Reports of these data points, all without names; reports without any are left out.

        `limit` counts reports before they are sifted. A report that the product's present definition does
        not fit is left out, too.
        """
        product = (await self.device(uid, did)).product
        kept = await self.store.states.reports(
            did, window.after, window.until, window.limit, window.skip, newest_first=window.newest_first
        )
        decoded = ((one.at, _attrs(product, one, names)) for one in kept)
        return [Past(at, attrs) for at, attrs in decoded if attrs]

    async def aggregate(
        self,
        uid: str,
        did: str,
        names: Collection[str],
        *,
        aggregator: str,
        unit: str,
        span: tuple[float, float],
    ) -> list[Aggregate]:
        """Numbers of a time, added up by a key of AGGREGATORS for each of UNITS; those without are left out.

        span: begin and end in unix seconds; the hours in which they lie count as a whole.
        Raises ApiError 9015 for more than AGGREGATE_WINDOW_S, 9025 for a data point that is no number.
        """
        begin, end = span
        if not 0 <= begin <= end <= MOMENT_MAX or end - begin > AGGREGATE_WINDOW_S:
            raise ApiError(9015, "end_ts is not before start_ts, and at most 400 days after it")
        product = (await self.device(uid, did)).product
        for name in names:
            if name not in product.points or not product.points.point(name).is_number:
                raise ApiError(9025, f"{name!r:.80} is no data point of numbers")
        hours = await self.store.hours.of_device(did, int(begin // HOUR_S), int(end // HOUR_S))
        as_one = AGGREGATORS[aggregator]
        found: list[Aggregate] = []
        for at, points in _by(UNITS[unit], hours):
            attrs = {name: as_one(points[name]) for name in names if name in points}
            if attrs:
                found.append(Aggregate(at, attrs))
        return found

    async def registered_lately(self, codes: Collection[str]) -> list[Device]:
        """Devices that registered with one of these random codes within RANDOM_CODE_LIFE_S.

        A code is made of the Wi-Fi password, which only the app and the module know: whoever has it set the
        module up. The relay cannot compute it, so a module must send it when it registers.
        Raises ApiError 9015 for more than RANDOM_CODES_MAX.
        """
        if len(codes) > RANDOM_CODES_MAX:
            raise ApiError(9015, f"random_codes holds at most {RANDOM_CODES_MAX} codes")
        sound = [code for code in codes if RANDOM_CODE.fullmatch(code)]
        return await self.store.random_codes.devices(sound, self.clock()) if sound else []

    async def _traffic(self, did: str, window: Window) -> LogPage:
        """Both tables, merged: reports are in one, what was sent in the other."""
        span = (did, window.after, window.until)
        reach = window.skip + window.limit
        reports = await self.store.states.reports(*span, reach, newest_first=window.newest_first)
        commands = await self.store.commands.of_device(*span, reach, newest_first=window.newest_first)
        both = [Traffic(one.at, one.cmd, one.sn, one.p0, None) for one in reports]
        both += [Traffic(one.at, one.cmd, one.sn, one.p0, one.origin) for one in commands]
        both.sort(key=lambda one: one.at, reverse=window.newest_first)
        total = await self.store.states.count(*span) + await self.store.commands.count(*span)
        return LogPage(total, both[window.skip : reach], [])

    async def _passages(self, did: str, window: Window) -> LogPage:
        span = (did, window.after, window.until)
        passages = await self.store.connections.of_device(
            *span, window.limit, window.skip, newest_first=window.newest_first
        )
        return LogPage(await self.store.connections.count(*span), [], passages)


def _by(begin: Begin, hours: Iterable[tuple[int, Points]]) -> Iterable[tuple[datetime, Points]]:
    """The sums of hours, which come in order, added up."""
    parts: dict[datetime, Points] = {}
    for hour, points in hours:
        merge(parts.setdefault(begin(datetime.fromtimestamp(hour * HOUR_S, UTC)), {}), points)
    return parts.items()


def _attrs(product: Product, one: Kept, names: Collection[str]) -> dict[str, Any]:
    try:
        decoded = product.codec.decode_report(one.p0) if one.p0 else {}
    except PeerError:  # it is no status, or of an earlier definition
        return {}
    attrs = values.to_store(product.points, decoded)
    return {name: value for name, value in attrs.items() if not names or name in names}
