"""The one table of states: it is closed, README shows it, and the status bits of command 0D follow it."""

import re
from pathlib import Path

import pytest

from module import life
from module.life import STATES, TRANSITIONS, Life
from module.status import BITS, Status
from wxproto import commands

README = Path(__file__).resolve().parents[2] / "firmware" / "README.md"


class Stored:
    """Settings with or without a network."""

    def __init__(self, ssid: str | None) -> None:
        self.ssid = ssid


class Air:
    """A Wi-Fi that does as the test says."""

    joined = False
    wanted = False
    cures = 0

    def want(self, wanted: bool) -> None:
        self.wanted = wanted

    def cured(self) -> None:
        pass


class Clock:
    """A port's clock."""

    ms = 0

    def now_ms(self) -> int:
        return self.ms


def module(ssid: str | None = "home", air: Air | None = None) -> tuple[Life, Status]:
    status = Status(lambda: None)
    return Life(Stored(ssid), Clock(), air, status, lambda: None), status


def test_the_table_is_closed_and_every_state_can_be_reached_and_left():
    reached = {life.NO_IDENTITY}
    for states, after in TRANSITIONS.values():
        assert set(states) <= set(STATES)
        assert after in STATES
        reached.add(after)
    assert reached == set(STATES)
    left = {state for states, after in TRANSITIONS.values() for state in states if state != after}
    assert left == set(STATES)
    assert {bit for bits in STATES.values() for bit in bits} <= set(BITS)


def test_the_readme_shows_the_states_and_what_ends_them():
    text = README.read_text("utf-8")
    rows = re.findall(r"^\| (\w[\w -]*) \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$", text, re.MULTILINE)
    shown = {state: (bits, ends) for state, bits, _, ends in rows if state in STATES}
    expected = {}
    for state, bits in STATES.items():
        ends = [
            f"{event}: {after}"
            for event, (states, after) in TRANSITIONS.items()
            if state in states and after != state
        ]
        expected[state] = (", ".join(bits) or "-", "; ".join(ends))
    assert shown == expected


def test_a_module_climbs_to_the_relay_and_the_mcu_is_told_each_step():
    air = Air()
    told, status = module(air=air)
    seen = []
    for event in (life.IDENTITY, life.JOINED, life.TIME, life.REGISTERING, life.CONNECTING, life.ONLINE):
        air.joined = event == life.JOINED or air.joined
        told.take(event)
        seen.append((told.state, status.word))
    router = commands.STATUS_STATION | commands.STATUS_ROUTER
    assert seen == [
        (life.JOINING, commands.STATUS_STATION),
        (life.SETTING_TIME, router),
        (life.SETTING_TIME, router),
        (life.REGISTERING, router),
        (life.CONNECTING, router),
        (life.ONLINE, router | commands.STATUS_CLOUD),
    ]
    told.take(life.OFFLINE, "certificate has expired")
    assert (told.state, told.reason, status.word) == (life.DEGRADED, "certificate has expired", router)
    told.take(life.CONNECTING)
    assert told.state == life.DEGRADED, "tries of the uplink are no news to the MCU"
    told.take(life.ONLINE)
    assert (told.state, told.reason) == (life.ONLINE, None)
    air.joined = False
    told.take(life.LOST)
    assert (told.state, status.word) == (life.JOINING, commands.STATUS_STATION)


def test_without_radio_life_begins_in_the_network():
    told, status = module(ssid=None)
    told.take(life.IDENTITY)
    assert (told.state, told.networked) == (life.SETTING_TIME, True)
    assert status.word == commands.STATUS_STATION | commands.STATUS_ROUTER


@pytest.mark.parametrize("state", [life.JOINING, life.ONLINE, life.DEGRADED])
def test_set_up_is_reached_from_everywhere_and_the_network_is_left(state: str):
    air = Air()
    told, status = module(air=air)
    told.take(life.IDENTITY)
    if state != life.JOINING:
        air.joined = True
        told.take(life.JOINED)
        told.take(life.ONLINE)
    if state == life.DEGRADED:
        told.take(life.OFFLINE, "no relay")
    assert (told.state, air.wanted) == (state, True)
    told.take(life.SET_UP)
    assert (told.state, air.wanted, status.word) == (life.NO_WIFI, False, 0)


def test_set_up_that_was_asked_for_before_the_mcu_was_heard_is_not_forgotten():
    told, _ = module(air=Air())
    told.take(life.SET_UP)
    assert told.state == life.NO_IDENTITY
    told.take(life.IDENTITY)
    assert told.state == life.NO_WIFI


def test_a_silent_mcu_is_no_fault_of_the_network():
    told, _ = module(ssid=None)
    told.take(life.IDENTITY)
    told.take(life.ONLINE)
    told.take(life.SILENT, "the MCU is silent")
    assert (told.state, told.reason) == (life.DEGRADED, "the MCU is silent")
    told.take(life.NO_PRODUCT)
    assert told.state == life.NO_IDENTITY
