"""Timers fire once at their time, whatever becomes of the relay meanwhile."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from automation_ground import Home, Time, settle
from relay_ground import APPID, Wire

from wxlink.relay.automation import LOOK_EVERY_S
from wxlink.relay.errors import ApiError
from wxlink.relay.service import Service
from wxlink.relay.service.steps import Command, Task
from wxlink.relay.service.timers import DEVICE_TIMERS_MAX, Target, TimerForm
from wxlink.relay.store.timers import CATCH_UP_S

DAY = 86_400.0
START = datetime(2024, 2, 26, 12, 0, tzinfo=UTC).timestamp()  # a Monday of a leap year
SIREN = Command(attrs={"Siren": True})


@pytest.fixture
def clock() -> Time:
    return Time(START)


@pytest.fixture
async def home(service: Service, clock: Time, wire: Wire) -> Home:
    return await settle(service, clock, wire)


async def timed(home: Home, command: Command | None = SIREN, **fields: Any) -> str:
    """A timer for the home's detector."""
    return await home.service.add_timer(home.uid, Target(home.did), TimerForm(fields, command=command))


async def log(home: Home, timer: str) -> list[tuple[float, str, list[int]]]:
    runs = await home.service.timer_log(home.uid, timer, 100)
    return [(run.due_at, run.state, [one["code"] for one in run.outcomes]) for run in reversed(runs)]


async def test_a_timer_fires_once_and_is_then_disabled(home: Home) -> None:
    timer = await timed(home, time="12:01", date="2024-02-26")
    await home.work(59)
    assert home.sent() == 0
    await home.work(1)
    await home.work()
    assert home.sent() == 1
    assert await log(home, timer) == [(START + 60, "done", [0])]
    known = await home.service.timer(home.uid, timer)
    assert (known.enabled, known.next_at) == (False, None)


async def test_a_leap_day_is_a_day(home: Home) -> None:
    timer = await timed(home, time="12:00", repeat="day", days=["29"])
    for _ in range(40):
        await home.work(DAY)
    due = [datetime.fromtimestamp(at, UTC).date().isoformat() for at, _, _ in await log(home, timer)]
    assert due == ["2024-02-29", "2024-03-29"]
    assert home.sent() == 2


async def test_nothing_is_kept_for_a_device_that_is_offline(home: Home) -> None:
    timer = await timed(home, time="12:01", repeat="mon,tue")
    await home.store.devices.set_presence(home.did, False, "00000001", START)
    await home.work(60)
    await home.store.devices.set_presence(home.did, True, "00000002", START + 61)
    await home.work()
    assert home.sent() == 0
    await home.work(DAY)
    assert await log(home, timer) == [
        (START + 60, "failed", [9042]),
        (START + 60 + DAY, "done", [0]),
    ]


async def test_a_relay_that_was_down_does_what_is_a_little_late_and_logs_what_is_more(home: Home) -> None:
    timer = await timed(home, time="12:01", repeat="mon,tue,wed,thu,fri,sat,sun")
    await home.work(2 * DAY + 60 + CATCH_UP_S)
    assert await log(home, timer) == [
        (START + 60, "missed", []),
        (START + 60 + DAY, "missed", []),
        (START + 60 + 2 * DAY, "done", [0]),
    ]
    assert home.sent() == 1
    await home.work(400 * DAY)
    assert len(await log(home, timer)) <= 12, "a year away is not logged day by day"


async def test_disabled_and_changed_timers_are_due_when_they_say(home: Home) -> None:
    timer = await timed(home, time="12:01", repeat="mon")
    await home.service.change_timer(home.uid, timer, TimerForm(enabled=False))
    await home.work(120)
    assert home.sent() == 0
    await home.service.change_timer(home.uid, timer, TimerForm({"time": "12:05"}, enabled=True))
    await home.work(180)
    assert await log(home, timer) == [(START + 300, "done", [0])]


async def test_the_old_form_names_several_devices(home: Home) -> None:
    other = await home.another("d1d1d1d1d1d1")
    await home.store.devices.set_presence(other, False, "00000001", START)
    tasks = [Task(did, command=SIREN) for did in (home.did, other)]
    fields = {"time": "12:01", "date": "2024-02-26"}
    timer = await home.service.add_timer(home.uid, Target(), TimerForm(fields, tasks=tasks))
    await home.work(60)
    assert await log(home, timer) == [(START + 60, "failed", [0, 9042])]


async def test_who_loses_the_device_loses_its_timers(home: Home) -> None:
    timer = await timed(home, time="12:01", repeat="mon")
    await home.service.unbind(home.uid, home.did)
    with pytest.raises(ApiError, match="9030"):
        await home.service.timer(home.uid, timer)
    await home.work(60)
    assert home.sent() == 0


@pytest.mark.parametrize(
    ("fields", "command", "code"),
    [
        ({"time": "25:00", "date": "2024-03-01"}, SIREN, 9015),
        ({"date": "2024-03-01"}, SIREN, 9015),
        ({"time": "11:00", "date": "2024-02-26"}, SIREN, 9015),
        ({"time": "12:30", "date": "2024-03-01"}, None, 9015),
        ({"time": "12:30", "date": "2024-03-01"}, Command(), 9015),
        ({"time": "12:30", "date": "2024-03-01"}, Command(attrs={"Smoke": 1}), 9025),
        ({"time": "12:30", "date": "2024-03-01"}, Command(attrs={"Volume": "loud"}), 9025),
        ({"time": "12:30", "date": "2024-03-01"}, Command(raw=b"\0\0\0\3junk"), 9015),
    ],
)
async def test_what_could_not_work_is_refused_at_once(
    home: Home, fields: dict[str, str], command: Command | None, code: int
) -> None:
    with pytest.raises(ApiError) as caught:
        await timed(home, command, **fields)
    assert caught.value.code == code


async def test_a_device_has_only_so_many_timers(home: Home) -> None:
    for _ in range(DEVICE_TIMERS_MAX):
        await timed(home, time="12:30", repeat="mon")
    with pytest.raises(ApiError, match="9041"):
        await timed(home, time="12:30", repeat="mon")


async def test_another_user_sees_and_changes_nothing(home: Home) -> None:
    timer = await timed(home, time="12:30", repeat="mon")
    stranger = (await home.service.anonymous_user(APPID, "phone-2")).uid
    with pytest.raises(ApiError, match="9017"):
        await home.service.timers(stranger, Target(home.did), 10)
    for call in (home.service.remove_timer(stranger, timer), home.service.timer_log(stranger, timer, 10)):
        with pytest.raises(ApiError, match="9030"):
            await call


async def test_the_loop_looks_at_the_time_by_itself(home: Home) -> None:
    timer = await timed(home, time="12:01", date="2024-02-26")
    home.automation.start()
    try:
        async with asyncio.timeout(30):
            while not await log(home, timer) or (await log(home, timer))[0][1] != "done":
                home.clock.advance(LOOK_EVERY_S)
                await asyncio.sleep(0)
    finally:
        await home.automation.stop()
    assert home.sent() == 1
