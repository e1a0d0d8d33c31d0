"""Units made at several ports at once: each tried again at a lower speed, none in the way of another."""

import dataclasses
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, Final

from wxlink.flash import crew
from wxlink.flash.crew import Stopped
from wxlink.flash.esp import SET_UP, SLOWEST_BAUD, Chip, Facts, Piece, connect
from wxlink.flash.problem import FlashError
from wxlink.flash.progress import Display, Lane, Stopwatch
from wxlink.flash.trouble import LOADER_TODO, Trouble

BAUD: Final = 460_800  # what the bridges of common boards carry without errors
TRIES: Final = 3
COMES_BACK_S: Final = 10.0  # for a device that went away: power cycle and USB enumeration
INTERRUPTED: Final = ("interrupted", "run the same again: the unit keeps its identity")
SETTLE_S: Final = 0.2  # between two tries: a bridge that was closed gets its lines back
_POLL_S: Final = 0.05
_BAUDS: Final = (921_600, 460_800, 230_400, SLOWEST_BAUD)  # what a bad line is slowed down to


@dataclasses.dataclass(frozen=True, slots=True)
class Held:
    """What one unit gets. `resume`: it was begun before, so what its flash holds already may stay."""

    pieces: Sequence[Piece]
    resume: bool


Hold = Callable[[Facts], AbstractContextManager[Held]]
"""Finds what the chip with these facts gets, and holds its identity meanwhile. Raises FlashError."""


@dataclasses.dataclass(slots=True)
class Outcome:
    """What became of one port. step: where it failed; error and todo: why, and what to do next."""

    port: str
    mac: str = ""
    chip: str = ""
    ok: bool = False
    step: str = ""
    error: str = ""
    todo: str = ""
    tries: int = 0
    baud: int = 0
    seconds: float = 0.0

    def record(self) -> dict[str, Any]:
        """For a program: without what does not apply."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value != ""}


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """How units are written. before: esptool's way into the loader; by_hand: a person's, of this board."""

    baud: int = BAUD
    tries: int = TRIES
    stub: bool = True
    before: str = "default-reset"
    by_hand: str = LOADER_TODO


def write_units(
    ports: Sequence[str], hold: Hold, settings: Settings, display: Display
) -> tuple[list[Outcome], bool]:
    """Write one unit at each port; their outcomes, and whether Ctrl-C ended them, each at its next block."""
    outcomes = [Outcome(port) for port in ports]

    def do(outcome: Outcome, lane: Lane, stop: threading.Event) -> None:
        _work(outcome, hold, settings, lane, stop)

    interrupted, under_way = crew.work(outcomes, display.lanes, do)
    for outcome in under_way:  # inside one long command of esptool; it ends with us
        outcome.error, outcome.todo = INTERRUPTED
    return outcomes, interrupted


def _work(outcome: Outcome, hold: Hold, settings: Settings, lane: Lane, stop: threading.Event) -> None:
    """One port from blank to written; what happens ends up in `outcome`."""
    watch = Stopwatch()
    try:
        with ExitStack() as held:
            _try(outcome, _Unit(hold, held, settings, lane, stop))
        outcome.ok = True
        lane.end(f"{outcome.mac} written and verified in {watch.seconds:g} s", well=True)
    except Stopped:
        outcome.step = lane.text
        outcome.error, outcome.todo = INTERRUPTED
    except Trouble as trouble:
        outcome.step, outcome.error, outcome.todo = trouble.step, trouble.what, trouble.todo
        if trouble.todo == LOADER_TODO:
            outcome.todo = settings.by_hand
    except FlashError as error:
        outcome.step, outcome.error = lane.text, str(error)
    except Exception as error:  # noqa: BLE001 - one port's failure, of whatever kind, stops no other
        outcome.step, outcome.error = lane.text, f"{type(error).__name__}: {error}"
        outcome.todo = "this is a mistake of wxlink: tell its authors"
    outcome.seconds = watch.seconds
    if not outcome.ok:
        said = ": ".join(part for part in (outcome.error, outcome.todo) if part)
        lane.end(f"failed at «{outcome.step}»: {said}", well=False)


class _Unit:
    """One chip through all its tries; what it gets is found once and held until the end."""

    def __init__(
        self, hold: Hold, held: ExitStack, settings: Settings, lane: Lane, stop: threading.Event
    ) -> None:
        self.settings = settings
        self.lane = lane
        self.stop = stop
        self._hold = hold
        self._stack = held
        self._held: Held | None = None
        self._mac = ""

    def held_for(self, facts: Facts) -> Held:
        """What this chip gets. Raises Trouble when it is another chip than before."""
        if self._held is None:
            self._held = self._stack.enter_context(self._hold(facts))
            self._mac = facts.mac
        if facts.mac != self._mac:
            raise Trouble(
                "connect",
                f"another chip ({facts.mac}) is at this port now; {self._mac} is half written",
                "write it again, and leave boards alone until they are done",
            )
        return self._held


def _try(outcome: Outcome, unit: _Unit) -> None:
    """Write the unit, with the whole of it again at a lower speed after what another try may cure."""
    settings = unit.settings
    stub = settings.stub
    bauds = [settings.baud, *(baud for baud in _BAUDS if baud < settings.baud)]
    for number in range(settings.tries):
        outcome.tries, outcome.baud = number + 1, bauds[min(number, len(bauds) - 1)]
        try:
            _once(outcome, unit, stub=stub, again=number > 0)
            return
        except Trouble as trouble:
            never_there = not outcome.mac  # esptool has reset it several times already
            if never_there or not trouble.again or number + 1 == settings.tries:
                raise
            stub = stub and trouble.step != SET_UP  # one that does not start will not start the next time
            unit.lane.step(f"{trouble.what}; once more")
            _await_port(outcome.port, unit.stop)


def _once(outcome: Outcome, unit: _Unit, *, stub: bool, again: bool) -> None:
    settings, lane = unit.settings, unit.lane
    lane.step("connect")
    with connect(outcome.port, unit.stop, before=settings.before) as chip:
        outcome.chip, outcome.mac = chip.facts.chip, chip.facts.mac
        _refuse_locked(chip)
        lane.step(SET_UP)
        chip.speed_up(outcome.baud, stub=stub)
        held = unit.held_for(chip.facts)
        lane.step(f"write {chip.facts.mac}" + (f" at {outcome.baud} baud" if again else ""))
        chip.write(held.pieces, lane.progress, resume=again or held.resume)
        lane.step("restart the chip")
        chip.restart()


def _refuse_locked(chip: Chip) -> None:
    if chip.facts.locked:
        raise Trouble(
            "check the chip",
            chip.facts.locked,
            "such chips take only firmware signed by their owner: take another module",
        )


def _await_port(port: str, stop: threading.Event) -> None:
    """Wait until a device that went away has come back, or for long enough."""
    if stop.wait(SETTLE_S):
        raise Stopped
    deadline = time.monotonic() + COMES_BACK_S
    while "/" in port and not Path(port).exists() and time.monotonic() < deadline:
        if stop.wait(_POLL_S):
            raise Stopped
