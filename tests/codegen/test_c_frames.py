"""The C frame parser: recorded frames, and agreement with wxproto's decoder on any bytes."""

import json
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wxlink.assets import asset
from wxproto import frame
from wxproto.frame import BadFrame, Decoder, Frame, encode
from wxproto.product import Product

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "protocol/vectors/serial-frames.json").read_text("utf-8")
)
REASONS = {
    frame.CHECKSUM: "checksum",
    frame.CUT_SHORT: "cut",
    frame.NOT_STUFFED: "unstuffed",
    frame.TOO_SHORT: "short",
    frame.TOO_LONG: "long",
}


@pytest.fixture(scope="module")
def parse(build_product: Callable[..., Path]) -> Callable[..., list[list[str]]]:
    """A function: streams of bytes -> what the C parser found in each."""
    product = Product.from_dict(json.loads(asset("protocol/products/meter.json").read_text("utf-8")))
    harness = Path(__file__).parent / "frame_harness.c"
    program = build_product(
        "frame_harness", product, "any", "-DWXLINK_WITH_TRANSPARENT=1", "-DWXLINK_DATA_SIZE=65000", harness
    )

    def run(streams: list[bytes], max_payload: int = frame.MAX_PAYLOAD) -> list[list[str]]:
        lines = "".join(stream.hex() + "\n" for stream in streams)
        done = subprocess.run(
            [program, str(max_payload)], input=lines, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        return [line.split() for line in done.stdout.splitlines()]

    return run


def shown(found: list[Frame | BadFrame]) -> list[str]:
    """What wxproto found, in the words of frame_harness.c."""
    words = []
    for one in found:
        if isinstance(one, Frame):
            words.append(f"frame:{one.cmd:02X}:{one.sn:02X}:{one.flags:04X}:{one.payload.hex().upper()}")
        elif one.reason == frame.CHECKSUM:
            words.append(f"checksum:{one.cmd:02X}:{one.sn:02X}")
        else:
            words.append(REASONS[one.reason])
    return words


def test_c_parser_reads_every_recorded_frame(parse: Callable[..., list[list[str]]]) -> None:
    found = parse([bytes.fromhex(vector["hex"]) for vector in VECTORS])
    for vector, words in zip(VECTORS, found, strict=True):
        fields = vector["fields"]
        if "raw_stream" in fields:
            continue
        if not fields["checksum_ok"]:
            assert words == [f"checksum:{fields['cmd'][2:]}:{fields['sn']:02X}"], vector["name"]
            continue
        expected = f"frame:{fields['cmd'][2:]}:{fields['sn']:02X}:{fields['flags'][2:]}:{fields['payload']}"
        assert words == [expected], vector["name"]


def test_c_parser_and_wxproto_agree_on_every_recorded_stream(parse: Callable[..., list[list[str]]]) -> None:
    streams = [bytes.fromhex(vector["hex"]) for vector in VECTORS]
    assert parse(streams) == [shown(Decoder().feed(stream)) for stream in streams]


def noise(source: random.Random) -> bytes:
    """Bytes as a bad line brings them: frames, damaged frames, many FF and 55, anything."""
    out = bytearray()
    for _ in range(source.randrange(1, 6)):
        payload = bytes(source.choices((0xFF, 0x55, 0, 5, source.randrange(256)), k=source.randrange(40)))
        good = encode(
            source.randrange(256), source.choice((0, 7, 0xFF)), payload, source.choice((0, 1, 0xFFFF))
        )
        damaged = bytearray(good)
        match source.randrange(6):
            case 0:
                damaged[source.randrange(len(damaged))] = source.randrange(256)
            case 1:
                del damaged[source.randrange(len(damaged))]
            case 2:
                damaged.insert(source.randrange(len(damaged)), source.choice((0xFF, 0x55, 0)))
            case 3:
                damaged = damaged[: source.randrange(len(damaged))]
            case 4:
                damaged = bytearray(b"\xff\xff" + good[2:].replace(b"\xff\x55", b"\xff"))
        out += damaged
    out += bytes(source.choices((0xFF, 0x55, 0, 5, 6), k=source.randrange(12)))
    return bytes(out)


@pytest.mark.parametrize("max_payload", [4096, 24, 0])
def test_c_parser_and_wxproto_agree_on_any_bytes(
    parse: Callable[..., list[list[str]]], seeded: random.Random, max_payload: int
) -> None:
    streams = [noise(seeded) for _ in range(4000)]
    expected = [shown(Decoder(max_payload).feed(stream)) for stream in streams]
    for stream, ours, theirs in zip(streams, parse(streams, max_payload), expected, strict=True):
        assert ours == theirs, stream.hex()
