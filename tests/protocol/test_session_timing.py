"""How long one end waits for an acknowledgement, and what it counts: README 3.3."""

from math import ceil

import pytest

from wxproto import commands, frame
from wxproto.commands import MCU, MODULE
from wxproto.counters import Counters
from wxproto.errors import LocalError
from wxproto.line import Line
from wxproto.session import Answered, Asked, GaveUp, Session

SHORT_ACK = 2 + 2 * 7
"""Bytes of an ack without payload, stuffed throughout."""


T = 10_000
"""Milliseconds; when the tests begin."""


def up(baud: int, role: str = MODULE) -> Session:
    """A session whose link is up and whose line is free at T; its own next sn is 1 in a module."""
    session = Session(role, baud=baud)
    if role == MODULE:
        session.poll(0)
        session.receive(frame.encode(commands.DEVICE_INFO, 0, bytes(66)), 1_000)
    else:
        session.receive(frame.encode(commands.HEARTBEAT, 0), 1_000)
    session.data_to_send()
    return session


def ms(size: int, baud: int) -> int:
    return ceil(size * 10_000 / baud)


@pytest.mark.parametrize("baud", [300, 9600, 57_600, 115_200])
@pytest.mark.parametrize("payload", [b"\x01\x00", b"\x05" + bytes(175), b"\x05" + b"\xff" * 300])
def test_no_repeat_before_the_wire_could_bring_the_ack(baud: int, payload: bytes) -> None:
    module = up(baud)
    module.ask(commands.P0_DOWN, payload, now=T)
    wire = module.data_to_send()
    assert len(wire) == 9 + len(payload) + wire[2:].count(0xFF), "stuffed bytes count"
    assert module.next_deadline() == T + ms(len(wire), baud) + 200 + ms(SHORT_ACK, baud)


def test_a_frame_of_183_bytes_is_waited_for_longer_than_it_takes() -> None:
    """At 9600 baud it takes 191 ms to leave: its ack cannot come within 200 ms."""
    mcu = up(9600, MCU)
    mcu.ask(commands.P0_UP, b"\x04" + bytes(173), now=T)
    assert len(mcu.data_to_send()) == 183
    assert mcu.next_deadline() == T + 191 + 200 + 17


def test_the_time_an_answer_takes_is_that_of_the_longest_payload_seen() -> None:
    module = up(9600)
    module.ask(commands.P0_DOWN, b"\x02", now=T)
    assert module.next_deadline() == T + 11 + 200 + ms(2 + 2 * (7 + 128), 9600)
    module = up(9600)
    module.receive(frame.encode(commands.P0_UP, 0, bytes(700)), T)
    module.data_to_send()
    module.ask(commands.P0_DOWN, b"\x02", now=T + 5_000)
    assert module.next_deadline() == T + 5_000 + 11 + 200 + ms(2 + 2 * (7 + 700), 9600)
    assert module.receive(frame.encode(commands.P0_DOWN_ACK, 1, bytes(700)), T + 5_800) == [
        Answered(1, commands.P0_DOWN, 1, bytes(700))
    ]


def test_the_row_of_the_table_says_how_long_the_peer_may_take() -> None:
    module = up(115_200)
    module.ask(commands.DATA_PIECE, bytes(260), now=T)
    assert module.next_deadline() == T + ms(9 + 260, 115_200) + 3000 + ms(SHORT_ACK, 115_200)


def test_the_asker_may_know_better() -> None:
    module = up(115_200)
    module.ask(commands.P0_DOWN, b"\x01", now=T, service_ms=900)
    assert module.next_deadline() == T + 1 + 900 + 2
    module = up(115_200)
    module.ask(commands.P0_DOWN, b"\x01", now=T, service_ms=0)
    assert module.next_deadline() == T + 200, "never less than the documents say"


def test_what_still_leaves_is_waited_for() -> None:
    """The ack of a report goes out before the question behind it."""
    module = up(9600)
    module.receive(frame.encode(commands.P0_UP, 7, b"\x04"), T)
    module.ask(commands.P0_DOWN, b"\x01\x00", now=T + 5)
    assert module.next_deadline() == T + ms(9 + 11, 9600) + 200 + 17


def test_big_data_goes_either_way() -> None:
    for role in (MODULE, MCU):
        end = up(9600, role)
        (asked,) = end.receive(frame.encode(commands.DATA_PIECE, 9, b"\x00\x01\x00\x01abc"), T)
        assert isinstance(asked, Asked)
        assert asked.wants_answer, "a piece is acknowledged once it is written"
        assert end.data_to_send() == b""
        end.answer(asked)
        assert end.data_to_send() == frame.encode(commands.DATA_PIECE_ACK, 9)
        ticket = end.ask(commands.DATA_ANNOUNCE, bytes(38), now=T + 1)
        (sent,) = frame.Decoder().feed(end.data_to_send())
        assert isinstance(sent, frame.Frame)
        assert end.receive(frame.encode(commands.DATA_ANNOUNCE_ACK, sent.sn), T + 2) == [
            Answered(ticket, commands.DATA_ANNOUNCE, sent.sn, b"")
        ]


def test_a_piece_is_known_again_as_long_as_its_sender_goes_on() -> None:
    """Three sends, each waited for 3 s and more: the third comes later than other commands are known."""
    mcu = up(9600, MCU)
    piece = frame.encode(commands.DATA_PIECE, 9, b"\x00\x01\x00\x01" + bytes(256))
    (asked,) = mcu.receive(piece, T)
    assert isinstance(asked, Asked)
    mcu.answer(asked)
    mcu.data_to_send()
    assert mcu.receive(piece, T + 7_000) == []
    assert mcu.data_to_send() == frame.encode(commands.DATA_PIECE_ACK, 9)
    assert len(mcu.receive(piece, T + 30_000)) == 1


def test_a_line_takes_its_bytes_one_after_the_other() -> None:
    line = Line(9600, 1000)
    assert line.duration(0) == 0
    assert line.duration(96) == 100
    assert [line.send(96, 0), line.send(96, 0), line.send(96, 150)] == [100, 200, 300]
    assert line.send(96, 1000) == 1100
    assert line.send(1, 1100) == 1102
    assert line.send(1, 1100) == 1103, "parts of milliseconds add up: 20.8 bits take 2.08 ms"
    with pytest.raises(LocalError):
        Line(0, 1000)


def test_a_line_loses_what_its_driver_cannot_keep() -> None:
    line = Line(9600, 96)
    assert [line.send(90, 0), line.send(90, 0), line.send(90, 50)] == [94, 100, 150]


def test_what_is_counted() -> None:
    module = up(9600)
    counters = module.counters
    assert (counters.frames_out, counters.frames_in, counters.round_trip_last) == (1, 1, 1000)
    report = frame.encode(commands.P0_UP, 7, b"\x04")
    module.receive(b"\x00" + report + report + report[:-1] + b"\x99", T)
    module.receive(frame.encode(commands.MCU_NOTICE, 3, b"\x02"), T)
    module.ask(commands.P0_DOWN, b"\x01\x00", now=T + 1_000)
    for _ in range(4):
        deadline = module.next_deadline()
        assert deadline is not None
        given_up = module.poll(deadline)
        if given_up:
            assert given_up == [GaveUp(1, commands.P0_DOWN)]
            break
    module.ask(commands.P0_DOWN, b"\x01\x00", now=T + 5_000)
    module.receive(frame.encode(commands.P0_DOWN_ACK, 2), T + 5_100)
    expected = Counters()
    expected.frames_in = 1 + 2 + 1 + 1
    expected.frames_out = 1 + 2 + 1 + 3 + 1
    expected.repeats = 1
    expected.notices_in = expected.notices_out = 1
    expected.bad_frames = 1
    expected.bad_bytes = 1 + len(report)
    expected.resyncs = 2
    expected.resends = 2
    expected.given_up = 1
    expected.measured(1000)
    expected.measured(100)
    assert counters == expected
    assert (counters.round_trip_last, counters.round_trip_min, counters.round_trip_max) == (100, 100, 1000)
    assert counters.round_trip_smoothed == 1000 - 900 // 8 - 1


def test_a_question_sent_twice_measures_nothing() -> None:
    module = up(9600)
    module.ask(commands.P0_DOWN, b"\x01\x00", now=T)
    module.poll(T + 1_000)
    module.receive(frame.encode(commands.P0_DOWN_ACK, 1), T + 1_001)
    assert module.counters.round_trip_last == 1000, "that of the device information"


def test_frames_that_find_no_room_are_counted() -> None:
    module = Session(MODULE, max_backlog=30)
    module.poll(0)
    for i in range(5):
        module.receive(frame.encode(commands.P0_UP, i, b"\x04"), 0)
    assert (module.counters.frames_out, module.counters.lost_frames) == (3, 3)
