"""Alerts and faults begin and end with the reports that say so, and people are told once."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from automation_ground import add_detector, report, statements
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from relay_ground import APPID, NOW
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.store import Position, Store, User
from wxlink.relay.store.alerts import QUIET_S
from wxlink.relay.store.happenings import Alerted, Cleared, Happening

MACS = itertools.count(1)
UIDS = ("a" * 32, "b" * 32)


@dataclass
class Heard:
    """A follower that keeps what it is told of alerts."""

    events: list[Alerted | Cleared] = field(default_factory=list)

    async def __call__(self, _conn: AsyncConnection, happenings: Sequence[Happening]) -> None:
        self.events += [one for one in happenings if isinstance(one, (Alerted, Cleared))]


@pytest.fixture
async def detector(store: Store) -> str:
    did = await add_detector(store)
    for uid in UIDS:
        await store.users.add_named(User(uid, APPID, uid, None, None, None, "en", NOW))
        await store.bindings.bind(uid, did, NOW)
    return did


@pytest.fixture
def heard(store: Store) -> Heard:
    follower = Heard()
    store.followers.add(follower)
    return follower


async def told(store: Store, uid: str = UIDS[0]) -> list[tuple[str, str]]:
    return [(one.kind, one.point) for one in reversed(await store.notifications.of_user(uid, 100))]


async def test_beginning_and_end_carry_one_event_id(store: Store, detector: str, heard: Heard) -> None:
    for at, value in enumerate((0, 1, 1, 0, 0)):
        await store.states.apply([report(detector, NOW + at, Fire=bool(value), Volume=3)])
    began, ended = heard.events
    assert (type(began), began.at, type(ended), ended.at) == (Alerted, NOW + 1, Cleared, NOW + 3)
    assert began.event_id == ended.event_id
    assert (began.point, began.display_name, began.kind) == ("Fire", "火警", "alert")
    (alert,) = await store.alerts.of_device(detector, 10)
    assert (alert.raised_at, alert.cleared_at) == (NOW + 1, NOW + 3)
    assert await told(store) == await told(store, UIDS[1]) == [("alert", "Fire"), ("alert_over", "Fire")]


async def test_a_report_that_came_late_says_nothing(store: Store, detector: str, heard: Heard) -> None:
    for seq, fire in ((1, False), (3, True), (2, False)):
        one = replace(report(detector, NOW + seq, Fire=fire), position=Position(int(NOW), seq))
        await store.states.apply([one])
    assert [type(one) for one in heard.events] == [Alerted]
    assert len(await store.alerts.of_device(detector, 10, lasting=True)) == 1


async def test_a_first_report_with_a_fault_counts(store: Store, detector: str, heard: Heard) -> None:
    await store.states.apply([report(detector, NOW, Battery=True, Fire=False)])
    assert [(type(one), one.kind) for one in heard.events] == [(Alerted, "fault")]


async def test_a_gap_changes_nothing(store: Store, detector: str, heard: Heard) -> None:
    await store.states.apply([report(detector, NOW, Fire=True)])
    await store.devices.set_presence(detector, False, "00000001", NOW + 1)
    await store.devices.set_presence(detector, True, "00000002", NOW + 9999)
    await store.states.apply([report(detector, NOW + 9999, Fire=True, Siren=True)])
    await store.states.apply([report(detector, NOW + 10000, Volume=1)])
    assert len(heard.events) == 1
    assert len(await store.alerts.of_device(detector, 10, lasting=True)) == 1


async def test_a_reset_ends_what_lasts_and_tells_nobody(store: Store, detector: str, heard: Heard) -> None:
    await store.states.apply([report(detector, NOW, Fire=True, Battery=True)])
    await store.devices.retire(detector, "PASSCODE", NOW + 5)
    assert [type(one) for one in heard.events] == [Alerted, Alerted, Cleared, Cleared]
    assert await store.alerts.of_device(detector, 10, lasting=True) == []
    assert await told(store) == [("alert", "Fire"), ("fault", "Battery")]


async def test_a_point_that_flickers_is_told_once(store: Store, detector: str, heard: Heard) -> None:
    for at in range(6):
        await store.states.apply([report(detector, NOW + at, Fire=at % 2 == 0)])
    assert [type(one) for one in heard.events] == [Alerted, Cleared] * 3
    assert await told(store) == [("alert", "Fire"), ("alert_over", "Fire")]
    await store.states.apply([report(detector, NOW + 5 + QUIET_S, Fire=True)])
    assert (await told(store))[2:] == [("alert", "Fire")]


async def test_a_report_that_is_not_kept_begins_nothing(store: Store, detector: str, heard: Heard) -> None:
    async def fail(_conn: AsyncConnection, happenings: Sequence[Happening]) -> None:
        if any(isinstance(one, Alerted) for one in happenings):
            raise RuntimeError("no")

    store.followers.add(fail)
    with pytest.raises(RuntimeError):
        await store.states.apply([report(detector, NOW, Fire=True)])
    assert await store.alerts.of_device(detector, 10) == []
    assert await told(store) == []


async def test_a_batch_in_which_no_alert_changes_costs_no_statement(store: Store, detector: str) -> None:
    await store.states.apply([report(detector, NOW, Fire=True, Battery=False)])
    with statements(store) as seen:
        await store.states.apply([report(detector, NOW + at, Fire=True, Battery=False) for at in range(50)])
    assert seen == ["SELECT", "INSERT", "UPDATE"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.tuples(st.booleans(), st.none() | st.booleans()), max_size=6), max_size=6))
async def test_any_sequence_tells_each_change_once(
    store: Store, batches: list[list[tuple[bool, bool | None]]]
) -> None:
    """Against the plain reading: a change of a value to 1 begins, to 0 ends, and they take turns."""
    did = await add_detector(store, mac=f"{next(MACS):012x}")
    heard = Heard()
    store.followers.add(heard)
    expected: list[tuple[str, bool]] = []
    last = {"Fire": False, "Battery": False}
    at = NOW
    for batch in batches:
        reports = []
        for fire, battery in batch:
            at += 1
            attrs = {"Fire": fire} | ({} if battery is None else {"Battery": battery})
            reports.append(report(did, at, **attrs))
            expected += [(name, value) for name, value in attrs.items() if last[name] != value]
            last |= attrs
        await store.states.apply(reports)
    mine = [one for one in heard.events if one.did == did]
    assert [(one.point, isinstance(one, Alerted)) for one in mine] == expected
    begun: dict[str, str] = {}
    for one in mine:
        if isinstance(one, Alerted):
            assert one.event_id not in begun.values()
            begun[one.point] = one.event_id
        else:
            assert begun[one.point] == one.event_id
    lasting = {alert.point for alert in await store.alerts.of_device(did, 1000, lasting=True)}
    assert lasting == {name for name, value in last.items() if value}
