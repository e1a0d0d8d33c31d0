"""Rules: what one device does sets going what others do, once, and never for ever."""

from collections.abc import Sequence
from typing import Any

import pytest
from automation_ground import Home, Time, settle, statements
from relay_ground import NOW, Wire

from wxlink.relay.errors import ApiError
from wxlink.relay.service import Service
from wxlink.relay.service.linkage import RULES_MAX, Input, RuleForm
from wxlink.relay.service.steps import Command, Task
from wxlink.relay.store import Store
from wxlink.relay.store.rule_watch import FIRINGS_MAX, PAUSE_S

SMOKY = [[{"left": "here.Smoke", "opt": ">", "right": "25"}]]


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
async def home(service: Service, clock: Time, wire: Wire) -> Home:
    return await settle(service, clock, wire)


@pytest.fixture
async def other(home: Home) -> str:
    """The device that the rules control."""
    return await home.another("d1d1d1d1d1d1")


def switch(did: str, attrs: dict[str, Any] | None = None) -> tuple[Task, dict[str, Any]]:
    attrs = attrs or {"Siren": True}
    return Task(did, command=Command(attrs=attrs)), {"type": "devctrl", "did": did, "attrs": attrs}


def pause(seconds: int) -> tuple[Task, dict[str, Any]]:
    return Task(delay_s=seconds), {"type": "delay", "delay": seconds}


async def rule(home: Home, *outputs: Sequence[tuple[Task, dict[str, Any]]], **fields: Any) -> int:
    """A rule of the home's detector."""
    form = {"event": "data", "inputs": [Input("here", home.did)], "condition": SMOKY, **fields}
    return await home.service.add_rule(home.uid, RuleForm(home.did, outputs=outputs, **form))


async def notices(home: Home) -> list[str]:
    return [one.kind for one in await home.store.notifications.of_user(home.uid, 100)]


async def test_a_rule_fires_when_its_condition_becomes_true(home: Home, other: str) -> None:
    await rule(home, [switch(other)])
    seen = []
    for smoke in (10, 30, 40, 20, 26):
        await home.report(Smoke=smoke)
        await home.work(1)
        seen.append(home.sent(other))
    assert seen == [0, 1, 1, 1, 2]


async def test_what_another_device_says_counts_at_the_next_report(home: Home, other: str) -> None:
    both = [
        [
            {"left": "here.Siren", "opt": "==", "right": "1"},
            {"left": "there.Smoke", "opt": ">", "right": 25},
        ]
    ]
    inputs = [Input("here", home.did), Input("there", other)]
    await rule(home, [switch(other)], inputs=inputs, condition=both)
    await home.report(Siren=True)
    await home.report(other, Smoke=30)
    await home.work()
    assert home.sent(other) == 0, "only the rule's own device sets it going"
    await home.report(Siren=True)
    await home.work()
    assert home.sent(other) == 1


async def test_without_a_condition_every_report_fires_but_not_within_the_interval(
    home: Home, other: str
) -> None:
    await rule(home, [switch(other)], condition=[], interval_s=10.0)
    for _ in range(4):
        await home.report(Volume=1)
        await home.work(5)
    assert home.sent(other) == 2


@pytest.mark.parametrize(("event", "fires_at"), [("online", [2]), ("offline", [1])])
async def test_coming_and_going_fire(home: Home, other: str, event: str, fires_at: list[int]) -> None:
    await rule(home, [switch(other)], event=event, condition=[])
    fired = []
    presences = [(True, "00000001"), (False, "00000001"), (True, "00000002"), (True, "00000003")]
    for step, (online, connection) in enumerate(presences):
        before = home.sent(other)
        await home.store.devices.set_presence(home.did, online, connection, home.clock.now)
        await home.work(1)
        if home.sent(other) > before:
            fired.append(step)
    assert fired == fires_at


@pytest.mark.parametrize(("value", "fires_at"), [("1", [1]), ("0", [3])])
async def test_alerts_fire_when_they_begin_or_end(
    home: Home, other: str, value: str, fires_at: list[int]
) -> None:
    attr = {"attr_name": "Fire", "value": value}
    await rule(home, [switch(other)], event="alert", event_attr=attr, condition=[])
    fired = []
    for step, fire in enumerate((False, True, True, False)):
        before = home.sent(other)
        await home.report(Fire=fire, Battery=fire)
        await home.work(1)
        if home.sent(other) > before:
            fired.append(step)
    assert fired == fires_at


async def test_groups_of_outputs_go_side_by_side_and_stop_at_a_failure(home: Home, other: str) -> None:
    gone = await home.another("d2d2d2d2d2d2")
    await home.store.devices.set_presence(gone, False, "00000001", NOW)
    number = await rule(
        home, [switch(gone), switch(other)], [switch(other), pause(5), switch(other, {"Volume": 3})]
    )
    await home.report(Smoke=99)
    await home.work()
    assert (home.sent(gone), home.sent(other)) == (0, 1)
    await home.work(5)
    assert home.sent(other) == 2
    outcomes = {run.state: [one["code"] for one in run.outcomes] for run in await runs(home, number)}
    assert outcomes == {"failed": [9042], "done": [0, 0]}


async def runs(home: Home, number: int) -> Any:
    return await home.store.runs.of_rule(number, 100)


async def test_rules_that_set_each_other_going_are_paused_and_the_owner_is_told(
    home: Home, other: str
) -> None:
    """Each device answers a command with a report, as devices do."""
    await rule(home, [switch(other)], condition=[])
    back = RuleForm(other, "data", outputs=[[switch(home.did)]])
    await home.service.add_rule(home.uid, back)
    answered = {home.did: 0, other: 0}
    await home.report(Siren=True)
    for _ in range(3 * FIRINGS_MAX):
        await home.work(0.5)
        for did in (home.did, other):
            if home.sent(did) > answered[did]:
                answered[did] = home.sent(did)
                await home.report(did, Siren=True)
    assert home.sent(other) <= FIRINGS_MAX
    assert "rule_paused" in await notices(home)
    quiet = home.sent(other)
    await home.report(Siren=True)
    await home.work()
    assert home.sent(other) == quiet
    home.clock.advance(PAUSE_S)
    await home.report(Siren=True)
    await home.work()
    assert home.sent(other) == quiet + 1


async def test_who_lost_a_device_no_longer_controls_it_by_rule(home: Home, other: str) -> None:
    number = await rule(home, [switch(home.did), pause(1), switch(other)])
    await home.service.unbind(home.uid, other)
    await home.report(Smoke=99)
    await home.work(5)
    assert home.sent() == 0
    (refused,) = await runs(home, number)
    assert [one["code"] for one in refused.outcomes] == [9017]
    await home.service.unbind(home.uid, home.did)
    assert await home.service.rules(home.uid, 10) == [], "rules of a device go with it"


async def test_a_rule_of_another_relay_is_seen(home: Home, other: str, store_url: str) -> None:
    elsewhere = await Store.open(store_url)
    try:
        service = Service(
            elsewhere, home.service.bus, home.service.downlink, home.service.settings, home.clock
        )
        form = RuleForm(home.did, "data", outputs=[[switch(other)]])
        await service.add_rule(home.uid, form)
    finally:
        await elsewhere.close()
    await home.work()
    await home.report(Smoke=1)
    await home.work()
    assert home.sent(other) == 1


async def test_a_rule_whose_product_changed_does_not_keep_reports_out(home: Home, other: str) -> None:
    number = await rule(home, [switch(other)])
    known = await home.store.rules.get(number)
    assert known is not None
    broken = [[{"left": "here.Gone", "opt": "==", "right": "1"}]]
    await home.store.rules.change(
        type(known)(**{**_fields(known), "body": {**known.body, "condition": broken}})
    )
    await home.report(Smoke=99)
    assert (await home.store.states.latest(home.did)).attrs["Smoke"] == 99


def _fields(one: Any) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__slots__}


async def test_a_device_without_rules_costs_no_statement(home: Home, other: str) -> None:
    await rule(home, [switch(other)])
    with statements(home.store) as seen:
        await home.report(other, Smoke=99)
    assert seen == ["SELECT", "INSERT", "UPDATE"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"event": "extern"}, 9036),
        ({"event": "alert"}, 9025),
        ({"event": "alert", "event_attr": {"attr_name": "Battery", "value": "1"}}, 9025),
        ({"event": "fault", "event_attr": {"attr_name": "Battery", "value": "2"}}, 9015),
        ({"condition": [[{"left": "there.Smoke", "opt": ">", "right": "1"}]]}, 9015),
        ({"inputs": [Input("here", "0" * 22)]}, 9014),
        ({"inputs": [Input("9", "0" * 22)]}, 9015),
        ({"interval_s": -1.0}, 9015),
        ({"name": "x" * 129}, 9015),
    ],
)
async def test_what_is_no_rule_is_refused(home: Home, other: str, fields: dict[str, Any], code: int) -> None:
    with pytest.raises(ApiError) as caught:
        await rule(home, [switch(other)], **fields)
    assert caught.value.code == code


async def test_outputs_are_checked_and_bounded(home: Home, other: str) -> None:
    for outputs in ([], [[]], [[switch(other)]] * 11, [[switch(other)] * 21]):
        with pytest.raises(ApiError, match="9015"):
            await rule(home, *outputs)
    with pytest.raises(ApiError, match="9025"):
        await rule(home, [switch(other, {"Smoke": 3})])
    for _ in range(RULES_MAX):
        await rule(home, [switch(other)])
    with pytest.raises(ApiError, match="9041"):
        await rule(home, [switch(other)])
