"""A month on the line in seconds of virtual time: heartbeats, reports, lost and doubled frames."""

import random

from ends import Module, PythonMcu
from fuzz.invariant import strangers
from scene import Scene
from uart import Copy, Wire

from wxproto.commands import HEARTBEAT
from wxproto.events import GaveUp, LinkLost, LinkUp
from wxproto.session import HEARTBEAT_MS

DAY_MS = 24 * 3600 * 1000
MONTH_MS = 30 * DAY_MS
REPORT_MS = 10 * 60 * 1000
BAUD = 9600


def rough(source: random.Random, frame: bytes) -> list[Copy]:
    """One frame in fifty is lost, one loses a byte, one comes twice."""
    fate = source.randrange(50)
    if fate == 0:
        return [[(0, b"")]]
    if fate == 1:
        at = source.randrange(len(frame))
        return [[(0, frame[:at] + frame[at + 1 :])]]
    return [[(0, frame)], [(0, frame)]] if fate == 2 else [[(0, frame)]]


def live(until: int, seed: int, module: Module | None = None) -> Scene[PythonMcu]:
    mcu = PythonMcu(BAUD, period_ms=REPORT_MS)
    scene = Scene(Wire("rough", rough), BAUD, seed, module or Module(BAUD), mcu)
    scene.run(until)
    return scene


def test_a_month() -> None:
    scene = live(MONTH_MS, seed=3)
    module, mcu = scene.module, scene.mcu
    assert [one for one in module.events if isinstance(one, LinkUp | LinkLost)] == [LinkUp()]
    assert not any(isinstance(one, GaveUp) for one in module.events)
    beats = [one for one in scene.down.undamaged if one.cmd == HEARTBEAT]
    assert len(beats) >= 0.9 * MONTH_MS / HEARTBEAT_MS
    assert sorted(mcu.ended) == mcu.tickets
    assert len(mcu.tickets) == (MONTH_MS - 1) // REPORT_MS
    delivered = len(module.reports)
    lost = mcu.session.counters.given_up
    assert len(mcu.tickets) - lost <= delivered <= len(mcu.tickets), (
        "none twice, none lost but those given up"
    )
    strangers(scene.up.found, scene.up.undamaged)
    strangers(scene.down.found, scene.down.undamaged)
    ours, theirs = module.session.counters, mcu.session.counters
    assert ours.resends > 1000, "so much was lost"
    assert ours.repeats > 100, "and so much doubled"
    assert ours.bad_frames + theirs.bad_frames > 500
    assert ours.round_trip_max is not None
    assert ours.round_trip_max < 1000


def test_the_same_seed_gives_the_same_trace() -> None:
    assert live(2 * DAY_MS, seed=7).digest == live(2 * DAY_MS, seed=7).digest
    assert live(DAY_MS, seed=7).digest != live(DAY_MS, seed=8).digest
