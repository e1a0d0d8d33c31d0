"""Quirks of programs in the field that the link lives with: README 6. The P0 ones are vectors too."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from ends import CMcu, McuEnd, Module, PythonMcu, colours_of, control
from scene import Scene
from uart import WIRES, Copy, Wire

from wxlink.assets import asset
from wxproto import commands
from wxproto.frame import Decoder, Frame, encode
from wxproto.p0 import Codec
from wxproto.product import Product

BAUD = 9600

Start = Callable[[], McuEnd]


@pytest.fixture(params=["our MCU role", "C SDK"])
def start(request: pytest.FixtureRequest) -> Start:
    """A function that starts a product MCU."""
    if request.param == "C SDK":
        c_mcu: Callable[[], CMcu] = request.getfixturevalue("c_mcu")
        return c_mcu
    return lambda: PythonMcu(BAUD)


def switch(scene: Scene[McuEnd], times: int) -> list[int]:
    """Send so many controls one after the other; gives their numbers."""
    sent: list[int] = []

    def user(now: int) -> int | None:
        session = scene.module.session
        if session.up and len(sent) < times:
            sent.append(len(sent))
            session.ask(commands.P0_DOWN, control(sent[-1]), now=now)
        return now + 400 if len(sent) < times else None

    scene.run(times * 400 + 10_000, user)
    return sent


def unstuffed_acks(_: random.Random, frame: bytes) -> list[Copy]:
    """Short acks as the vendor's module program sends them."""
    (meant,) = Decoder().feed(frame)
    if isinstance(meant, Frame) and not meant.cmd & 1 and not meant.payload:
        return [[(0, frame[:2] + frame[2:].replace(b"\xff\x55", b"\xff"))]]
    return [[(0, frame)]]


def test_unstuffed_acks_in_both_directions(start: Start) -> None:
    """Every sn and with it every checksum comes by, FF among them."""
    scene = Scene(Wire("unstuffed", unstuffed_acks), BAUD, 1, Module(BAUD), start())
    assert switch(scene, 300) == scene.mcu.applied
    module = scene.module
    assert len(module.answered()) == 300
    assert module.session.counters.resends == module.session.counters.bad_frames == 0
    if isinstance(scene.mcu, PythonMcu):
        counters = scene.mcu.session.counters
        assert counters.resends == counters.bad_frames == counters.bad_bytes == 0


class GeneratedMcu:
    """As the generated programs do it: any 06 is its ack, whatever the sn; 200 ms and three sends.

    It answers whatever comes at once, without stuffing acks, and reports a number every `period_ms`.
    """

    def __init__(self, period_ms: int, reports: int) -> None:
        self.applied: list[int] = []
        self.sent: list[int] = []
        self.given_up = 0
        self._decoder = Decoder()
        self._period_ms = period_ms
        self._reports = reports
        self._next = period_ms
        self._waiting = b""
        self._sends = 0
        self._again = 0

    def step(self, data: bytes, now: int) -> bytes:
        out = b""
        for one in self._decoder.feed(data):
            if not isinstance(one, Frame):
                continue
            if one.cmd == commands.P0_UP_ACK:
                self._waiting = b""
            elif one.cmd & 1:
                payload = bytes(66) if one.cmd == commands.GET_DEVICE_INFO else b""
                ack = encode(one.cmd + 1, one.sn, payload)
                out += ack[:2] + ack[2:].replace(b"\xff\x55", b"\xff") if not payload else ack
        if self._waiting and now >= self._again:
            if self._sends < 3:
                out += self._send(now)
            else:
                self._waiting = b""
                self.given_up += 1
        if not self._waiting and now >= self._next and len(self.sent) < self._reports:
            number = len(self.sent)
            self.sent.append(number)
            self._next = now + self._period_ms
            self._waiting = encode(commands.P0_UP, number & 0xFF, b"\x04\x00" + colours_of(number))
            self._sends = 0
            out += self._send(now)
        return out

    def due(self, now: int) -> int | None:
        return now + 20

    def close(self) -> None:
        """Nothing runs."""

    def _send(self, now: int) -> bytes:
        self._sends += 1
        self._again = now + 201
        return self._waiting


@pytest.mark.parametrize("name", ["perfect", "one byte at a time", "duplication", "cut in the middle"])
def test_an_mcu_that_matches_acks_by_their_command_only(name: str) -> None:
    """Nothing it sent is lost: the module acknowledges what came and nothing else, in order, with its sn."""
    (wire,) = [one for one in WIRES if one.name == name]
    scene = Scene(wire, BAUD, 5, Module(BAUD), GeneratedMcu(300, 300))
    scene.run(150_000)
    assert len(scene.mcu.sent) == 300
    assert scene.module.reports == scene.mcu.sent
    acked = [one.sn for one in scene.down.undamaged if one.cmd == commands.P0_UP_ACK]
    asked = [one.sn for one in scene.up.undamaged if one.cmd == commands.P0_UP]
    if name != "duplication":
        assert acked == asked
    assert scene.mcu.given_up == 0


def test_a_ring_of_255_bytes_that_loses_bursts(start: Start) -> None:
    """The MCU looks every 250 ms: a burst of more than its ring is cut off. What was lost comes again."""
    (wire,) = [one for one in WIRES if one.ring]
    scene = Scene(wire, BAUD, 2, Module(BAUD), start())
    noise = b"\x05" + bytes(200)

    def user(now: int) -> int | None:
        if scene.module.session.up:
            for payload in (noise, control(len(sent))):
                scene.module.session.ask(commands.P0_DOWN, payload, now=now)
            sent.append(len(sent))
        return now + 5_000 if len(sent) < 20 else None

    sent: list[int] = []
    scene.run(150_000, user)
    assert scene.mcu.applied == sent


def test_all_ones_in_flags_and_garbage_behind_a_read_reply() -> None:
    path = asset("protocol/products/meter.json")
    meter = Codec(Product.from_dict(json.loads(path.read_text("utf-8"))))
    reply = meter.encode_report({"Iock": True, "numSv": 9}, reply=True)
    assert meter.decode_report(reply + b"\xde\xad\xbe\xef") == {"Iock": True, "numSv": 9}
    vectors = json.loads((Path(__file__).parents[2] / "protocol/vectors/p0.json").read_text("utf-8"))[
        "vectors"
    ]
    (full,) = [one["p0"] for one in vectors if one["name"] == "report_var_all_flag_bits"]
    assert full.startswith("14FFFF")
    assert len(meter.decode_report(bytes.fromhex(full))) == len(meter.product.points)


def test_the_checksum_of_an_unstuffed_ack_may_be_the_start_of_the_next_header() -> None:
    """Frames right behind each other: the FF of the checksum is no part of FF FF."""
    ack = encode(commands.P0_UP_ACK, 0xF4)[:-1]
    report = encode(commands.P0_UP, 1, b"\x04")
    assert Decoder().feed(ack + report + ack + ack + report) == [
        Frame(commands.P0_UP_ACK, 0xF4, 0, b""),
        Frame(commands.P0_UP, 1, 0, b"\x04"),
        Frame(commands.P0_UP_ACK, 0xF4, 0, b""),
        Frame(commands.P0_UP_ACK, 0xF4, 0, b""),
        Frame(commands.P0_UP, 1, 0, b"\x04"),
    ]
