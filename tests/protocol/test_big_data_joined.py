"""A file from one Session to the other over good and bad wires, in virtual time (README 3.10)."""

import hashlib
import random
from collections.abc import Callable
from typing import Any

import pytest

from wxproto import commands, data_receiver, data_sender, frame
from wxproto.commands import MCU, MODULE
from wxproto.courier import Courier
from wxproto.data_receiver import Receiver
from wxproto.data_sender import Sender
from wxproto.session import Asked, Session

BAUD = 115_200
Mangle = Callable[[random.Random, bytes], list[bytes]]


def image(size: int) -> bytes:
    """Bytes of all values, FF and FF 55 among them."""
    source = random.Random(size)
    return b"\xff\x55\xff\xff" + source.randbytes(size - 4)


def perfect(_: random.Random, data: bytes) -> list[bytes]:
    return [data]


def bytewise(_: random.Random, data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def duplicating(source: random.Random, data: bytes) -> list[bytes]:
    return [data] * source.choice((1, 1, 2))


def dropping(source: random.Random, data: bytes) -> list[bytes]:
    """One write in twelve is lost."""
    return [] if source.random() < 1 / 12 else [data]


def flipping(source: random.Random, data: bytes) -> list[bytes]:
    """One write in twelve has one bit changed."""
    if source.random() < 1 / 12:
        at = source.randrange(len(data))
        data = data[:at] + bytes((data[at] ^ 1 << source.randrange(8),)) + data[at + 1 :]
    return [data]


class Flash:
    def __init__(self) -> None:
        self.content = b""

    def write(self, offset: int, content: bytes) -> None:
        assert offset == len(self.content)
        self.content += content


class End:
    """A session and what it takes part in; the MCU also gives its device information."""

    def __init__(self, role: str, mangle: Mangle, source: random.Random) -> None:
        self.session = Session(role, baud=BAUD)
        self.couriers: list[Courier] = []
        self.inbox: list[tuple[int, bytes]] = []
        self.others: list[object] = []
        self._mangle = mangle
        self._source = source

    def deadlines(self) -> list[int]:
        times = [self.session.next_deadline(), *(one.next_deadline() for one in self.couriers)]
        return [one for one in times if one is not None] + [due for due, _ in self.inbox[:1]]

    def step(self, now: int, peer: "End") -> None:
        events = list(self.session.poll(now))
        while self.inbox and self.inbox[0][0] <= now:
            events += self.session.receive(self.inbox.pop(0)[1], now)
        for event in events:
            if any(courier.handle(event, now) for courier in self.couriers):
                continue
            self.others.append(event)
            if isinstance(event, Asked) and event.cmd == commands.GET_DEVICE_INFO:
                self.session.answer(event, bytes(66))
        for courier in self.couriers:
            courier.poll(now)
        data = self.session.data_to_send()
        if data:
            arrival = now + 1 + len(data) * 10_000 // BAUD
            peer.inbox += [(arrival, piece) for piece in self._mangle(self._source, data)]


class Bench:
    def __init__(self, mangle: Mangle = perfect, seed: int = 0) -> None:
        source = random.Random(seed)
        self.module = End(MODULE, mangle, source)
        self.mcu = End(MCU, mangle, source)
        self.now = 0

    def run(self, until: Callable[[], bool], limit_ms: int = 3_600_000) -> None:
        while not until():
            assert self.now < limit_ms, "it does not come to an end"
            self.module.step(self.now, self.mcu)
            self.mcu.step(self.now, self.module)
            due = self.module.deadlines() + self.mcu.deadlines()
            self.now = max(self.now + 1, min(due)) if due else self.now + 1


class Transfer:
    """A sender at one end, a receiver at the other that accepts what is announced."""

    def __init__(self, bench: Bench, sending: str, content: bytes, **options: Any) -> None:
        ends = (bench.module, bench.mcu) if sending == MODULE else (bench.mcu, bench.module)
        self.bench = bench
        self.content = content
        self.flash = Flash()
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        self.sender = Sender(
            len(content),
            digest,
            lambda at, size: content[at : at + size],
            hex_lines=options.get("hex_lines", False),
        )
        self.sending = Courier(ends[0].session, self.sender, data_sender.COMMANDS)
        ends[0].couriers.append(self.sending)
        self.receiving_end = ends[1]
        self.options = options
        self.receiving: Courier | None = None
        self.attach_receiver()

    def attach_receiver(self) -> None:
        """A receiver that knows of nothing, in place of the one before."""
        self.receiver = Receiver(self.flash.write, 1 << 20, new_digest=md5, **self.options)
        if self.receiving is not None:
            self.receiving_end.couriers.remove(self.receiving)
        self.receiving = Courier(self.receiving_end.session, self.receiver, data_receiver.COMMANDS)
        self.receiving_end.couriers.append(self.receiving)

    def accept(self, **what: Any) -> None:
        assert self.receiving is not None
        self.receiver.accept(self.bench.now, **what)
        self.receiving.ask(self.bench.now)

    def start(self) -> None:
        self.bench.run(lambda: self.bench.module.session.up and self.bench.mcu.session.up)
        self.sender.start()
        self.sending.ask(self.bench.now)

    def ended(self) -> bool:
        if self.receiver.state == data_receiver.OFFERED:
            self.accept()
        return self.receiver.state in (data_receiver.DONE, data_receiver.STOPPED)


def md5() -> Any:
    return hashlib.md5(usedforsecurity=False)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sending", [MODULE, MCU], ids=["down", "up"])
@pytest.mark.parametrize("mangle", [perfect, bytewise, duplicating, dropping, flipping])
def test_a_file_over_a_wire(mangle: Mangle, sending: str, seed: int) -> None:
    bench = Bench(mangle, seed)
    transfer = Transfer(bench, sending, image(10_000), piece_bytes=(0, 128, 256, 1000)[seed])
    transfer.start()
    bench.run(transfer.ended)
    assert transfer.receiver.state == data_receiver.DONE, transfer.receiver.reason
    assert transfer.flash.content == transfer.content
    if mangle in (perfect, bytewise, duplicating):
        bench.run(lambda: transfer.sender.state == data_sender.DONE, bench.now + 10)
    else:  # the last ack may be lost three times: then the sender only knows that nobody asks again
        bench.run(
            lambda: transfer.sender.state in (data_sender.DONE, data_sender.STOPPED), bench.now + 120_000
        )


def test_hex_lines_over_a_lossy_wire() -> None:
    lines = [b":10%04X00" % (i * 16) + b"FF" * 16 + b"00\r\n" for i in range(100)]
    bench = Bench(dropping, 5)
    transfer = Transfer(bench, MODULE, b"".join(lines), hex_lines=True)
    transfer.start()
    bench.run(transfer.ended)
    assert transfer.receiver.state == data_receiver.DONE
    assert transfer.flash.content == transfer.content


def test_both_directions_at_once() -> None:
    bench = Bench(dropping, 1)
    down = Transfer(bench, MODULE, image(5_000))
    up = Transfer(bench, MCU, image(3_000))
    down.start()
    up.start()
    bench.run(lambda: all((down.ended(), up.ended())))
    assert (down.flash.content, up.flash.content) == (down.content, up.content)


@pytest.mark.parametrize("lost_ms", [2_000, 12_000, 40_000])
def test_a_wire_that_is_cut_for_a_while(lost_ms: int) -> None:
    """Short: the piece is repeated; long: the sender gives up, and the receiver asks again."""
    bench = Bench()
    cut = [0, 0]

    def cutting(_: random.Random, data: bytes) -> list[bytes]:
        return [] if cut[0] <= bench.now < cut[1] else [data]

    bench.module = End(MODULE, cutting, random.Random(0))
    bench.mcu = End(MCU, cutting, random.Random(0))
    transfer = Transfer(bench, MODULE, image(20_000))
    transfer.start()
    bench.run(lambda: transfer.ended() or transfer.receiver.have > 5_000)
    cut[:] = [bench.now, bench.now + lost_ms]
    bench.run(transfer.ended)
    assert transfer.receiver.state == data_receiver.DONE
    assert transfer.flash.content == transfer.content


def test_a_receiver_that_lost_its_power_asks_again_and_writes_only_the_rest() -> None:
    bench = Bench()
    transfer = Transfer(bench, MODULE, image(20_000))
    transfer.start()
    bench.run(lambda: transfer.ended() or transfer.receiver.have > 5_000)
    announced, have = transfer.receiver.announced, transfer.receiver.have
    bench.mcu.session = Session(MCU, baud=BAUD)
    bench.mcu.inbox.clear()
    transfer.attach_receiver()
    bench.run(lambda: bench.mcu.session.up)
    transfer.accept(have=have, announced=announced)
    bench.run(transfer.ended)
    assert transfer.receiver.state == data_receiver.DONE
    assert transfer.flash.content == transfer.content


def test_who_asks_anew_while_a_piece_is_under_way_need_not_wait_for_its_repeats() -> None:
    bench = Bench()
    transfer = Transfer(bench, MODULE, image(20_000))
    transfer.start()
    bench.run(lambda: transfer.ended() or transfer.receiver.have > 5_000)
    bench.run(lambda: bool(bench.mcu.inbox), bench.now + 1_000)
    bench.mcu.inbox.clear()  # the piece under way is lost with the power
    announced, have = transfer.receiver.announced, transfer.receiver.have
    bench.now += 1_500  # longer than a question is repeated, shorter than a piece
    bench.mcu.session = Session(MCU, baud=BAUD)
    bench.mcu.session.receive(frame.encode(commands.HEARTBEAT, 9), bench.now)
    transfer.attach_receiver()
    transfer.accept(have=have, announced=announced)
    bench.run(transfer.ended, bench.now + 2_500)
    assert transfer.receiver.state == data_receiver.DONE
    assert transfer.flash.content == transfer.content


def test_a_receiver_that_refuses_and_a_sender_that_gives_up() -> None:
    bench = Bench()
    transfer = Transfer(bench, MODULE, image(2_000_000))
    transfer.start()
    bench.run(lambda: transfer.sender.state == data_sender.STOPPED)
    assert transfer.sender.reason == data_sender.CANCELLED
    assert transfer.receiver.reason == data_receiver.WRONG_SIZE

    bench = Bench()
    transfer = Transfer(bench, MCU, image(20_000))
    transfer.start()
    bench.run(lambda: transfer.ended() or transfer.receiver.have > 5_000)
    transfer.sender.cancel()
    transfer.sending.ask(bench.now)
    bench.run(transfer.ended)
    assert transfer.receiver.reason == data_receiver.CANCELLED


def test_a_receiver_of_lines_is_told_that_the_file_has_none() -> None:
    bench = Bench()
    transfer = Transfer(bench, MODULE, image(2_000))
    transfer.options["hex_lines"] = True
    transfer.attach_receiver()
    transfer.start()
    bench.run(transfer.ended)
    assert transfer.receiver.reason == data_receiver.GONE
    notices = [one for one in bench.mcu.others if type(one).__name__ == "PeerNotice"]
    assert {getattr(one, "code", None) for one in notices} == {commands.ERROR_FILE_TYPE}
    bench.run(lambda: transfer.sender.state == data_sender.STOPPED)
    assert transfer.sender.reason == data_sender.CANCELLED


@pytest.mark.parametrize(("piece_bytes", "share"), [(128, 0.83), (256, 0.9), (1024, 0.96)])
def test_an_update_uses_the_wire(piece_bytes: int, share: float) -> None:
    """64 KB at 115200 baud, in virtual microseconds; the floor is the stuffed content, ten bits a byte."""
    content = image(65_536)
    bench = Bench()
    transfer = Transfer(bench, MODULE, content, piece_bytes=piece_bytes)
    transfer.start()
    ends = (bench.module, bench.mcu)
    arrivals: list[tuple[float, int, bytes]] = []
    started = us = bench.now * 1000.0
    while not transfer.ended():
        for i, end in enumerate(ends):
            end.step(int(us / 1000), ends[1 - i])
            for _, data in ends[1 - i].inbox:
                arrivals.append((us + len(data) * 10e6 / BAUD, 1 - i, data))
            ends[1 - i].inbox.clear()
        if not arrivals:
            continue
        us, at, data = min(arrivals)
        arrivals.remove((us, at, data))
        ends[at].inbox.append((0, data))
        ends[at].step(int(us / 1000), ends[1 - at])
        for _, answer in ends[1 - at].inbox:
            arrivals.append((us + len(answer) * 10e6 / BAUD, 1 - at, answer))
        ends[1 - at].inbox.clear()
    floor = (len(content) + content.count(0xFF)) * 10e6 / BAUD
    assert floor / (us - started) >= share
