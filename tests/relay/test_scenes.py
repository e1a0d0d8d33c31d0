"""Scenes: one touch, several commands, pauses between them that outlast a restart."""

import pytest
from automation_ground import Home, Time, settle
from relay_ground import APPID, Wire

from wxlink.relay.automation import LEASE_S, Automation
from wxlink.relay.errors import ApiError
from wxlink.relay.service import Service
from wxlink.relay.service.scenes import FAILED, NOT_RUNNING, SCENES_MAX, SUCCEEDED, UNDER_WAY
from wxlink.relay.service.steps import RUNS_MAX, Command, Task
from wxlink.relay.service.timers import Target, TimerForm
from wxlink.relay.store import Store


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
async def home(service: Service, clock: Time, wire: Wire) -> Home:
    return await settle(service, clock, wire)


def siren(did: str, *, on: bool = True) -> Task:
    return Task(did, command=Command(attrs={"Siren": on}))


def pause(seconds: int) -> Task:
    return Task(delay_s=seconds)


async def scene(home: Home, *tasks: Task) -> str:
    return await home.service.add_scene(home.uid, "away", "", tasks)


async def status(home: Home, scene_id: str) -> int:
    return await home.service.scene_status(home.uid, scene_id)


async def test_a_scene_does_its_tasks_in_order_with_pauses(home: Home) -> None:
    made = await scene(home, siren(home.did), pause(30), siren(home.did, on=False), pause(5))
    assert await status(home, made) == NOT_RUNNING
    await home.service.run_scene(home.uid, made)
    assert await status(home, made) == UNDER_WAY
    await home.work()
    assert home.sent() == 1
    await home.work(29)
    assert home.sent() == 1
    await home.work(1)
    assert home.sent() == 2
    assert await status(home, made) == UNDER_WAY
    await home.work(5)
    assert await status(home, made) == SUCCEEDED
    on, off = home.wire.p0s(home.did)
    assert on != off


async def test_a_device_that_is_offline_does_not_keep_the_others_waiting(home: Home) -> None:
    gone = await home.another("d1d1d1d1d1d1")
    await home.store.devices.set_presence(gone, False, "00000001", home.clock.now)
    made = await scene(home, siren(gone), siren(home.did))
    await home.service.run_scene(home.uid, made)
    await home.work()
    assert (home.sent(gone), home.sent()) == (0, 1)
    assert await status(home, made) == FAILED


async def test_a_pause_outlasts_a_restart(home: Home, store_url: str) -> None:
    made = await scene(home, siren(home.did), pause(3600), siren(home.did))
    await home.service.run_scene(home.uid, made)
    await home.work()
    await home.store.close()
    home.service.store = again = await Store.open(store_url)
    home.service.downlink._device = again.devices.get
    home.automation = Automation(home.service, home.clock)
    try:
        await home.work(3599)
        assert home.sent() == 1
        await home.work(1)
        assert home.sent() == 2
        assert await status(home, made) == SUCCEEDED
    finally:
        await again.close()


async def test_a_relay_that_died_while_it_sent_gives_those_commands_up_and_goes_on(home: Home) -> None:
    made = await scene(home, siren(home.did), siren(home.did), pause(10), siren(home.did))
    await home.service.run_scene(home.uid, made)
    assert await home.store.runs.claim(home.clock.now, 10, LEASE_S)  # and then it died
    await home.work(LEASE_S - 1)
    assert home.sent() == 0
    await home.work(1)
    await home.work(10)
    assert home.sent() == 1
    assert await status(home, made) == FAILED
    run = await home.store.runs.latest_of_scene(made)
    assert run is not None
    assert [one["code"] for one in run.outcomes] == [9021, 9021, 0]


async def test_a_second_touch_begins_anew(home: Home) -> None:
    made = await scene(home, siren(home.did), pause(60), siren(home.did))
    for _ in range(2):
        await home.service.run_scene(home.uid, made)
        await home.work()
        home.clock.advance(40)
    assert home.sent() == 2
    await home.work(20)
    assert home.sent() == 3
    assert await status(home, made) == SUCCEEDED


async def test_a_scene_that_is_removed_ends(home: Home) -> None:
    made = await scene(home, siren(home.did), pause(60), siren(home.did))
    await home.service.run_scene(home.uid, made)
    await home.work()
    await home.service.remove_scene(home.uid, made)
    await home.work(100)
    assert home.sent() == 1


async def test_a_timer_starts_a_scene_as_it_is_then(home: Home) -> None:
    made = await scene(home, siren(home.did), siren(home.did))
    fields = {"time": "22:14", "date": "2023-11-14"}  # a minute after NOW
    timer = await home.service.add_timer(home.uid, Target(scene_id=made), TimerForm(fields))
    await home.service.change_scene(home.uid, made, tasks=[siren(home.did)])
    await home.work(60)
    assert home.sent() == 1
    assert await status(home, made) == SUCCEEDED
    (run,) = await home.service.timer_log(home.uid, timer, 10)
    assert (run.state, run.scene_id) == ("done", made)


async def test_who_is_no_longer_bound_controls_nothing(home: Home) -> None:
    made = await scene(home, siren(home.did), pause(5), siren(home.did))
    await home.service.run_scene(home.uid, made)
    await home.work()
    await home.service.unbind(home.uid, home.did)
    await home.work(5)
    assert home.sent() == 1
    run = await home.store.runs.latest_of_scene(made)
    assert run is not None
    assert [one["code"] for one in run.outcomes] == [0, 9017]


@pytest.mark.parametrize(
    ("tasks", "code"),
    [
        ([], 9015),
        ([Task()], 9015),
        ([pause(3601)], 9015),
        ([pause(1)] * 51, 9015),
        ([siren("0" * 22)], 9014),
        ([Task(group_id="0" * 24, command=Command(attrs={"Siren": 1}))], 9015),
    ],
)
async def test_what_is_no_scene_is_refused(home: Home, tasks: list[Task], code: int) -> None:
    with pytest.raises(ApiError) as caught:
        await scene(home, *tasks)
    assert caught.value.code == code


async def test_scenes_and_what_they_do_are_bounded(home: Home) -> None:
    made = [await scene(home, pause(3600)) for _ in range(SCENES_MAX)]
    with pytest.raises(ApiError, match="9041"):
        await scene(home, pause(1))
    for _ in range(3):
        await home.service.run_scene(home.uid, made[0])
    assert await home.store.runs.going(home.uid) == 1
    for at in range(RUNS_MAX):
        fields = {"time": "22:14", "date": "2023-11-14"}
        await home.service.add_timer(home.uid, Target(scene_id=made[at % SCENES_MAX]), TimerForm(fields))
    await home.work(60)
    with pytest.raises(ApiError, match="9041"):
        await home.service.run_scene(home.uid, made[0])


async def test_another_users_scene_is_not_shown(home: Home) -> None:
    made = await scene(home, pause(1))
    stranger = (await home.service.anonymous_user(APPID, "phone-2")).uid
    for call in (home.service.run_scene, home.service.remove_scene, home.service.scene_status):
        with pytest.raises(ApiError, match="9221"):
            await call(stranger, made)
        with pytest.raises(ApiError, match="9220"):
            await call(stranger, "f" * 24)
