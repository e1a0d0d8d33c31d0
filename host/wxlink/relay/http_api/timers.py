"""Timers of devices, groups and scenes, in the three forms that clients know. All times are UTC."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from wxlink.relay.errors import ApiError
from wxlink.relay.rest import Page, Route, UserCall
from wxlink.relay.rest.words import Attrs, Raw, octets
from wxlink.relay.service.steps import Command, Task
from wxlink.relay.service.timers import DEVICES_MAX, Target, TimerForm
from wxlink.relay.store import Run, Timer
from wxlink.relay.store.runs import DONE, MISSED
from wxlink.relay.values import HEX

RETRIES_MAX: Final = 60

DayOfMonth = Annotated[int, Meta(ge=0, le=31)] | str


class ChangedTimer(Struct, kw_only=True):
    """When a timer is due, and what it does; what is missing or null stays.

    repeat: `none` (then date), days of the week like `mon,wed`, or `day` (then days of the month). raw is hex
    text, binary data points are hex, unless binary_coding says base64.
    """

    time: str | None = None
    repeat: str | None = None
    date: str | None = None
    days: Annotated[list[DayOfMonth], Meta(max_length=31)] | None = None
    start_date: str | None = None
    end_date: str | None = None
    enabled: bool | None = None
    remark: str | None = None
    attrs: Attrs | None = None
    raw: Raw | None = None
    binary_coding: str | None = None


class NewTimer(ChangedTimer, kw_only=True):
    """A timer."""

    time: str


class ChangedCommonTimer(ChangedTimer, kw_only=True):
    """A timer; its target, if named, is the one it has."""

    did: str | None = None
    group_id: str | None = None
    scene_id: str | None = None


class NewCommonTimer(ChangedCommonTimer, kw_only=True):
    """A timer; of did, group_id and scene_id the first that is not empty counts. A scene takes no command."""

    time: str


class TimersOf(Page, kw_only=True):
    """Whose timers; the first that is not empty counts."""

    did: str = ""
    group_id: str = ""
    scene_id: str = ""


class OldTask(Struct, kw_only=True):
    """What one device is to do."""

    did: str
    product_key: str | None = None
    attrs: Attrs


class NewOldTimer(Struct, kw_only=True):
    """A timer of several devices. Nothing is sent again: retry_count and retry_task are only kept."""

    time: str
    task: Annotated[list[OldTask], Meta(min_length=1, max_length=DEVICES_MAX)]
    date: str | None = None
    repeat: str | None = None
    retry_count: Annotated[int, Meta(ge=0, le=RETRIES_MAX)] | None = None
    retry_task: Literal["all", "failed"] | None = None


class ChangedOldTimer(Struct, kw_only=True):
    """What changes of a timer of several devices."""

    time: str | None = None
    task: Annotated[list[OldTask], Meta(min_length=1, max_length=DEVICES_MAX)] | None = None
    date: str | None = None
    repeat: str | None = None
    retry_count: Annotated[int, Meta(ge=0, le=RETRIES_MAX)] | None = None
    retry_task: Literal["all", "failed"] | None = None


class TimerId(Struct):
    """A timer."""

    id: str


class TimerEntry(Struct, kw_only=True):
    """A timer of a device, a group or a scene."""

    id: str
    created_at: str
    product_key: str
    did: str
    group_id: str
    scene_id: str
    raw: str
    attrs: Attrs
    date: str
    time: str
    repeat: str
    days: list[Any]
    start_date: str
    end_date: str
    enabled: bool
    remark: str


class OldTimerEntry(Struct, kw_only=True):
    """A timer of several devices."""

    id: str
    created_at: str
    date: str
    time: str
    repeat: str
    task: list[dict[str, Any]]
    retry_count: int
    retry_task: str


class LogEntry(Struct, kw_only=True):
    """How a timer went. detail: did -> whether the command is on its way; codes: why not, 0 when it is.

    missed: no relay ran then.
    """

    datetime: str
    status: Literal["succeed", "failed"]
    detail: dict[str, bool]
    codes: dict[str, int]
    missed: bool


async def list_device_timers(call: UserCall, query: Page) -> list[TimerEntry]:
    """GET /app/devices/{did}/scheduler: the user's timers of a device, oldest first."""
    found = await call.service.timers(call.uid, Target(call.did), query.limit, query.skip)
    return [_entry(timer) for timer in found]


async def add_device_timer(call: UserCall, body: NewTimer) -> TimerId:
    """POST /app/devices/{did}/scheduler: let a device do something at a time of day."""
    return TimerId(await call.service.add_timer(call.uid, Target(call.did), _form(body)))


async def change_device_timer(call: UserCall, body: ChangedTimer) -> TimerId:
    """PUT /app/devices/{did}/scheduler/{id}"""
    await call.service.change_timer(call.uid, call.segment("id"), _form(body), call.did)
    return TimerId(call.segment("id"))


async def remove_device_timer(call: UserCall) -> None:
    """DELETE /app/devices/{did}/scheduler/{id}"""
    await call.service.remove_timer(call.uid, call.segment("id"), call.did)


async def list_common_timers(call: UserCall, query: TimersOf) -> list[TimerEntry]:
    """GET /app/common_scheduler: the user's timers of a device, a group or a scene."""
    target = _target(query.did, query.group_id, query.scene_id)
    return [_entry(timer) for timer in await call.service.timers(call.uid, target, query.limit, query.skip)]


async def add_common_timer(call: UserCall, body: NewCommonTimer) -> TimerId:
    """POST /app/common_scheduler: a timer of a device, a group or a scene."""
    target = _target(body.did, body.group_id, body.scene_id)
    return TimerId(await call.service.add_timer(call.uid, target, _form(body)))


async def change_common_timer(call: UserCall, body: ChangedCommonTimer) -> TimerId:
    """PUT /app/common_scheduler/{id}: it stays with its device, group or scene."""
    number = call.segment("id")
    timer = await call.service.timer(call.uid, number)
    target = Target(body.did or "", body.group_id or "", body.scene_id or "")
    if target != Target() and any(getattr(timer, name) != of for name, of in target.columns().items()):
        raise ApiError(9015, "a timer stays with its device, group or scene: add another one")
    await call.service.change_timer(call.uid, number, _form(body))
    return TimerId(number)


async def remove_timer(call: UserCall) -> None:
    """DELETE /app/common_scheduler/{id}"""
    await call.service.remove_timer(call.uid, call.segment("id"))


async def list_old_timers(call: UserCall, query: Page) -> list[OldTimerEntry]:
    """GET /app/scheduler: the user's timers of the old form."""
    found = await call.service.timers(call.uid, Target(), query.limit, query.skip)
    return [_old_entry(timer) for timer in found]


async def add_old_timer(call: UserCall, body: NewOldTimer) -> TimerId:
    """POST /app/scheduler: the old form, for several devices at once."""
    return TimerId(await call.service.add_timer(call.uid, Target(), _old_form(body)))


async def change_old_timer(call: UserCall, body: ChangedOldTimer) -> TimerId:
    """PUT /app/scheduler/{id}"""
    await call.service.change_timer(call.uid, call.segment("id"), _old_form(body))
    return TimerId(call.segment("id"))


async def remove_old_timer(call: UserCall) -> None:
    """DELETE /app/scheduler/{id}"""
    await call.service.remove_timer(call.uid, call.segment("id"))


async def list_log(call: UserCall, query: Page) -> list[LogEntry]:
    """GET /app/scheduler/{id}/logs: how a timer of any form went, the newest first."""
    found = await call.service.timer_log(call.uid, call.segment("id"), query.limit, query.skip)
    return [_log_entry(run) for run in found if run.wakes_at is None]


def _target(did: str | None, group_id: str | None, scene_id: str | None) -> Target:
    target = Target(did or "", group_id or "", scene_id or "")
    if target == Target():
        raise ApiError(9015, "give did, group_id or scene_id")
    return target


def _form(body: ChangedTimer) -> TimerForm:
    coding = body.binary_coding or HEX
    command = None
    if body.attrs:
        command = Command(attrs=body.attrs, coding=coding)
    elif body.raw:
        command = Command(raw=octets(body.raw, coding))
    fields = {name: getattr(body, name) for name in _FIELDS}
    return TimerForm(fields, body.enabled, body.remark, command)


def _old_form(body: NewOldTimer | ChangedOldTimer) -> TimerForm:
    fields = {name: getattr(body, name) for name in _OLD_FIELDS}
    tasks = [Task(one.did, command=Command(attrs=one.attrs)) for one in body.task or ()]
    return TimerForm(fields, tasks=tasks or None)


_FIELDS: Final = ("time", "repeat", "date", "days", "start_date", "end_date")
_OLD_FIELDS: Final = ("time", "repeat", "date", "retry_count", "retry_task")


def _entry(timer: Timer) -> TimerEntry:
    step = timer.steps[0] if timer.steps else {}
    return TimerEntry(
        id=timer.id,
        created_at=_naive(timer.created_at),
        product_key=timer.product_key,
        did=timer.did or "",
        group_id=timer.group_id or "",
        scene_id=timer.scene_id or "",
        raw=step.get("raw", ""),
        attrs=step.get("attrs", {}),
        **{name: timer.fields.get(name) or usual for name, usual in _SHOWN.items()},
        enabled=timer.enabled,
        remark=timer.remark,
    )


_SHOWN: Final[dict[str, Any]] = {
    "time": "",
    "repeat": "none",
    "date": "",
    "days": [],
    "start_date": "",
    "end_date": "",
}


def _old_entry(timer: Timer) -> OldTimerEntry:
    return OldTimerEntry(
        id=timer.id,
        created_at=_naive(timer.created_at),
        date=timer.fields.get("date") or "",
        time=timer.fields["time"],
        repeat=timer.fields.get("repeat") or "none",
        task=[{"did": step["did"], "attrs": step.get("attrs", {})} for step in timer.steps],
        retry_count=timer.fields.get("retry_count") or 0,
        retry_task=timer.fields.get("retry_task") or "all",
    )


def _log_entry(run: Run) -> LogEntry:
    codes = {one.get("did") or one["group_id"]: one["code"] for one in run.outcomes}
    return LogEntry(
        datetime=_naive(run.due_at),
        status="succeed" if run.state == DONE else "failed",
        detail={did: code == 0 for did, code in codes.items()},
        codes=codes,
        missed=run.state == MISSED,
    )


def _naive(at: float) -> str:
    """UTC without saying so, as the public service writes these times."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%S")


_KEEPING: Final = (9002, 9014, 9017, 9025, 9041, 9220, 9221)
_CHANGING: Final = (9002, 9014, 9017, 9025, 9030, 9220, 9221)
_DEVICE: Final = "/app/devices/{did}/scheduler"
_COMMON: Final = "/app/common_scheduler"

ROUTES: Final = (
    Route("GET", _DEVICE, list_device_timers, errors=(9002, 9014, 9017)),
    Route("POST", _DEVICE, add_device_timer, (201,), _KEEPING),
    Route("PUT", _DEVICE + "/{id}", change_device_timer, errors=_CHANGING),
    Route("DELETE", _DEVICE + "/{id}", remove_device_timer, errors=(9030,)),
    Route("GET", _COMMON, list_common_timers, errors=(9002, 9014, 9017, 9220, 9221)),
    Route("POST", _COMMON, add_common_timer, (201,), _KEEPING),
    Route("PUT", _COMMON + "/{id}", change_common_timer, errors=_CHANGING),
    Route("DELETE", _COMMON + "/{id}", remove_timer, errors=(9030,)),
    Route("GET", "/app/scheduler", list_old_timers),
    Route("POST", "/app/scheduler", add_old_timer, (201,), _KEEPING),
    Route("PUT", "/app/scheduler/{id}", change_old_timer, errors=_CHANGING),
    Route("DELETE", "/app/scheduler/{id}", remove_old_timer, errors=(9030,)),
    Route("GET", "/app/scheduler/{id}/logs", list_log, errors=(9030,)),
)
