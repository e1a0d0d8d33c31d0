"""How fast frames are taken apart, beside other parsers of frames in the same run."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import construct
import sliplib
from pymavlink.dialects.v20 import minimal

import wxproto
from bench.figure import Figure
from bench.turns import Rates, rates
from wxproto import frame

SECONDS = 5.0
LOOP = Path(__file__).with_name("decode_loop.py")
BITS_A_BYTE = 10  # start, eight data, stop
FASTEST_BAUD = 115_200  # the fastest link that MCU boards of this kind use; 9600 is the standard
FRAMES = 64
PAYLOAD = bytes.fromhex("0407112233000301273709")
READ = 1024  # bytes; what a program takes from a serial port or a capture at a time
PUMP_READ = 64  # bytes; what the module's serial pump takes

GRAMMAR = construct.GreedyRange(
    construct.Struct(
        "header" / construct.Const(frame.HEADER),
        "body"
        / construct.RawCopy(
            construct.Struct(
                "len" / construct.Int16ub,
                "cmd" / construct.Int8ub,
                "sn" / construct.Int8ub,
                "flags" / construct.Int16ub,
                "payload" / construct.Bytes(construct.this.len - frame.OVERHEAD),
            )
        ),
        "checksum"
        / construct.Checksum(construct.Int8ub, lambda raw: sum(raw) & 0xFF, construct.this.body.data),
    )
)
"""The frame as construct has it; the stuffing is taken out beforehand, which costs it nothing."""


def measure() -> list[Figure]:
    """Frames a second: CPython beside public parsers, MicroPython beside a plain loop of the same rules."""
    return [*_on_cpython(), *_on_micropython()]


def _on_cpython() -> list[Figure]:
    ours, mavlink, slip = _our_stream(), _mavlink_stream(), _slip_stream()
    plain = ours.replace(b"\xff\x55", b"\xff")
    found = rates(
        {
            "ours": _fed(frame.Decoder().feed, ours, READ),
            "ours, short": _fed(frame.Decoder().feed, ours, PUMP_READ),
            "mavlink": _fed(minimal.MAVLink(None).parse_buffer, mavlink, READ),
            "mavlink, short": _fed(minimal.MAVLink(None).parse_buffer, mavlink, PUMP_READ),
            "slip": _slip(slip),
            "construct": lambda: len(GRAMMAR.parse(plain)),
        },
        SECONDS,
    )
    return [
        _figure("", found, "ours", "pymavlink's parse_buffer, heartbeats of 21 bytes", "mavlink"),
        _figure(", reads of 64 bytes", found, "ours, short", "pymavlink's parse_buffer", "mavlink, short"),
        _figure("", found, "ours", "construct, an equal grammar without stuffing", "construct"),
        _figure("", found, "ours", "sliplib, SLIP packets without length and checksum", "slip"),
    ]


def _figure(what: str, found: Rates, ours: str, peer: str, peers: str) -> Figure:
    return Figure(f"frame decode, CPython{what}", found[ours], "frames/s", peer, found[peers], "more")


def _on_micropython() -> list[Figure]:
    said = _run_on_micropython()
    where = "MicroPython (unix port)"
    plain = "a plain loop over the bytes, same rules"
    return [
        Figure(f"frame decode, {where}", said["ours"], "frames/s", plain, said["plain"], "more"),
        Figure(
            f"frame decode, {where}",
            said["ours"],
            "frames/s",
            f"the wire at {FASTEST_BAUD} baud",
            FASTEST_BAUD / BITS_A_BYTE / said["size"],
            "more",
            "an ESP32 is very roughly 100 times slower than this machine",
        ),
        Figure(
            f"heap for a frame of 20 bytes, {where}",
            said["ours_heap"],
            "bytes",
            plain,
            said["plain_heap"],
            "less",
            f"for a byte of noise ours takes {said['ours_noise']:g}",
        ),
        Figure(
            f"heap for a byte of a long frame, {where}",
            said["ours_long"],
            "bytes",
            plain,
            said["plain_long"],
            "less",
            "the payload itself, its room to grow, and a list for each read of 64",
        ),
    ]


def _run_on_micropython() -> dict[str, Any]:
    interpreter = os.environ.get("WXLINK_MICROPYTHON") or str(Path(sys.executable).with_name("micropython"))
    done = subprocess.run(
        [interpreter, str(LOOP), str(SECONDS)],
        env={**os.environ, "MICROPYPATH": f"{Path(wxproto.__file__).parents[1]}:{LOOP.parent}:.frozen"},
        capture_output=True,
        text=True,
        check=True,
    )
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def _fed(feed: Any, stream: bytes, size: int) -> Any:
    """Feeds the whole stream in reads of `size` bytes and counts what is found."""
    reads = [stream[at : at + size] for at in range(0, len(stream), size)]

    def once() -> int:
        return sum(len(feed(block) or ()) for block in reads)

    return once


def _our_stream() -> bytes:
    """Reports of a small product, 20 bytes each; one in eight holds a stuffed byte."""
    payloads = [PAYLOAD[:-1] + b"\xff" if sn % 8 == 0 else PAYLOAD for sn in range(FRAMES)]
    return b"".join(frame.encode(5, sn, payload) for sn, payload in enumerate(payloads))


def _mavlink_stream() -> bytes:
    sender = minimal.MAVLink(None, srcSystem=1, srcComponent=1)
    out = b""
    for seq in range(FRAMES):
        sender.seq = seq
        out += minimal.MAVLink_heartbeat_message(1, 2, 3, 4, 5, 3).pack(sender)
    return out


def _slip_stream() -> bytes:
    payload = bytes.fromhex("05000000040711223300030127" + "3709db")
    return sliplib.Driver().send(payload) * FRAMES


def _slip(stream: bytes) -> Any:
    reads = [stream[at : at + READ] for at in range(0, len(stream), READ)]
    driver = sliplib.Driver()

    def once() -> int:
        count = 0
        for block in reads:
            driver.receive(block)
            while driver.get(block=False):
                count += 1
        return count

    return once
