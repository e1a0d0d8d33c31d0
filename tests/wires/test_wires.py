"""One conversation over every wire: the invariant of fuzz/invariant.py from the user to the product and back.

The module's user switches a GoKit sixty times; each control can be told from the others, and so can each
report. Both directions suffer alike. The product is our own MCU role, and the C SDK.
"""

import random
from collections.abc import Callable

import pytest
from ends import CMcu, McuEnd, Module, PythonMcu, control
from fuzz.invariant import strangers
from scene import Scene
from uart import WIRES, Wire

from wxproto import commands
from wxproto.events import LinkUp

BAUD = 9600
CONTROLS = 60
EVERY_MS = 700
END_MS = 75_000

M = McuEnd


def converse(wire: Wire, seed: int, mcu: M) -> tuple[Scene[M], dict[int, int]]:
    """Run the conversation; gives the scene and the tickets of the controls with their numbers."""
    scene = Scene(wire, BAUD, seed, Module(BAUD), mcu)
    tickets: dict[int, int] = {}

    def user(now: int) -> int | None:
        session = scene.module.session
        if session.up and len(tickets) < CONTROLS:
            number = len(tickets) + 254 * 255  # so that every colour takes part
            tickets[session.ask(commands.P0_DOWN, control(number), now=now)] = number
        return now + EVERY_MS

    scene.run(END_MS, user)
    return scene, tickets


def check(scene: Scene[M], tickets: dict[int, int]) -> None:
    """The invariant, at the frames and at the conversation."""
    assert len(tickets) == CONTROLS
    assert LinkUp() in scene.module.events
    odd = strangers(scene.down.found, scene.down.undamaged)
    odd_reports = strangers(scene.up.found, scene.up.undamaged)

    answered = scene.module.answered()
    assert sorted(answered + scene.module.gave_up()) == sorted(tickets), "every question ends, and ends once"
    assert answered == sorted(answered)

    arrived = {one.payload for one in scene.down.undamaged if one.cmd == commands.P0_DOWN}
    expected = [number for number in tickets.values() if control(number) in arrived]
    if not odd:
        assert scene.mcu.applied == expected, "each control that came undamaged is obeyed once, in order"
    if not odd and not odd_reports:
        assert {tickets[ticket] for ticket in answered} <= set(expected), "what is acknowledged was obeyed"


def check_reports(scene: Scene[M]) -> None:
    """Reports that came undamaged are delivered once; here each differs from the one before."""
    came: list[tuple[int, bytes]] = []
    for one in scene.up.undamaged:
        if one.cmd == commands.P0_UP and (not came or came[-1] != (one.sn, one.payload)):
            came.append((one.sn, one.payload))
    if not strangers(scene.up.found, scene.up.undamaged):
        assert len(scene.module.reports) == len(came)
        assert (
            scene.module.reports[-1:] == scene.mcu.applied[-1:] or scene.mcu.applied != scene.module.reports
        )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
def test_our_two_roles(wire: Wire, seed: int) -> None:
    scene, tickets = converse(wire, seed, PythonMcu(BAUD))
    check(scene, tickets)
    check_reports(scene)
    mcu = scene.mcu
    assert isinstance(mcu, PythonMcu)
    assert sorted(mcu.ended) == mcu.tickets, "every report ends, and ends once"
    if not wire.loses:
        assert mcu.applied == list(tickets.values())
        assert scene.module.reports == mcu.applied
        assert scene.module.session.counters.given_up == mcu.session.counters.given_up == 0


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
def test_our_module_and_the_c_sdk(wire: Wire, seed: int, c_mcu: Callable[[], CMcu]) -> None:
    scene, tickets = converse(wire, seed, c_mcu())
    check(scene, tickets)
    check_reports(scene)
    if not wire.loses:
        assert scene.mcu.applied == list(tickets.values())
        assert scene.module.reports[-1] == scene.mcu.applied[-1]


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
def test_any_seed(wire: Wire, seeded: random.Random) -> None:
    scene, tickets = converse(wire, seeded.randrange(2**32), PythonMcu(BAUD))
    check(scene, tickets)
    check_reports(scene)


@pytest.mark.parametrize("name", ["perfect", "one byte at a time"])
def test_a_good_wire_sees_no_repeat(name: str) -> None:
    """Time-outs know the baud rate: at 9600 nothing is sent twice."""
    (wire,) = [one for one in WIRES if one.name == name]
    scene, _ = converse(wire, 0, PythonMcu(BAUD))
    assert isinstance(scene.mcu, PythonMcu)
    for session in (scene.module.session, scene.mcu.session):
        counters = session.counters
        assert (counters.resends, counters.repeats, counters.given_up) == (0, 0, 0)
        assert (counters.bad_bytes, counters.bad_frames, counters.resyncs) == (0, 0, 0)
