"""Both roles of the session joined over good and bad wires, in virtual time."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from wxproto import commands
from wxproto.commands import MCU, MODULE
from wxproto.device_info import DeviceInfo
from wxproto.session import Answered, Asked, GaveUp, LinkUp, Session

INFO = DeviceInfo(
    product_key="6f0d4b7c91e24a35b8d2c7f3a1905e68", hardware_version="00000001", software_version="00000001"
)
Mangle = Callable[[random.Random, bytes], list[bytes]]


def perfect(_: random.Random, data: bytes) -> list[bytes]:
    return [data]


def bytewise(_: random.Random, data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def lossy(source: random.Random, data: bytes) -> list[bytes]:
    """One byte in fifty is missing."""
    return [bytes(byte for byte in data if source.random() > 0.02)]


def flipping(source: random.Random, data: bytes) -> list[bytes]:
    """One write in four has one byte changed."""
    if source.random() < 0.25:
        at = source.randrange(len(data))
        data = data[:at] + bytes((data[at] ^ 1 << source.randrange(8),)) + data[at + 1 :]
    return [data]


def duplicating(source: random.Random, data: bytes) -> list[bytes]:
    return [data] * source.choice((1, 1, 2, 3))


def noisy(source: random.Random, data: bytes) -> list[bytes]:
    """Bytes of FF, 55 and others before each write."""
    return [bytes(source.choice((0xFF, 0x55, 0x00, 0x05)) for _ in range(source.randrange(6))), data]


@dataclass
class End:
    session: Session
    mangle: Mangle
    source: random.Random
    delay: int
    inbox: list[tuple[int, bytes]] = field(default_factory=list)
    events: list[object] = field(default_factory=list)
    applied: list[bytes] = field(default_factory=list)

    def react(self, events: list[object], now: int) -> None:
        """What a product MCU does: gives its information, answers reads, applies a control and reports it."""
        self.events += events
        for event in events:
            if not isinstance(event, Asked) or self.session.role != MCU:
                continue
            if event.cmd == commands.GET_DEVICE_INFO:
                self.session.answer(event, INFO.encode())
            elif event.wants_answer:
                self.session.answer(event, b"\x03" + event.payload[1:])
            elif event.cmd == commands.P0_DOWN:
                self.applied.append(event.payload)
                self.session.ask(commands.P0_UP, b"\x04" + event.payload[1:], now=now)

    def step(self, now: int, peer: "End") -> None:
        while self.inbox and self.inbox[0][0] <= now:
            self.react(list(self.session.receive(self.inbox.pop(0)[1], now)), now)
        deadline = self.session.next_deadline()
        if deadline is not None and deadline <= now:
            self.react(list(self.session.poll(now)), now)
        data = self.session.data_to_send()
        if data:
            peer.inbox += [(now + self.delay, piece) for piece in self.mangle(self.source, data)]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("delay", [0, 30], ids=["at once", "30 ms late"])
@pytest.mark.parametrize("mangle", [perfect, bytewise, lossy, flipping, duplicating, noisy])
def test_controls_over_a_wire(mangle: Mangle, delay: int, seed: int) -> None:
    source = random.Random(seed)
    module = End(Session(MODULE), mangle, source, delay)
    mcu = End(Session(MCU), mangle, source, delay)
    tickets: dict[int, bytes] = {}
    for now in range(60_000):
        # FF and 55 in the payload, so that stuffing takes part in every mishap
        if module.session.up and now % 500 == 0 and len(tickets) < 60:
            payload = b"\x01\xff\x55" + len(tickets).to_bytes(2, "big")
            tickets[module.session.ask(commands.P0_DOWN, payload, now=now)] = payload
        module.step(now, mcu)
        mcu.step(now, module)
        if len(tickets) == 60 and now > 59_000:
            break

    assert LinkUp() in module.events
    assert LinkUp() in mcu.events
    infos = [one.payload for one in module.events if isinstance(one, Answered) and one.ticket == 0]
    assert infos == [INFO.encode()]
    answered = [one.ticket for one in module.events if isinstance(one, Answered) and one.ticket]
    gave_up = [one.ticket for one in module.events if isinstance(one, GaveUp)]
    assert len(tickets) == 60
    assert sorted(answered + gave_up) == sorted(tickets)  # every question ends, and ends once
    assert answered == sorted(answered)
    assert len(set(mcu.applied)) == len(mcu.applied)  # nothing is switched twice
    assert mcu.applied == sorted(mcu.applied)
    assert {tickets[ticket] for ticket in answered} <= set(mcu.applied)  # an acknowledged control was applied
    assert set(mcu.applied) <= set(tickets.values())  # and nothing that was never asked
    reports = [one.payload[1:] for one in module.events if isinstance(one, Asked)]
    assert len(set(reports)) == len(reports)
    if mangle in (perfect, bytewise, duplicating):
        assert mcu.applied == list(tickets.values())
        assert reports == [payload[1:] for payload in tickets.values()]
        assert not gave_up
    else:
        assert len(answered) > 50
