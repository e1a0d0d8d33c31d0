"""A module and an MCU as the vendor's generator writes them, with their habits, in virtual time (README 3.3).

The model follows what those programs do, not what wxlink would: an ack counts by its command alone,
whatever its sn; every 55 behind an FF is dropped and an FF without it taken; the ring buffer counts its
bytes in one byte, so that 256 of them are none, and hands out 255 at most; a full report sets all flag
bits; the answer to a read is always as long as the longest, with leftovers at its end; the first report
goes out whether or not the module has asked; and a repeated command is obeyed again.
"""

import json
import random
from pathlib import Path

import pytest

from wxproto import commands, frame
from wxproto.commands import MODULE
from wxproto.device_info import DeviceInfo
from wxproto.events import LinkUp
from wxproto.p0 import Codec
from wxproto.product import Product
from wxproto.session import Answered, Asked, BadFrame, GaveUp, Session

METER = Codec(
    Product.from_dict(
        json.loads((Path(__file__).parents[2] / "protocol/products/meter.json").read_text(encoding="utf-8"))
    )
)
INFO = DeviceInfo(product_key="0" * 32, hardware_version="03010100", software_version="03030000")
BAUD = 9600
LONGEST = 34  # bytes of the longest read reply, action included
FULL = bytes.fromhex("FFFF 11 090506 000F 012C 0000003C 0004C3F0 0012874B 00000064 00000001")
PASS_MS = 50  # the main loop looks at the ring so often


class GeneratedMcu:
    def __init__(self) -> None:
        self.ring = bytearray()
        self.fullest = 0
        self.body: bytearray | None = None
        self.last = 0
        self.sn = 0
        self.waiting: tuple[int, bytes, int, int] | None = None  # cmd, frame, sends, time
        self.reports = [b"\x14" + FULL]
        self.obeyed: list[bytes] = []

    def take(self, data: bytes) -> None:
        self.ring += data
        self.fullest = max(self.fullest, len(self.ring))

    def run(self, now: int) -> bytes:
        """One pass of the main loop."""
        out = b""
        waiting = len(self.ring) & 0xFF
        data, self.ring = self.ring[:waiting], self.ring[waiting:]
        for found in self.parse(data):
            out += self.obey(found)
        if self.waiting is not None:
            cmd, wire, sends, at = self.waiting
            if now - at > 200:
                self.waiting = None if sends == 3 else (cmd, wire, sends + 1, now)
                out += wire if sends < 3 else b""
        if self.waiting is None and self.reports:
            wire = frame.encode(commands.P0_UP, self.sn, self.reports.pop(0))
            self.sn = (self.sn + 1) & 0xFF
            self.waiting = (commands.P0_UP, wire, 1, now)
            out += wire
        return out

    def parse(self, data: bytes) -> list[bytes]:
        """Bodies from cmd on, without checksum."""
        found = []
        for byte in data:
            before, self.last = self.last, byte
            if before == 0xFF and byte == 0xFF:
                self.body = bytearray()
            elif self.body is None or (before == 0xFF and byte == 0x55):
                continue
            else:
                self.body.append(byte)
            if self.body is not None and len(self.body) > 2:
                size = self.body[0] << 8 | self.body[1]
                if len(self.body) == size + 2:
                    if sum(self.body[:-1]) & 0xFF == self.body[-1]:
                        found.append(bytes(self.body[2:-1]))
                    self.body = None
        return found

    def obey(self, body: bytes) -> bytes:
        cmd, sn, payload = body[0], body[1], body[4:]
        if self.waiting is not None and cmd == self.waiting[0] + 1:  # whatever its sn
            self.waiting = None
        elif cmd == commands.GET_DEVICE_INFO:
            return frame.encode(commands.DEVICE_INFO, sn, INFO.encode())
        elif cmd == commands.P0_DOWN and payload[0] == 0x12:
            reply = b"\x13" + payload[1:3] + b"\x01"
            return frame.encode(commands.P0_DOWN_ACK, sn, reply + b"\xa5" * (LONGEST - len(reply)))
        elif cmd == commands.P0_DOWN:
            self.obeyed.append(payload)
            self.reports.append(b"\x14\x00\x01" + payload[3:4])
            return frame.encode(commands.P0_DOWN_ACK, sn)
        elif cmd & 1 and cmd != commands.MODULE_NOTICE:
            return frame.encode(cmd + 1, sn)
        return b""


def controls(delay: int, loss: float, seed: int) -> tuple[GeneratedMcu, Session, list[object], list[int]]:
    """Forty controls and reads of Iock, a second apart, over a wire of BAUD with `delay` ms more."""
    source = random.Random(seed)
    print(f"seed {seed}")
    module = Session(MODULE, baud=BAUD)
    mcu = GeneratedMcu()
    events: list[object] = []
    tickets: list[int] = []
    to_mcu: list[tuple[int, bytes]] = []
    to_module: list[tuple[int, bytes]] = []
    for now in range(120_000):
        events += module.poll(now)
        while to_module and to_module[0][0] <= now:
            events += module.receive(to_module.pop(0)[1], now)
        while to_mcu and to_mcu[0][0] <= now:
            mcu.take(to_mcu.pop(0)[1])
        if module.up and now % 1000 == 0 and len(tickets) < 80:
            wanted = (METER.encode_control({"Iock": len(tickets) % 4 == 0}), b"\x12\x00\x01")
            tickets += [module.ask(commands.P0_DOWN, one, now=now) for one in wanted]
        for wire, data in (
            (to_mcu, module.data_to_send()),
            (to_module, mcu.run(now) if now % PASS_MS == 0 else b""),
        ):
            if data and source.random() >= loss:
                wire.append((now + delay + len(data) * 10_000 // BAUD, data))
    return mcu, module, events, tickets


@pytest.mark.parametrize("delay", [0, 60, 150])
def test_a_generated_program_and_the_module_understand_each_other(delay: int) -> None:
    """With 150 ms either way no ack comes within 200 ms: both sides repeat everything."""
    mcu, module, events, tickets = controls(delay, 0, 0)
    answers = [one for one in events if isinstance(one, Answered) and one.ticket]
    assert LinkUp() in events
    assert [one.ticket for one in answers] == tickets
    assert not [one for one in events if isinstance(one, GaveUp | BadFrame)]
    reads = [METER.decode_report(one.payload) for one in answers if one.payload]
    assert reads == [{"Iock": True}] * 40, "leftovers behind the flagged points are no data"
    assert mcu.fullest < 256
    assert (module.counters.repeats > 0) == (module.counters.resends > 0) == (delay == 150)
    assert list(dict.fromkeys(mcu.obeyed)) == [b"\x11\x00\x01\x01", b"\x11\x00\x01\x00"]
    reports = [METER.decode_report(one.payload) for one in events if isinstance(one, Asked)]
    assert len(reports[0]) == 14, "all points, whatever the flag bits of no point say"
    assert len(reports) == 1 + len(mcu.obeyed)
    assert [one["Iock"] for one in reports[1:]] == [payload[3] == 1 for payload in mcu.obeyed]


@pytest.mark.parametrize("seed", range(3))
def test_and_over_a_lossy_wire_every_question_ends_once(seed: int) -> None:
    mcu, module, events, tickets = controls(0, 0.1, seed)
    ended = [one.ticket for one in events if isinstance(one, Answered | GaveUp) and one.ticket]
    assert sorted(ended) == tickets
    assert len([one for one in events if isinstance(one, GaveUp)]) < 8
    assert mcu.fullest < 256
    reports = [one for one in events if isinstance(one, Asked)]
    for one in reports:
        METER.decode_report(one.payload)
    assert module.counters.resends > 0
