"""Whatever an MCU says, the module goes on: every command with payloads that fit, nearly or not at all."""

import json
import random
from pathlib import Path

import pytest
from firmware_ground import Bench

from wxproto import commands, frame
from wxproto.configuration import GIVEN, Configuration
from wxproto.network_time import NetworkTime

FRAMES = 2000
RESTARTS = (commands.RESET_MODULE, commands.RESTART_MODULE)
CODES = [
    code
    for row in commands.COMMANDS.values()
    for code in (row.code, row.ack or row.code)
    if code not in RESTARTS
]
ZONES = ("inf", "1e999", "-", "8:99", "\0", "%s")
VECTORS = Path(__file__).parents[2] / "protocol" / "vectors" / "serial-frames.json"


def seeds() -> list[frame.Frame]:
    """The golden frames, and configurations with time zones that are none."""
    decoder = frame.Decoder()
    wires = [bytes.fromhex(one["hex"]) for one in json.loads(VECTORS.read_text("utf-8"))]
    wires += [
        frame.encode(commands.ENTER_CONFIGURATION, 0, Configuration(GIVEN, ssid=b"net", tz=zone).encode())
        for zone in ZONES
    ]
    return [one for wire in wires for one in decoder.feed(wire) if isinstance(one, frame.Frame)]


def noise(source: random.Random, golden: list[frame.Frame]) -> bytes:
    """A frame like a golden one, often changed, sometimes with a wrong checksum or cut off."""
    like = source.choice(golden)
    cmd = source.choice(CODES) if like.cmd in RESTARTS or source.getrandbits(1) else like.cmd
    payload = bytearray(like.payload)
    for _ in range(source.choice((0, 0, 1, 3))):
        if payload:
            payload[source.randrange(len(payload))] = source.randrange(256)
    size = source.choice((len(payload), len(payload), source.randrange(len(payload) + 1)))
    wire = frame.encode(cmd, source.randrange(256), payload[:size], source.choice((0, 0, 1, 0xFFFF)))
    return source.choice((wire, wire, wire, wire[:-1] + b"\x00", wire[: source.randrange(len(wire))]))


@pytest.mark.parametrize("offers", [False, True], ids=["without an update", "with one on offer"])
async def test_nothing_that_an_mcu_says_ends_the_module(
    bench: Bench, eventually, seeded: random.Random, offers: bool
):
    golden = seeds()
    image = bench.folder / "mcu.bin"
    image.write_bytes(bytes(5000))
    async with bench.module(**{"mcu_image": str(image), "mcu_version": "9"} if offers else {}) as module:
        await eventually(bench.reports)
        bench.mcu.noisy = True
        for i in range(FRAMES):
            bench.mcu.write(noise(seeded, golden))
            if i % 10 == 9:  # the line is a pipe of few kilobytes
                await bench.mcu.ask(commands.GET_NETWORK_TIME)
        assert NetworkTime.decode(await bench.mcu.ask(commands.GET_NETWORK_TIME)).known
        assert not module.said("Traceback")
        assert await module.interrupt() == 0
