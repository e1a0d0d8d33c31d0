"""`wxlink flash test`: the module's own test over its console, judged against a table of limits.

The module answers the line `selftest` with one line of JSON: `{"selftest": {...}}`. What is false failed; a
number is held against LIMITS; what is neither is kept for the record.
"""

import argparse
import json
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import serial

from wxlink.flash import crew
from wxlink.flash import ledger as ledger_file
from wxlink.flash.crew import Stopped
from wxlink.flash.identity import parse_mac
from wxlink.flash.ledger import Ledger
from wxlink.flash.ports import chosen
from wxlink.flash.problem import FlashError
from wxlink.flash.progress import Display, Lane, out_for
from wxlink.flash.trouble import Trouble, from_open

BAUD: Final = 115_200  # of MicroPython's console
WITHIN_S: Final = 30.0  # boot, a scan of all channels, and a slow line
ASK_AGAIN_S: Final = 2.0  # what was asked while the module started is lost
MAX_LINE: Final = 4096  # bytes; a report has about 500
MAX_NOISE: Final = 1 << 20  # bytes of other lines
_READ_S: Final = 0.1


class Limit(NamedTuple):
    """What a value must be: `low` to `high`, None without bound. fails: what it means when it is not."""

    low: float | None
    high: float | None
    fails: str


LIMITS: Final = {
    "heap_free": Limit(16_384, None, "too little memory is free: the firmware is not the one for this board"),
    "flash_free": Limit(65_536, None, "the file system is full: write the module anew"),
    "networks": Limit(1, None, "no network is heard: check the antenna"),
    "rssi": Limit(-80, 0, "the strongest network is weak: check the antenna and its connector"),
}
"""Bounds of the numbers that a report may hold."""

MEANING: Final = {
    "identity": "the factory data are missing or damaged: write the module anew",
    "clock": "the clock stands still: take another module",
    "pass": "no network is heard, or the factory data are missing: check the antenna, then write it anew",
}
"""What it means when a part of the report is false."""

MCU_FINE: Final = ("ok", "no line")  # a product without MCU has no line
MCU_TODO: Final = "check TX, RX and ground, and the MCU's power; --no-mcu when none is there"


@dataclass(slots=True)
class Result:
    """What the test of one port gave. failures: what failed, in words; report: what the module said."""

    port: str
    mac: str = ""
    ok: bool = False
    failures: list[str] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """For a program."""
        return {name: getattr(self, name) for name in ("port", "mac", "ok", "failures", "report")}


def judge(report: Mapping[str, Any], *, mcu: bool = True) -> list[str]:
    """What is wrong, a sentence each; none when the module is good. mcu: one should be heard."""
    failures = []
    if mcu and report.get("uart", "ok") not in MCU_FINE:
        failures.append(f"uart: {_short(report['uart'])}: {MCU_TODO}")
    for name, value in report.items():
        if value is False:
            failures.append(f"{name}: {MEANING.get(name, 'failed')}")
        elif name in LIMITS:
            failures += _outside(name, value, LIMITS[name])
    if not any(isinstance(value, bool) for value in report.values()):
        failures.append("the report tells nothing that was tested: bring the module's software up to date")
    return failures


def _outside(name: str, value: Any, limit: Limit) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        yield f"{name}: {_short(value)} is no number: bring the module's software up to date"
    elif (limit.low is not None and value < limit.low) or (limit.high is not None and value > limit.high):
        bounds = " to ".join("" if bound is None else f"{bound:g}" for bound in (limit.low, limit.high))
        yield f"{name} is {value:g}, right is {bounds.strip()}: {limit.fails}"


def ask(port: str, stop: threading.Event, *, within_s: float = WITHIN_S, baud: int = BAUD) -> dict[str, Any]:
    """The module's report. Raises Trouble, and Stopped once `stop` is set."""
    line = serial.serial_for_url(port, do_not_open=True, exclusive=True, timeout=_READ_S, write_timeout=2)
    line.baudrate = baud
    line.dtr = line.rts = False  # with the usual two transistors anything else would hold the chip in reset
    try:
        line.open()
    except OSError as error:
        raise from_open(error) from error
    with line:
        try:
            return _ask(line, stop, time.monotonic() + within_s)
        except OSError as error:
            raise Trouble("test", f"the device went away ({error})", "check cable and power") from error


def _ask(line: Any, stop: threading.Event, deadline: float) -> dict[str, Any]:
    heard, noise, next_ask = b"", 0, 0.0
    while (now := time.monotonic()) < deadline:
        if stop.is_set():
            raise Stopped
        if now >= next_ask:
            line.write(b"selftest\n")
            next_ask = now + ASK_AGAIN_S
        *lines, heard = (heard + line.read(max(1, line.in_waiting))).split(b"\n")
        noise += sum(map(len, lines))
        for said in lines:
            report = _report(said)
            if report is not None:
                return report
        if len(heard) > MAX_LINE or noise > MAX_NOISE:
            raise Trouble("test", "the console talks without end", f"is {BAUD} the module's speed?")
    if noise or heard:
        raise Trouble(
            "test",
            "the module talks, and does not answer `selftest`",
            "is wxlink's firmware on it? `wxlink flash write` puts it there",
        )
    raise Trouble("test", "the module says nothing", "press RESET; check the cable and --baud")


def _report(said: bytes) -> dict[str, Any] | None:
    """The report in a line of the console, None when it is another line."""
    begin = said.find(b'{"selftest"')
    if begin < 0 or len(said) > MAX_LINE:
        return None
    try:
        report = json.loads(said[begin:])["selftest"]
    except ValueError:
        return None  # cut by another line; it is asked for again
    return report if isinstance(report, dict) else None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `wxlink flash test`."""
    parser.add_argument("--port", action="append", default=[], help="a serial port; once for each module")
    parser.add_argument("--all", action="store_true", help="every USB serial port")
    parser.add_argument("--baud", type=int, default=BAUD, help="speed of the console (default %(default)s)")
    parser.add_argument(
        "--within", type=float, default=WITHIN_S, metavar="S", help="longest wait in seconds (%(default)g)"
    )
    ledger_file.add_option(parser)
    parser.add_argument("--no-mcu", action="store_true", help="no MCU is at the module's line yet")
    parser.add_argument("--json", action="store_true", help="print one line of JSON a module, on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Test the modules; 0 when all are good, 1 when one is not, 130 when interrupted. Raises FlashError."""
    ports = chosen(arguments.port, every=arguments.all)
    ledger = Ledger(arguments.ledger)
    results = [Result(port) for port in ports]

    def do(result: Result, lane: Lane, stop: threading.Event) -> None:
        lane.step("test")
        try:
            result.report = ask(result.port, stop, within_s=arguments.within, baud=arguments.baud)
            result.mac = str(result.report.get("mac", ""))
            result.failures = judge(result.report, mcu=not arguments.no_mcu)
            _keep(ledger, result)
        except Stopped:
            result.failures.append("interrupted")
        except FlashError as error:
            result.failures.append(str(error))
        result.ok = not result.failures
        good = f"{result.mac} is good" if result.mac else "good"
        lane.end(good if result.ok else "; ".join(result.failures), well=result.ok)

    with Display(ports, out_for(arguments.json)) as display:
        interrupted, _ = crew.work(results, display.lanes, do)
    if arguments.json:
        for result in results:
            sys.stdout.write(json.dumps(result.record(), ensure_ascii=False) + "\n")
    return 130 if interrupted else int(not all(result.ok for result in results))


def _keep(ledger: Ledger, result: Result) -> None:
    """Write the result into the unit's history; a module without identity has none."""
    if not result.mac:
        return
    result.mac = parse_mac(result.mac)
    if ledger.unit(result.mac) is None:
        result.failures.append(
            f"unit {result.mac} is not in {ledger.path}: name the ledger it was made with by --ledger"
        )
    elif result.failures:
        ledger.note(result.mac, "test failed", "; ".join(result.failures))
    else:
        ledger.tested(result.mac, json.dumps(result.report, ensure_ascii=False))


def _short(value: Any) -> str:
    text = "".join(char for char in str(value) if char.isprintable())
    return text if len(text) <= 40 else text[:40] + "…"
