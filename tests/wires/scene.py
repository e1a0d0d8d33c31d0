"""Two ends, two directions of a wire, and a virtual clock that jumps from one event to the next."""

import hashlib
import random
from collections.abc import Callable
from typing import Generic, TypeVar

from ends import McuEnd, Module
from uart import Uart, Wire

MAX_ROUNDS = 1000
"""Rounds at one moment; more is a loop that waits for itself."""

M = TypeVar("M", bound=McuEnd)


class Scene(Generic[M]):
    """`down` carries the module's bytes, `up` the MCU's. `digest` covers every byte and its time."""

    def __init__(self, wire: Wire, baud: int, seed: int, module: Module, mcu: M) -> None:
        source = random.Random(seed)
        self.module = module
        self.mcu = mcu
        self.down = Uart(wire, baud, source)
        self.up = Uart(wire, baud, source)
        self.now = 0
        self._digest = hashlib.sha256()

    @property
    def digest(self) -> str:
        """The trace so far as one text."""
        return self._digest.hexdigest()

    def run(self, until: int, each: Callable[[int], int | None] | None = None) -> None:
        """Let time pass. `each(now)` acts for the module's user and names the time of its next turn."""
        turn = self.now if each is not None else None
        rounds = 0
        while True:
            if each is not None and turn is not None and turn <= self.now:
                turn = each(self.now)
            self._pass(self.up, self.module.step, self.down, b"M")
            self._pass(self.down, self.mcu.step, self.up, b"P")
            times = (
                turn,
                self.module.due(self.now),
                self.mcu.due(self.now),
                self.down.next_arrival(),
                self.up.next_arrival(),
            )
            then = min(time for time in times if time is not None)
            if then >= until:
                self.now = until
                return
            rounds = rounds + 1 if then <= self.now else 0
            assert rounds < MAX_ROUNDS, f"time stands still at {self.now} ms"
            self.now = max(self.now, then)

    def _pass(self, way_in: Uart, step: Callable[[bytes, int], bytes], way_out: Uart, mark: bytes) -> None:
        out = step(way_in.receive(self.now), self.now)
        if out:
            self._digest.update(b"%s%d:%s" % (mark, self.now, out))
            way_out.send(out, self.now)
