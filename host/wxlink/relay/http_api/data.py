"""What devices reported, were told and went through."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from multidict import MultiDict, MultiMapping
from yarl import URL

from wxlink.relay.errors import ApiError
from wxlink.relay.http_api.entries import LatestEntry
from wxlink.relay.rest import Page, Route, UserCall
from wxlink.relay.service import AGGREGATORS, MOMENT_MAX, UNITS, Past, Traffic, Window
from wxlink.relay.settings import DAY_S
from wxlink.relay.store import Passage
from wxlink.relay.values import to_http
from wxproto import envelope

MS_FROM: Final = 100_000_000_000  # a larger time is meant in milliseconds: as seconds it is the year 5138

Moment = Annotated[int, Meta(ge=0, le=MOMENT_MAX)]
MomentMs = Annotated[int, Meta(ge=0, le=MOMENT_MAX * 1000)]


class LogQuery(Page, kw_only=True):
    """Which part of a device's log: start_time < t <= end_time, unix seconds, newest first unless `asc`."""

    type: Literal["cmd", "online"]
    start_time: Moment
    end_time: Moment
    sort: str = "desc"


class LogMeta(Struct):
    """What was asked for, and how many entries there are in all."""

    sort: Literal["asc", "desc"]
    limit: int
    end_time: int
    did: str
    skip: int
    start_time: int
    total: int
    type: Literal["cmd", "online"]


class ConnectionEntry(Struct):
    """How a connection was opened."""

    keep_alive: int | None


class LogEntry(Struct, kw_only=True):
    """One message (payload_bin: the whole frame in hex) or one coming or going; ip is empty when unknown."""

    type: Literal["app2dev", "dev2app", "dev_online", "dev_re_online", "dev_offline"]
    timestamp: float
    ip: str
    payload_bin: str | UnsetType = UNSET
    source: str | UnsetType = UNSET
    uid: str | UnsetType = UNSET
    appid: str | UnsetType = UNSET
    payload: ConnectionEntry | UnsetType = UNSET


class Log(Struct):
    """A part of a device's log."""

    meta: LogMeta
    objects: list[LogEntry]


class PastQuery(Page, kw_only=True):
    """Which reports: of a data point (`attr` or `name`), or all; times in seconds or milliseconds."""

    did: str = ""
    entity: str = "entity0"
    attr: str = ""
    name: str = ""
    product_key: str = ""
    start_ts: MomentMs = 0
    end_ts: MomentMs = 0


class PastMeta(Struct):
    """What was asked for; times in seconds."""

    did: str
    entity: str
    attr: str
    start_ts: int
    end_ts: int
    limit: int
    skip: int


class PastList(Struct):
    """Reports, the newest first, each in the form of the latest one."""

    meta: PastMeta
    objects: list[LatestEntry]


class AggregateQuery(Struct, kw_only=True):
    """attrs: names of data points parted by commas. Times are unix milliseconds."""

    start_ts: MomentMs
    end_ts: MomentMs
    attrs: Annotated[str, Meta(min_length=1)]
    aggregator: str
    unit: str


class Asked(Struct):
    """The query as it was understood."""

    start_ts: int
    end_ts: int
    attrs: str
    aggregator: str
    unit: str
    did: str


class AggregateEntry(Struct):
    """One hour, day, week or month, by its beginning in UTC, under both names that clients know."""

    datetime: str
    datatime: str
    uid: str
    product_key: str
    attrs: dict[str, float]


class Aggregates(Struct):
    """Numbers added up, in order of time; what has no reports is not there."""

    query: Asked
    data: list[AggregateEntry]


class CodesQuery(Struct):
    """Codes parted by commas."""

    random_codes: str


class FoundEntry(Struct):
    """A device that came lately. Its passcode is not told: bind it by bind_mac."""

    did: str
    mac: str
    product_key: str
    is_online: bool


class LenientCall(UserCall):
    """A user's request whose query may have several `?`, as an old client writes it."""

    def query(self) -> MultiMapping[str]:
        text = self._request.rel_url.raw_query_string.replace("?", "&").replace("%3F", "&")
        return MultiDict(URL.build(query_string=text, encoded=True).query)


async def show_log(call: UserCall, query: LogQuery) -> Log:
    """GET /app/devices/{did}/raw_data: messages both ways, or comings and goings.

    Less than 48 hours, within the last 7 days; skip and limit together are at most 5000.
    """
    ascending = query.sort.lower().startswith("a")
    window = Window(query.start_time, query.end_time, query.limit, query.skip, not ascending)
    page = await call.service.log(call.uid, call.did, query.type, window)
    meta = LogMeta(
        sort="asc" if ascending else "desc",
        limit=query.limit,
        end_time=query.end_time,
        did=call.did,
        skip=query.skip,
        start_time=query.start_time,
        total=page.total,
        type=query.type,
    )
    return Log(meta, [*map(_traffic_entry, page.traffic), *map(_passage_entry, page.passages)])


async def show_past(call: LenientCall, query: PastQuery) -> PastList:
    """GET /app/devdata/{did}: an old call for single reports.

    Nothing public tells the form of its answer; here it is that of `latest`, in a list.
    """
    return await _past(call, call.did, query)


async def show_past_of(call: LenientCall, query: PastQuery) -> PastList:
    """GET /app/devdata: the same with the did in the query."""
    return await _past(call, query.did, query)


async def show_past_of_2(call: LenientCall, query: PastQuery) -> PastList:
    """GET /app/devdata2: the same under its later name."""
    return await _past(call, query.did, query)


async def aggregate(call: UserCall, query: AggregateQuery) -> Aggregates:
    """GET /app/devdata/{did}/agg_data: numbers added up by hours, days, weeks or months (UTC).

    aggregator: sum, avg, max or min. unit: HOURS, DAYS, WEEKS or MONTHS, with or without S. The hours in
    which start_ts and end_ts lie count as a whole.
    """
    names = list(dict.fromkeys(name for name in query.attrs.split(",") if name))
    aggregator, unit = query.aggregator.lower(), query.unit.upper().removesuffix("S") + "S"
    _one_of("aggregator", aggregator, tuple(AGGREGATORS))
    _one_of("unit", unit, tuple(UNITS))
    span = (query.start_ts / 1000, query.end_ts / 1000)
    owned = await call.service.device(call.uid, call.did)
    found = await call.service.aggregate(
        call.uid, call.did, names, aggregator=aggregator, unit=unit, span=span
    )
    entries = []
    for one in found:
        text = one.at.strftime("%Y-%m-%dT%H:%M:%SZ")
        entries.append(AggregateEntry(text, text, call.uid, owned.device.product_key, one.attrs))
    asked = Asked(query.start_ts, query.end_ts, ",".join(names), aggregator, unit, call.did)
    return Aggregates(asked, entries)


async def find_registered(call: UserCall, query: CodesQuery) -> list[FoundEntry]:
    """GET /app/device_register: devices that registered within ten minutes with one of these random codes.

    Only modules that send their code are found; for all others the list stays empty, and bind_mac finds them.
    """
    found = await call.service.registered_lately(query.random_codes.split(","))
    return [FoundEntry(one.did, one.mac, one.product_key, one.online) for one in found]


async def _past(call: UserCall, did: str, query: PastQuery) -> PastList:
    attr = query.attr or query.name
    end = _seconds(query.end_ts) or call.service.clock()
    start = _seconds(query.start_ts) or max(0, end - DAY_S)
    window = Window(start, end, query.limit, query.skip)
    names = {name for name in attr.split(",") if name}
    points = (await call.service.device(call.uid, did)).product.points
    found: Sequence[Past] = await call.service.past(call.uid, did, names, window)
    meta = PastMeta(did, query.entity, attr, int(start), int(end), query.limit, query.skip)
    return PastList(meta, [LatestEntry(did, int(one.at), to_http(points, one.attrs)) for one in found])


def _seconds(moment: int) -> float:
    return moment / 1000 if moment >= MS_FROM else moment


def _one_of(name: str, word: str, words: Sequence[str]) -> None:
    if word not in words:
        raise ApiError(9015, f"{name} is one of {', '.join(words)}")


def _traffic_entry(one: Traffic) -> LogEntry:
    numbered = one.cmd in envelope.NUMBERED
    frame = envelope.encode(one.cmd, one.p0, one.sn or 0 if numbered else None).hex()
    if one.origin is None:
        return LogEntry(type="dev2app", timestamp=one.at, ip="", payload_bin=frame)
    told: dict[str, Any] = {
        name: word for name, word in (("uid", one.origin.uid), ("appid", one.origin.appid)) if word
    }
    source = one.origin.source
    return LogEntry(type="app2dev", timestamp=one.at, ip="", payload_bin=frame, source=source, **told)


def _passage_entry(one: Passage) -> LogEntry:
    return LogEntry(
        type=one.type,  # type: ignore[arg-type]  # the store has these words only
        timestamp=one.at,
        ip=one.ip or "",
        payload=ConnectionEntry(one.keep_alive),
    )


_OF_A_DEVICE: Final = (9014, 9017)

ROUTES: Final = (
    Route("GET", "/app/devices/{did}/raw_data", show_log, errors=_OF_A_DEVICE),
    Route("GET", "/app/devdata/{did}", show_past, errors=_OF_A_DEVICE),
    Route("GET", "/app/devdata", show_past_of, errors=_OF_A_DEVICE),
    Route("GET", "/app/devdata2", show_past_of_2, errors=_OF_A_DEVICE),
    Route("GET", "/app/devdata/{did}/agg_data", aggregate, errors=(*_OF_A_DEVICE, 9025)),
    Route("GET", "/app/device_register", find_registered),
)
