"""Two joined sessions under any order of questions, answers, time and mishaps that Hypothesis thinks of."""

import contextlib
from dataclasses import dataclass, field

from fuzz.invariant import Broken
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from uart import split

from wxproto import commands
from wxproto.commands import COMMANDS, EITHER, MCU, MODULE
from wxproto.errors import LocalError
from wxproto.events import Answered, Asked, GaveUp
from wxproto.session import Session

ASKED = {
    role: sorted(
        code
        for code, row in COMMANDS.items()
        if row.asker in (role, EITHER) and row.ack is not None and code != commands.GET_DEVICE_INFO
    )
    for role in (MODULE, MCU)
}
OTHER = {MODULE: MCU, MCU: MODULE}
LATE_MS = 200
"""Milliseconds a frame may be held up. A short command repeats for the last time after 484 ms, and is taken
for new 726 ms after it came, but for those that only an MCU asks."""
STEP_MS = 10
"""Milliseconds between two looks of a program at its session."""
CALM_MS = 120_000
"""Milliseconds on a perfect wire after which everything has ended."""

ROLES = st.sampled_from((MODULE, MCU))


@dataclass
class End:
    """One end, the frames on their way to it, and what it saw."""

    session: Session
    inbox: list[tuple[int, bytes]] = field(default_factory=list)
    tickets: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    ended: list[int] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)
    open: list[Asked] = field(default_factory=list)
    delivered: list[tuple[int, bytes]] = field(default_factory=list)


class Line(RuleBasedStateMachine):
    """See fuzz/invariant.py: here as it shows to a program that uses sessions."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.count = 0
        self.ends = {role: End(Session(role)) for role in (MODULE, MCU)}

    @rule(role=ROLES, data=st.data())
    def ask(self, role: str, data: st.DataObject) -> None:
        """Ask something that no other question equals."""
        end = self.ends[role]
        cmd = data.draw(st.sampled_from(ASKED[role]))
        action = data.draw(st.sampled_from((b"\x01", b"\x02", b"\x05", b"\xff")))
        self.count += 1
        payload = action + self.count.to_bytes(3, "big")
        with contextlib.suppress(LocalError):  # too many wait
            end.tickets[end.session.ask(cmd, payload, now=self.now)] = cmd, payload
        self._collect(role)

    @rule(role=ROLES, refuse=st.booleans())
    def answer(self, role: str, refuse: bool) -> None:
        """Answer the oldest command that waits for it."""
        end = self.ends[role]
        if end.open:
            asked = end.open.pop(0)
            if refuse and asked.cmd != commands.GET_DEVICE_INFO:
                end.session.refuse(asked, commands.ERROR_OTHER)
                end.delivered.remove((asked.cmd, asked.payload))  # counts as never seen
            else:
                end.session.answer(asked, b"\x03" + asked.payload)
        self._collect(role)

    @rule(ms=st.sampled_from((1, 20, 150, 240)))
    def wait(self, ms: int) -> None:
        """Let time pass; what was held up too long arrives."""
        until = self.now + ms
        while self.now < until:
            self.now = min(self.now + STEP_MS, until)
            for role, end in self.ends.items():
                while end.inbox and end.inbox[0][0] + LATE_MS < self.now:
                    self._deliver(role)
                self._take(role, list(end.session.poll(self.now)))

    @rule(role=ROLES, frames=st.integers(1, 3))
    def arrive(self, role: str, frames: int) -> None:
        """The next frames arrive."""
        for _ in range(frames):
            self._deliver(role)

    @rule(role=ROLES)
    def lose(self, role: str) -> None:
        """The next frame is lost."""
        del self.ends[role].inbox[:1]

    @rule(role=ROLES, at=st.integers(0, 200), bit=st.integers(0, 7))
    def damage(self, role: str, at: int, bit: int) -> None:
        """One bit of the next frame is wrong."""
        inbox = self.ends[role].inbox
        if inbox:
            sent, frame = inbox[0]
            at %= len(frame)
            inbox[0] = sent, frame[:at] + bytes((frame[at] ^ 1 << bit,)) + frame[at + 1 :]

    @rule(role=ROLES)
    def double(self, role: str) -> None:
        """The next frame comes twice."""
        inbox = self.ends[role].inbox
        inbox[:1] = inbox[:1] * 2

    @rule(role=ROLES, noise=st.lists(st.sampled_from((0xFF, 0x55, 0, 5)), max_size=8).map(bytes))
    def hum(self, role: str, noise: bytes) -> None:
        """Bytes of nobody arrive."""
        self._take(role, list(self.ends[role].session.receive(noise, self.now)))

    @invariant()
    def nothing_happens_twice(self) -> None:
        """A question ends once, and is delivered once at most unless it was refused."""
        for role, end in self.ends.items():
            if len(end.ended) != len(set(end.ended)) or not set(end.ended) <= set(end.tickets):
                raise Broken(f"tickets {end.ended} of the {role} ended")
            asked = set(end.tickets.values())
            came = [one for one in self.ends[OTHER[role]].delivered if one in asked]
            if len(came) != len(set(came)):
                raise Broken(f"the {OTHER[role]} was asked twice: {came}")

    def teardown(self) -> None:
        """On a perfect wire everything ends, and what was answered was delivered."""
        until = self.now + CALM_MS
        while self.now < until:
            for role, end in self.ends.items():
                while end.inbox:
                    self._deliver(role)
                while end.open:
                    self.answer(role, refuse=False)
                self._take(role, list(end.session.poll(self.now)))
            self.now += 10
        self.nothing_happens_twice()
        for role, end in self.ends.items():
            assert end.session.up
            assert sorted(end.ended) == sorted(end.tickets)
            came = self.ends[OTHER[role]].delivered
            assert {end.tickets[ticket] for ticket in end.answered} <= set(came)

    def _deliver(self, role: str) -> None:
        end = self.ends[role]
        if end.inbox:
            self._take(role, list(end.session.receive(end.inbox.pop(0)[1], self.now)))

    def _take(self, role: str, events: list[object]) -> None:
        end = self.ends[role]
        for event in events:
            if isinstance(event, Answered | GaveUp) and event.ticket:
                end.ended.append(event.ticket)
                if isinstance(event, Answered):
                    end.answered.append(event.ticket)
            elif isinstance(event, Asked):
                end.delivered.append((event.cmd, event.payload))
                if event.wants_answer:
                    end.open.append(event)
        self._collect(role)

    def _collect(self, role: str) -> None:
        frames = split(self.ends[role].session.data_to_send())
        self.ends[OTHER[role]].inbox += [(self.now, frame) for frame in frames]


TestLine = Line.TestCase
TestLine.settings = settings(
    max_examples=60, stateful_step_count=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
