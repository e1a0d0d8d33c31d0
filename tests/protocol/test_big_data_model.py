"""Sender and Receiver of big data under every order of events that a link can make of it (README 3.10).

Stated once: whatever is lost, doubled, late, given up or asked anew, each byte of the file is written once
and in order; an end that is done means that the file is there; and a good link brings it over in the end.
"""

import hashlib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from wxproto import data_receiver, data_sender
from wxproto.data_receiver import Receiver
from wxproto.data_sender import Sender
from wxproto.events import Asked

IMAGE = bytes(range(50))
MD5 = hashlib.md5(IMAGE, usedforsecurity=False).hexdigest()
STEPS = ("exchange", "exchange", "ask", "deliver", "answer", "lose", "wait", "accept", "restart", "announce")

BEGUN = [("exchange", False), ("accept", True), ("exchange", True), ("exchange", False)]
"""Up to the first piece."""


def md5() -> Any:
    return hashlib.md5(usedforsecurity=False)


class Half:
    """A machine and its question under way."""

    def __init__(self, machine: Sender | Receiver) -> None:
        self.machine = machine
        self.asked: Asked | None = None
        self.heard = False

    def step(self, what: str, other: "Half", now: int) -> None:
        if not self.machine.waiting:
            self.asked = None  # withdrawn
        if what == "ask" and self.asked is None:
            question = self.machine.question()
            if question is not None:
                cmd, payload, flags = question
                self.asked = Asked(cmd, 0, flags, payload)
                self.heard = False
        elif self.asked is None:
            return
        elif what == "deliver":  # more than once: a repeat that came too late to be known as one
            self.heard = other.machine.take(self.asked, now) is None or self.heard
        elif what == "answer" and self.heard:
            self.asked = None
            self.machine.answered(now)
        elif what == "lose":
            self.asked = None
            self.machine.gave_up(now)


class Pair:
    def __init__(self, piece_bytes: int) -> None:
        self.flash = b""
        self.piece_bytes = piece_bytes
        self.sending = Half(Sender(len(IMAGE), MD5, lambda at, size: IMAGE[at : at + size]))
        self.receiving = Half(self.new_receiver())
        self.now = 0

    def new_receiver(self) -> Receiver:
        return Receiver(self.write, 100, piece_bytes=self.piece_bytes, new_digest=md5, quiet_ms=1000)

    def write(self, offset: int, content: bytes) -> None:
        assert offset == len(self.flash)
        self.flash += content
        assert IMAGE.startswith(self.flash)

    def step(self, what: str, up: bool) -> None:
        sender, receiver = self.sending.machine, self.receiving.machine
        assert isinstance(sender, Sender)
        assert isinstance(receiver, Receiver)
        self.now += 1
        if what == "wait":
            self.now += 60_000
            sender.poll(self.now)
            receiver.poll(self.now)
        elif what == "accept":
            if receiver.state == data_receiver.OFFERED:
                receiver.accept(self.now, have=len(self.flash))
        elif what == "restart":
            announced = receiver.announced
            self.receiving = Half(self.new_receiver())
            if announced is not None and up:
                assert isinstance(self.receiving.machine, Receiver)
                self.receiving.machine.accept(self.now, have=len(self.flash), announced=announced)
        elif what == "announce":
            if sender.state == data_sender.STOPPED:
                self.sending = Half(Sender(len(IMAGE), MD5, lambda at, size: IMAGE[at : at + size]))
                assert isinstance(self.sending.machine, Sender)
                self.sending.machine.start()
            elif sender.state == data_sender.OFFERED:
                sender.start()
        else:
            half, other = (self.receiving, self.sending) if up else (self.sending, self.receiving)
            for one in ("ask", "deliver", "answer") if what == "exchange" else (what,):
                half.step(one, other, self.now)
        self.check()

    def check(self) -> None:
        assert isinstance(self.receiving.machine, Receiver)
        if self.receiving.machine.state == data_receiver.DONE:
            assert self.flash == IMAGE
        if self.sending.machine.state == data_sender.DONE:
            assert self.flash == IMAGE


@settings(max_examples=300)
@given(
    st.sampled_from([10, 25, 50]),
    st.booleans(),
    st.lists(st.tuples(st.sampled_from(STEPS), st.booleans()), max_size=60),
)
def test_any_order_of_events(piece_bytes: int, begun: bool, steps: list[tuple[str, bool]]) -> None:
    pair = Pair(piece_bytes)
    assert isinstance(pair.sending.machine, Sender)
    pair.sending.machine.start()
    for what, up in (BEGUN if begun else []) + steps:
        pair.step(what, up)
    finish(pair)


def finish(pair: Pair) -> None:
    for _ in range(300):
        sender, receiver = pair.sending.machine, pair.receiving.machine
        assert isinstance(sender, Sender)
        assert isinstance(receiver, Receiver)
        if receiver.state == data_receiver.DONE:
            return
        if receiver.state == data_receiver.IDLE and pair.flash == IMAGE:
            return  # it lost its power after the last byte
        if receiver.state in (data_receiver.IDLE, data_receiver.STOPPED):  # it waits for an announcement
            sender.cancel()
        for what in ("announce", "accept", "ask"):
            pair.step(what, True)
            pair.step(what, False)
        if pair.sending.asked is None and pair.receiving.asked is None:
            pair.step("wait", False)
        for what in ("deliver", "answer", "lose"):  # what is refused is given up
            pair.step(what, True)
            pair.step(what, False)
    raise AssertionError(f"sender {sender.state}, receiver {receiver.state}")
