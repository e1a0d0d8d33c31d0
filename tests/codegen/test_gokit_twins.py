"""The GoKit in C and in Python without a tty: rooms drift alike, conversations are answered alike."""

import random
import subprocess
from collections.abc import Callable, Iterable
from io import StringIO
from pathlib import Path
from typing import Any

from wxlink.assets import asset
from wxlink.bench.board import Mcu
from wxlink.bench.frame_log import Log
from wxlink.bench.hardware import Hardware
from wxlink.product import read
from wxproto.frame import Decoder, Frame, encode
from wxproto.p0 import Codec, raw_value

FILE = read(asset("protocol/products/gokit.json"))
GOKIT = FILE.product
UNSURE_MS = range(601, 1400)
"""Gaps after which only one of C and Python still takes an equal command for a repeat."""


def test_both_rooms_drift_alike(build: Callable[..., Path], tmp_path: Path) -> None:
    """The same seed gives the same temperatures and humidities in C and in Python, within a room's limits."""
    example = asset("protocol/csdk/examples/gokit")
    source = tmp_path / "room.c"
    source.write_text(
        '#include <stdio.h>\n#include <stdlib.h>\n#include "gokit_hardware.h"\n'
        "int main(int count, char **words)\n{\n    gokit_hardware hardware;\n    gokit_values values;\n"
        "    const uint32_t seed = (uint32_t)strtoul(words[count - 1], NULL, 10);\n"
        "    hardware_start(&hardware, &values, seed, 10, 0xFFFFFF00u);\n"
        "    for (uint32_t i = 1; i <= 2000; i++) {\n"
        "        hardware_measure(&hardware, &values, 0xFFFFFF00u + 10u * i);\n"
        '        printf("%ld %u\\n", (long)GOKIT_TEMPERATURE_DISPLAY(values.Temperature), values.Humidity);\n'
        "    }\n    return 0;\n}\n"
    )
    bench = example.with_name("bench")
    files = [example / "gokit_hardware.c", bench / "bench_log.c", *example.glob("generated/*.c")]
    program = build(
        "room",
        f"-I{example}",
        f"-I{bench}",
        f"-I{example / 'generated'}",
        source,
        *files,
        *asset("protocol/csdk").glob("wxlink*.c"),
    )
    for seed in (0, 1, 4294967295):
        out = subprocess.run([program, str(seed)], capture_output=True, text=True, check=True).stdout
        board = Hardware(FILE, seed, 10, 0, lambda _line: None)
        rooms = []
        for step in range(1, 2001):
            board.measure(10 * step)
            rooms.append((board.values["Temperature"], board.values["Humidity"]))
        assert [tuple(map(int, line.split())) for line in out.splitlines()] == rooms
        assert len(set(rooms)) > 20, "the room is alive"
        assert all(16 <= warm <= 34 and 30 <= damp <= 70 for warm, damp in rooms)


def sent(lines: Iterable[str]) -> list[str]:
    return [line.removeprefix("tx ") for line in lines if line.startswith("tx ")]


def test_random_conversations_are_answered_alike(link: Callable[..., Any], seeded: random.Random) -> None:
    """Controls, reads, changes, lost acks, repeats and time: C SDK and Python MCU send the same bytes."""
    codec = Codec(GOKIT)
    for _ in range(12):
        log = StringIO()
        python = Mcu(FILE, Log(log), 0, secret=None, seed=1, drift_ms=10**9)
        device = link("gokit")
        for name, value in python.hardware.values.items():
            device.set(name, raw_value(GOKIT.point(name), value))
        now = 0
        last, last_at = b"", 0
        heard: list[bytes] = []
        for step in range(150):
            now += seeded.choice((0, 1, 600, 3000, 6000, 200_000))
            data = b""
            match seeded.randrange(8):
                case 0:
                    data = encode(seeded.choice((0x01, 0x07, 0x0D)), step & 0xFF, b"\x00\x32")
                case 1:
                    data = encode(0x03, step & 0xFF, codec.encode_control({"LED_R": seeded.randrange(3)}))
                case 2:
                    data = encode(0x03, step & 0xFF, codec.encode_read())
                case 3 if now - last_at not in UNSURE_MS and last[8:9] != b"\x02":
                    data = last  # but no read: C tells what is true now, Python what it said
                case 4 | 5:
                    data = b"".join(encode(0x06, frame[5]) for frame in heard)
                case 6:
                    name = seeded.choice(("Fault_IR", "Humidity", "LED_G"))
                    raw = seeded.randrange(2)
                    device.set(name, raw)
                    python.hardware.put(name, bool(raw) if name == "Fault_IR" else raw)
            if data:
                last, last_at = data, now
            ours = device.at(now).rx(data) + device.poll() + device.report()
            theirs = python.work(data, now)
            found = Decoder().feed(theirs)
            assert sent(ours) == [
                encode(one.cmd, one.sn, one.payload, one.flags).hex().upper()
                for one in found
                if isinstance(one, Frame)
            ], log.getvalue()
            heard = [bytes.fromhex(line) for line in sent(ours) if line[8:10] == "05"]
