"""The example that really updates itself: a bootloader that runs what its flash holds, and two programs."""

import hashlib
import os
import pty
import select
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from example_board import BAUD, NEW, OLD, Power

from wxproto.commands import MODULE, RESTART_MODULE
from wxproto.courier import Courier
from wxproto.data_sender import COMMANDS, Sender
from wxproto.events import Answered, Asked
from wxproto.session import Session


class Module:
    """A module on a pty: gives `image` to a board that does not report version 2."""

    def __init__(self, image: bytes) -> None:
        self.end, board_end = pty.openpty()
        tty.setraw(board_end)
        self.tty = os.ttyname(board_end)
        self._held = board_end
        self.versions: list[str] = []
        self.sender: Sender | None = None
        self.image = image
        self._session = Session(MODULE, baud=BAUD, heartbeat_ms=500)
        self._courier: Courier | None = None
        self.restarts = 0

    def run(self, until: Callable[[], object], within_s: float = 60) -> None:
        deadline = time.monotonic() + within_s
        while not until():
            assert time.monotonic() < deadline, f"not in time; versions seen: {self.versions}"
            now = int(time.monotonic() * 1000)
            if select.select([self.end], [], [], 0.005)[0]:
                self._handle(self._session.receive(os.read(self.end, 4096), now), now)
            self._handle(self._session.poll(now), now)
            if self._courier is not None:
                self._courier.poll(now)
            data = self._session.data_to_send()
            while data:
                data = data[os.write(self.end, data[:256]) :]

    def _handle(self, events: list[object], now: int) -> None:
        for event in events:
            if self._courier is not None and self._courier.handle(event, now):  # type: ignore[arg-type]
                continue
            if isinstance(event, Asked) and event.cmd == RESTART_MODULE:
                self.restarts += 1
                self.restart()
            if isinstance(event, Answered) and event.cmd == 1:
                self.versions.append(event.payload[24:32].decode())
                if self.versions[-1] != NEW:
                    self._offer(now)

    def _offer(self, now: int) -> None:
        image = self.image
        digest = hashlib.md5(image, usedforsecurity=False).hexdigest()
        self.sender = Sender(len(image), digest, lambda offset, size: image[offset : offset + size])
        self._courier = Courier(self._session, self.sender, COMMANDS)
        self.sender.start()
        self._courier.ask(now)

    def restart(self) -> None:
        """Begin as a module does that knows nothing."""
        self._session = Session(MODULE, baud=BAUD, heartbeat_ms=500)
        self._courier = None

    def close(self) -> None:
        os.close(self.end)
        os.close(self._held)


@pytest.fixture
def house(example: dict[str, Path], tmp_path: Path) -> Iterator[tuple[Module, Power]]:
    module = Module(example[NEW].read_bytes())
    power = Power(example, tmp_path / "flash", module.tty)
    yield module, power
    power.off()
    module.close()


def test_the_old_program_is_replaced_by_the_new_one(house: tuple[Module, Power]) -> None:
    module, power = house
    power.on()
    module.run(lambda: NEW in module.versions)
    assert module.versions == [OLD, NEW]
    assert module.restarts == 1, "the new program lets the module ask for its version"
    power.off()
    power.on()
    module.restart()
    module.versions.clear()
    module.run(lambda: module.versions)
    assert (module.versions, module.restarts) == ([NEW], 1)


def test_power_goes_while_it_is_replaced(house: tuple[Module, Power]) -> None:
    module, power = house
    power.on()
    for part in (0.1, 0.4, 0.8):
        goal = part * len(module.image)
        module.run(lambda goal=goal: module.sender is not None and module.sender.sent >= goal)
        power.off()
        power.on()
        module.sender = None
        module.restart()
    module.run(lambda: module.sender is not None and module.sender.state == "done")
    for _ in range(5):
        power.off()
        power.on()
    module.run(lambda: NEW in module.versions)
    assert set(module.versions) == {OLD, NEW}
