"""Relays on one database share timers and runs: each is done once, by one of them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from automation_ground import Home, Time, report, settle
from relay_ground import NOW, Wire

from wxlink.relay.automation import Automation
from wxlink.relay.service import Service
from wxlink.relay.service.linkage import Input, RuleForm
from wxlink.relay.service.steps import Command, Task
from wxlink.relay.service.timers import Target, TimerForm
from wxlink.relay.store import Store
from wxlink.relay.store.runs import RUN_LIFE_S
from wxlink.relay.store.timers import CATCH_UP_S

SIREN = Command(attrs={"Siren": True})
TIMERS = 10


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
async def home(service: Service, clock: Time, wire: Wire) -> Home:
    return await settle(service, clock, wire)


@pytest.fixture
async def relays(home: Home, store_url: str) -> AsyncIterator[list[Automation]]:
    """Three relays on the home's database; the home's own is the first."""
    mine, others = home.service, [await Store.open(store_url) for _ in range(2)]
    services = [Service(store, mine.bus, mine.downlink, mine.settings, home.clock) for store in others]
    yield [home.automation, *(Automation(service, home.clock) for service in services)]
    for store in others:
        await store.close()


async def test_relays_fire_a_timer_once(home: Home, relays: list[Automation]) -> None:
    for minute in range(TIMERS):
        fields = {"time": f"22:{14 + minute}", "date": "2023-11-14"}
        await home.service.add_timer(home.uid, Target(home.did), TimerForm(fields, command=SIREN))
    home.clock.advance(40 + 60 * TIMERS)
    missed = int(60 * (TIMERS - 1) - CATCH_UP_S) // 60 + 1
    await asyncio.gather(*(relay.work() for relay in relays for _ in range(2)))
    assert home.sent() == TIMERS - missed


async def test_relays_do_each_step_of_a_scene_once(home: Home, relays: list[Automation]) -> None:
    tasks = [Task(home.did, command=SIREN), Task(delay_s=5), Task(home.did, command=SIREN)]
    for name in ("a", "b", "c", "d"):
        scene = await home.service.add_scene(home.uid, name, "", tasks)
        await home.service.run_scene(home.uid, scene)
    for wait, total in ((0, 4), (4, 4), (1, 8)):
        home.clock.advance(wait)
        await asyncio.gather(*(relay.work() for relay in relays))
        assert home.sent() == total


async def test_a_rule_fires_once_in_one_batch_of_reports(home: Home, relays: list[Automation]) -> None:
    output = (Task(home.did, command=SIREN), {"type": "devctrl"})
    condition = [[{"left": "1", "opt": "==", "right": "here.Siren"}]]
    inputs = [Input("here", home.did)]
    form = RuleForm(home.did, "data", inputs=inputs, condition=condition, outputs=[[output]])
    number = await home.service.add_rule(home.uid, form)
    await home.store.states.apply([report(home.did, NOW + at, Siren=True) for at in range(5)])
    await asyncio.gather(*(relay.work() for relay in relays))
    (run,) = await home.store.runs.of_rule(number, 10)
    assert (run.state, home.sent()) == ("done", 1)


async def test_a_log_is_kept_for_a_month(home: Home) -> None:
    fields = {"time": "22:14", "repeat": "mon,tue,wed,thu,fri,sat,sun"}
    timer = await home.service.add_timer(home.uid, Target(home.did), TimerForm(fields, command=SIREN))
    for _ in range(3):
        await home.work(86_400)
    assert await home.store.runs.prune(NOW + 40 + 86_400 + RUN_LIFE_S) == 2
    assert len(await home.service.timer_log(home.uid, timer, 10)) == 1


async def test_what_goes_takes_its_runs_along(home: Home) -> None:
    tasks = [Task(home.did, command=SIREN), Task(delay_s=60)]
    scene = await home.service.add_scene(home.uid, "s", "", tasks)
    await home.service.run_scene(home.uid, scene)
    await home.work()
    assert await home.store.runs.going(home.uid) == 1
    await home.service.remove_scene(home.uid, scene)
    assert await home.store.runs.next_at() is None
