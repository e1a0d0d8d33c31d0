"""The two ends of a wire in virtual time: a module, and a product MCU that is ours or the C SDK."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from wxproto import commands
from wxproto.commands import MCU, MODULE
from wxproto.device_info import DeviceInfo
from wxproto.events import Answered, Asked, GaveUp
from wxproto.frame import BadFrame
from wxproto.session import Session

INFO = DeviceInfo(
    product_key="6f0d4b7c91e24a35b8d2c7f3a1905e68", hardware_version="00000001", software_version="00000001"
)

BASE = 255
"""Numbers of controls are written into the GoKit's three colour points, each 0..254."""

POLL_MS = 10
"""The C SDK tells no deadline: it is polled this often, as its header asks for."""


def control(number: int) -> bytes:
    """A control of the GoKit that no other number gives: light on, a colour, all flag bits set."""
    return b"\x01\xff\x01" + colours_of(number) + b"\x00\x05"


def colours_of(number: int) -> bytes:
    """Three colour bytes that hold a number."""
    return bytes((number // BASE**2, number // BASE % BASE, number % BASE))


def number_of(colours: bytes) -> int:
    """The number in three colour bytes."""
    return (colours[0] * BASE + colours[1]) * BASE + colours[2]


class End(Protocol):
    """Takes bytes and the time, gives bytes; `due` is when it wants to be called without any."""

    def step(self, data: bytes, now: int) -> bytes: ...
    def due(self, now: int) -> int | None: ...


class McuEnd(End, Protocol):
    """`applied`: numbers of the controls it obeyed, in order."""

    applied: list[int]

    def close(self) -> None: ...


class Module:
    """A module; `events` is all its session said, `reports` the numbers in the reports it was given."""

    def __init__(self, baud: int) -> None:
        self.session = Session(MODULE, baud=baud)
        self.events: list[object] = []
        self.reports: list[int] = []

    def step(self, data: bytes, now: int) -> bytes:
        events = list(self.session.receive(data, now)) if data else []
        events += self.session.poll(now)
        self.events += [event for event in events if not isinstance(event, BadFrame)]
        for event in events:
            if isinstance(event, Asked) and event.cmd == commands.P0_UP and event.payload[:1] == b"\x04":
                self.reports.append(number_of(event.payload[2:5]))
        return self.session.data_to_send()

    def due(self, _: int) -> int | None:
        return self.session.next_deadline()

    def answered(self) -> list[int]:
        """Tickets that were answered, in order."""
        return [one.ticket for one in self.events if isinstance(one, Answered) and one.ticket]

    def gave_up(self) -> list[int]:
        return [one.ticket for one in self.events if isinstance(one, GaveUp)]


class PythonMcu:
    """Our own MCU role with the least of a GoKit around it: obeys controls, answers reads, reports.

    `tickets` are those of its reports, `ended` those that were answered or given up.
    """

    def __init__(self, baud: int, *, period_ms: int | None = None) -> None:
        self.session = Session(MCU, baud=baud)
        self.applied: list[int] = []
        self.tickets: list[int] = []
        self.ended: list[int] = []
        self._state = bytes(11)
        self._period_ms = period_ms
        self._report_at = period_ms

    def step(self, data: bytes, now: int) -> bytes:
        out = b""
        if data:
            out = self._react(self.session.receive(data, now), now)
        if self._report_at is not None and self._period_ms is not None and now >= self._report_at:
            self._report_at = now + self._period_ms
            self._report(now)
        return out + self._react(self.session.poll(now), now)

    def due(self, _: int) -> int | None:
        times = [time for time in (self.session.next_deadline(), self._report_at) if time is not None]
        return min(times, default=None)

    def close(self) -> None:
        """Nothing runs."""

    def _react(self, events: Sequence[object], now: int) -> bytes:
        for event in events:
            if isinstance(event, Answered | GaveUp):
                self.ended.append(event.ticket)
            if not isinstance(event, Asked):
                continue
            if event.cmd == commands.GET_DEVICE_INFO:
                self.session.answer(event, INFO.encode())
            elif event.wants_answer:
                self.session.answer(event, b"\x03" + self._state)
            elif event.cmd == commands.P0_DOWN and event.payload[:1] == b"\x01":
                self.applied.append(number_of(event.payload[3:6]))
                self._state = event.payload[2:8] + bytes(5)
                self._report(now)
        return self.session.data_to_send()

    def _report(self, now: int) -> None:
        self.tickets.append(self.session.ask(commands.P0_UP, b"\x04" + self._state, now=now))


class CMcu:
    """The C SDK with the GoKit product: a program that does one round of its main loop for each line."""

    def __init__(self, program: Path) -> None:
        self.applied: list[int] = []
        self._due = 0
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def step(self, data: bytes, now: int) -> bytes:
        self._due = now + POLL_MS
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{now} {data.hex()}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().split()
        if not answer or answer[0] != "ok":
            raise AssertionError(f"the C program died: {answer} {self._process.communicate()[1]}")
        self.applied += [number_of(bytes.fromhex(word)) for word in answer[2:]]
        return bytes.fromhex(answer[1][1:])

    def due(self, _: int) -> int | None:
        return self._due

    def close(self) -> None:
        """End the program; whatever a sanitizer says at the end fails the test."""
        _, errors = self._process.communicate()
        assert (self._process.returncode, errors) == (0, "")
