"""How fast frames are taken apart."""

import os
import subprocess
import sys
import time
from pathlib import Path

import sliplib

import wxproto
from bench.figure import Figure

SECONDS = 2.0
LOOP = Path(__file__).with_name("decode_loop.py")
BITS_A_BYTE = 10  # start, eight data, stop
FASTEST_BAUD = 115_200  # the fastest link that MCU boards of this kind use; 9600 is the standard


def measure() -> list[Figure]:
    """Frames a second: CPython beside a public stuffing codec, MicroPython beside the fastest wire."""
    cpython, _ = _run(sys.executable, {"PYTHONPATH": str(_protocol())})
    micropython, size = _run(
        os.environ.get("WXLINK_MICROPYTHON") or str(Path(sys.executable).with_name("micropython")),
        {"MICROPYPATH": f"{_protocol()}:.frozen"},
    )
    wire = FASTEST_BAUD / BITS_A_BYTE / size
    return [
        Figure(
            "frame decode, CPython",
            cpython,
            "frames/s",
            "sliplib, SLIP packets of the same payload",
            _slip(),
            "more",
            "ours also checks length and checksum",
        ),
        Figure(
            "frame decode, MicroPython (unix port)",
            micropython,
            "frames/s",
            f"the wire at {FASTEST_BAUD} baud",
            wire,
            "more",
            "an ESP32 is very roughly 100 times slower than this machine",
        ),
    ]


def _run(interpreter: str, paths: dict[str, str]) -> tuple[float, float]:
    done = subprocess.run(
        [interpreter, str(LOOP), str(SECONDS)],
        env={**os.environ, **paths},
        capture_output=True,
        text=True,
        check=True,
    )
    rate, size = done.stdout.split()
    return float(rate), float(size)


def _slip() -> float:
    payload = b"\x05\x00\x00\x00\x04\x07\x11\x22\x33\x00\x03\x01\x27\x37\x09\xdb"
    stream = sliplib.Driver().send(payload) * 64
    reads = [stream[at : at + 64] for at in range(0, len(stream), 64)]
    driver = sliplib.Driver()
    count = 0
    began = time.monotonic()
    while (took := time.monotonic() - began) < SECONDS:
        for block in reads:
            driver.receive(block)
            while driver.get(block=False):
                count += 1
    return count / took


def _protocol() -> Path:
    return Path(wxproto.__file__).parents[1]
