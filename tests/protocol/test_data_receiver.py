"""The receiver of big data, one step at a time (README 3.10)."""

import hashlib
from typing import Any

import pytest
from big_data_files import DIGEST, IMAGE, MD5, TEXT, TEXT_MD5, Flash, asked
from hypothesis import given
from hypothesis import strategies as st

from wxproto import commands, data_receiver
from wxproto.big_data import HEX_LINES, Announce, Piece
from wxproto.data_receiver import Receiver
from wxproto.errors import LocalError


def waiting(flash: Flash, have: int = 0, **options: Any) -> Receiver:
    receiver = Receiver(flash.write, 10_000, new_digest=md5, **options)
    assert take(receiver, Announce(len(IMAGE), MD5)) is None
    assert receiver.state == data_receiver.OFFERED
    receiver.accept(0, have=have)
    question = receiver.question()
    assert question is not None
    assert question[0] == commands.DATA_READY
    assert receiver.question() is None
    receiver.answered(5)
    return receiver


def md5() -> Any:
    return hashlib.md5(usedforsecurity=False)


def take(receiver: Receiver, one: Announce | Piece, now: int = 10) -> int | None:
    cmd = commands.DATA_ANNOUNCE if isinstance(one, Announce) else commands.DATA_PIECE
    return receiver.take(asked(cmd, one.encode(), 0 if isinstance(one, Announce) else one.flags), now)


PIECES = [Piece(i + 1, 3, IMAGE[i * 256 : i * 256 + 256]) for i in range(3)]


def test_a_file_arrives() -> None:
    flash = Flash()
    receiver = waiting(flash)
    for one in PIECES:
        assert take(receiver, one) is None
    assert receiver.state == data_receiver.DONE
    assert flash.content == IMAGE
    assert receiver.question() is None
    assert receiver.next_deadline() is None
    assert take(receiver, PIECES[2]) is None  # its ack was lost
    assert flash.writes == 3


def test_hex_lines_arrive() -> None:
    flash = Flash()
    receiver = Receiver(flash.write, 10_000, new_digest=md5, hex_lines=True)
    take(receiver, Announce(len(TEXT), TEXT_MD5))
    receiver.accept(0)
    question = receiver.question()
    assert question is not None
    assert question[2] == HEX_LINES
    for i, line in enumerate(TEXT.splitlines(keepends=True)):
        assert take(receiver, Piece(i + 1, 0, line, hex_lines=True, last=i == 1)) is None
    assert receiver.state == data_receiver.DONE
    assert flash.content == TEXT


def test_the_bare_question() -> None:
    receiver = Receiver(Flash().write, 10_000, bare=True)
    take(receiver, Announce(len(IMAGE), MD5))
    receiver.accept(0)
    assert receiver.question() == (commands.DATA_READY, b"", 0)


def test_a_repeated_piece_is_acknowledged_and_not_written_again() -> None:
    flash = Flash()
    receiver = waiting(flash)
    for one in (PIECES[0], PIECES[0], PIECES[1], PIECES[1], PIECES[2]):
        assert take(receiver, one) is None
    assert receiver.state == data_receiver.DONE
    assert flash.writes == 3


def test_a_gap_cancels() -> None:
    receiver = waiting(Flash())
    take(receiver, PIECES[0])
    assert take(receiver, PIECES[2]) is None
    assert (receiver.state, receiver.reason) == (data_receiver.STOPPED, data_receiver.MISSING)
    assert receiver.question() == (commands.DATA_RECEIVER_CANCEL, b"", 0)
    assert receiver.question() is None
    assert take(receiver, PIECES[1]) == commands.ERROR_OTHER


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        (Piece(3, 3, b"TAIL"), data_receiver.WRONG_DIGEST),
        (Piece(3, 3, b"tai"), data_receiver.WRONG_SIZE),
        (Piece(3, 3, b"tails"), data_receiver.WRONG_SIZE),
        (Piece(3, 4, b"tails"), data_receiver.WRONG_SIZE),
    ],
)
def test_a_file_that_is_not_the_announced_one(last: Piece, reason: str) -> None:
    receiver = waiting(Flash())
    for one in (*PIECES[:2], last):
        take(receiver, one)
    assert (receiver.state, receiver.reason, receiver.have) == (data_receiver.STOPPED, reason, 0)
    assert receiver.question() == (commands.DATA_RECEIVER_CANCEL, b"", 0)


@pytest.mark.parametrize(("have", "size"), [(-1, 516), (517, 516), (0, 10_001)])
def test_what_cannot_be_written_already(have: int, size: int) -> None:
    receiver = Receiver(Flash().write, 10_000)
    with pytest.raises(LocalError, match="bytes written of"):
        receiver.accept(0, have=have, announced=Announce(size, MD5))
    assert receiver.state == data_receiver.IDLE


@pytest.mark.parametrize("size", [0, 10_001])
def test_a_file_without_room_is_refused(size: int) -> None:
    receiver = Receiver(Flash().write, 10_000)
    assert take(receiver, Announce(size, MD5)) is None
    assert (receiver.state, receiver.reason) == (data_receiver.STOPPED, data_receiver.WRONG_SIZE)
    assert receiver.question() == (commands.DATA_RECEIVER_CANCEL, b"", 0)
    with pytest.raises(LocalError, match="no file to accept"):
        receiver.accept(0)


def test_a_quiet_sender_is_asked_three_times_15_s_apart() -> None:
    receiver = waiting(Flash())
    times = []
    while receiver.state == data_receiver.WAITING:
        deadline = receiver.next_deadline()
        assert deadline is not None
        receiver.poll(deadline - 1)
        assert receiver.question() is None
        receiver.poll(deadline)
        question = receiver.question()
        assert question is not None
        times.append((deadline, question[0]))
        receiver.gave_up(deadline + 600)
    assert times == [
        (15_005, commands.DATA_READY),
        (30_005, commands.DATA_READY),
        (45_005, commands.DATA_RECEIVER_CANCEL),
    ]
    assert receiver.reason == data_receiver.GONE


def test_a_late_piece_of_the_run_goes_on_with_it() -> None:
    flash = Flash()
    receiver = waiting(flash)
    take(receiver, PIECES[0])
    receiver.poll(15_010)
    assert receiver.state == data_receiver.WAITING
    take(receiver, PIECES[1], 15_020)
    assert receiver.state == data_receiver.RECEIVING
    assert receiver.question() is None
    take(receiver, PIECES[2], 15_030)
    assert receiver.state == data_receiver.DONE


def test_a_piece_of_an_unknown_run_counts_as_written_only_for_a_sender_that_begins_anew() -> None:
    receiver = Receiver(Flash().write, 10_000)
    receiver.accept(0, announced=Announce(len(IMAGE), MD5))
    assert receiver.question() is not None
    assert take(receiver, PIECES[1]) == commands.ERROR_OTHER
    receiver.answered(20)
    assert take(receiver, PIECES[1]) is None
    assert (receiver.state, receiver.have) == (data_receiver.WAITING, 0)


def test_a_sender_that_never_gets_further_is_left() -> None:
    receiver = waiting(Flash())
    take(receiver, PIECES[0])
    asks = 0
    while receiver.state != data_receiver.STOPPED:
        deadline = receiver.next_deadline()
        assert deadline is not None
        receiver.poll(deadline)
        asks += 1
        take(receiver, PIECES[0], deadline + 1)
    assert asks == data_receiver.ASKS + 1
    assert receiver.reason == data_receiver.GONE
    assert receiver.next_deadline() is None


def test_what_is_written_is_not_written_again_when_it_asks_anew() -> None:
    flash = Flash()
    receiver = waiting(flash)
    take(receiver, PIECES[0])
    take(receiver, PIECES[1], now=100)
    receiver.poll(15_100)
    assert receiver.state == data_receiver.WAITING
    assert receiver.question() is not None
    for one in PIECES:
        assert take(receiver, one, 15_300) is None
    assert receiver.state == data_receiver.DONE
    assert flash.content == IMAGE
    assert flash.writes == 3


@pytest.mark.parametrize("piece_bytes", [100, 256, 300])
def test_a_restarted_receiver_goes_on_with_what_it_has(piece_bytes: int) -> None:
    """The pieces of the second run need not end where those of the first did."""
    flash = Flash(IMAGE[:256])
    receiver = Receiver(flash.write, 10_000, piece_bytes=piece_bytes, new_digest=md5)
    receiver.accept(0, have=256, announced=Announce(len(IMAGE), MD5))
    assert receiver.question() is not None
    count = -(-len(IMAGE) // piece_bytes)
    for i in range(count):
        take(receiver, Piece(i + 1, count, IMAGE[i * piece_bytes : (i + 1) * piece_bytes]))
    assert receiver.state == data_receiver.DONE
    assert flash.content == IMAGE


def test_a_sender_that_begins_anew_by_itself() -> None:
    flash = Flash()
    receiver = waiting(flash)
    for one in (*PIECES[:2], *PIECES):
        assert take(receiver, one) is None
    assert receiver.state == data_receiver.DONE
    assert flash.content == IMAGE


def test_an_announcement_in_between_begins_anew_and_keeps_what_fits() -> None:
    flash = Flash()
    receiver = waiting(flash)
    take(receiver, PIECES[0])
    take(receiver, Announce(len(IMAGE), MD5))
    assert (receiver.state, receiver.have) == (data_receiver.OFFERED, 256)
    assert receiver.next_deadline() is None
    take(receiver, Announce(len(IMAGE), DIGEST))
    assert (receiver.state, receiver.have) == (data_receiver.OFFERED, 0)


def test_cancelling() -> None:
    receiver = waiting(Flash())
    receiver.cancel()
    assert receiver.question() == (commands.DATA_RECEIVER_CANCEL, b"", 0)
    assert receiver.reason == data_receiver.REFUSED
    receiver = waiting(Flash())
    assert receiver.take(asked(commands.DATA_SENDER_CANCEL), 0) is None
    assert (receiver.state, receiver.reason) == (data_receiver.STOPPED, data_receiver.CANCELLED)
    assert receiver.question() is None
    assert receiver.next_deadline() is None


def test_pieces_that_nobody_asked_for_are_refused() -> None:
    receiver = Receiver(Flash().write, 10_000)
    assert take(receiver, PIECES[0]) == commands.ERROR_OTHER
    take(receiver, Announce(len(IMAGE), MD5))
    assert take(receiver, PIECES[0]) == commands.ERROR_OTHER
    assert receiver.take(asked(commands.DATA_ANNOUNCE, b"\x00"), 0) == commands.ERROR_OTHER
    with pytest.raises(LocalError, match="not for the receiver"):
        receiver.take(asked(commands.DATA_READY), 0)


COMMANDS = st.sampled_from(data_receiver.COMMANDS)


@given(st.lists(st.tuples(COMMANDS, st.integers(0, 3), st.binary(max_size=12)), max_size=30), st.booleans())
def test_any_commands_leave_a_receiver_in_a_state(said: list[tuple[int, int, bytes]], eager: bool) -> None:
    written = bytearray()

    def write(offset: int, content: bytes) -> None:
        assert offset == len(written) or not offset  # a new file begins anew
        del written[offset:]
        written.extend(content)

    receiver = Receiver(write, 100)
    for i, (cmd, flags, payload) in enumerate(said):
        assert receiver.take(asked(cmd, payload, flags), i) in (None, commands.ERROR_OTHER)
        if eager and receiver.state == data_receiver.OFFERED:
            receiver.accept(i)
        receiver.question()
        assert len(written) <= 100
