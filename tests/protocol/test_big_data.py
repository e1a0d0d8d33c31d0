"""Big data: payloads and the two state machines, one step at a time (README 3.10)."""

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxproto import big_data, commands, data_receiver, data_sender
from wxproto.big_data import HEX_LINES, LAST_LINE, Announce, Piece, Ready
from wxproto.data_receiver import Receiver
from wxproto.data_sender import Sender
from wxproto.errors import LocalError, PeerError
from wxproto.events import Asked

IMAGE = bytes(range(256)) * 2 + b"tail"  # 516 bytes: three pieces of 256, 256, 4
MD5 = hashlib.md5(IMAGE, usedforsecurity=False).hexdigest()
TEXT = b":10010000214601360121470136007EFE09D2190140\r\n:00000001FF\r\n"
TEXT_MD5 = hashlib.md5(TEXT, usedforsecurity=False).hexdigest()

DIGEST = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("record", "flags", "payload"),
    [
        (Announce(300, DIGEST), None, "0000012C 0020" + DIGEST.encode().hex()),
        (Ready(DIGEST, 128), 0, "0020" + DIGEST.encode().hex() + "0080"),
        (Ready(DIGEST, 128, hex_lines=True), HEX_LINES, "0020" + DIGEST.encode().hex() + "0080"),
        (Ready(), 0, ""),
        (Piece(1, 3, b"\x00\xff"), 0, "0001 0003 00FF"),
        (Piece(3, 3, b"\x01"), 0, "0003 0003 01"),
        (Piece(7, 0, b":\r\n", hex_lines=True), HEX_LINES, "0007 0000 3A0D0A"),
        (Piece(8, 0, b":\r\n", hex_lines=True, last=True), HEX_LINES | LAST_LINE, "0008 0000 3A0D0A"),
    ],
)
def test_payloads(record: Announce | Ready | Piece, flags: int, payload: str) -> None:
    raw = bytes.fromhex(payload)
    assert record.encode() == raw
    if isinstance(record, Announce):
        assert Announce.decode(raw) == record
    else:
        assert record.flags == flags
        assert type(record).decode(flags, raw) == record


@pytest.mark.parametrize(
    ("flags", "payload"),
    [
        (0, "0001"),
        (0, "0001 0003"),
        (0, "0000 0003 01"),
        (0, "0004 0003 01"),
        (HEX_LINES, "0001 0000" + "3A" * 264),
    ],
)
def test_a_piece_that_cannot_be(flags: int, payload: str) -> None:
    with pytest.raises(PeerError):
        Piece.decode(flags, bytes.fromhex(payload))


def test_what_cannot_be_said() -> None:
    with pytest.raises(LocalError, match="at least one byte"):
        Piece(1, 1, b"").encode()
    with pytest.raises(LocalError, match="needs the md5"):
        Ready(None, 128).encode()
    with pytest.raises(LocalError, match="md5 of 65 bytes"):
        Announce(1, "0" * 65).encode()
    with pytest.raises(LocalError, match="cannot be announced"):
        Sender(0, MD5, read)
    with pytest.raises(LocalError, match="piece_bytes must be"):
        Receiver(Flash().write, 1000, piece_bytes=big_data.MAX_PIECE + 1)


@given(st.integers(0, 7), st.binary(max_size=80))
def test_any_bytes_give_a_record_or_a_peer_error(flags: int, payload: bytes) -> None:
    for decode in (Ready.decode, Piece.decode, lambda _, raw: Announce.decode(raw)):
        try:
            found = decode(flags, payload)
        except PeerError:
            continue
        assert found.encode() == payload[: len(found.encode())]


def read(offset: int, size: int) -> bytes:
    return IMAGE[offset : offset + size]


def asked(cmd: int, payload: bytes = b"", flags: int = 0) -> Asked:
    return Asked(cmd, 0, flags, payload)


class Flash:
    """Takes content in order, each byte once."""

    def __init__(self, have: bytes = b"") -> None:
        self.content = have
        self.writes = 0

    def write(self, offset: int, content: bytes) -> None:
        assert offset == len(self.content), "in order, without a gap, never twice"
        self.content += content
        self.writes += 1


def offered() -> Sender:
    sender = Sender(len(IMAGE), MD5, read)
    assert sender.question() is None
    sender.start()
    assert sender.question() == (commands.DATA_ANNOUNCE, Announce(len(IMAGE), MD5).encode(), 0)
    assert sender.question() is None
    sender.answered(0)
    assert sender.state == data_sender.OFFERED
    return sender


def ready(sender: Sender, **fields: Any) -> int | None:
    one = Ready(MD5, **fields)
    return sender.take(asked(commands.DATA_READY, one.encode(), one.flags), 10)


def pieces(sender: Sender) -> list[Piece]:
    """What a sender sends to a receiver that acknowledges everything."""
    found = []
    while (question := sender.question()) is not None:
        cmd, payload, flags = question
        assert cmd == commands.DATA_PIECE
        found.append(Piece.decode(flags, payload))
        sender.answered(20)
    return found


@pytest.mark.parametrize(("size", "count"), [(0, 3), (256, 3), (128, 5), (516, 1), (4092, 1), (1, 516)])
def test_pieces_of_the_size_that_the_receiver_asks(size: int, count: int) -> None:
    sender = offered()
    assert ready(sender, piece_bytes=size) is None
    found = pieces(sender)
    assert [(one.number, one.count) for one in found] == [(i + 1, count) for i in range(count)]
    assert b"".join(one.content for one in found) == IMAGE
    assert sender.state == data_sender.DONE
    assert sender.sent == len(IMAGE)
    assert sender.next_deadline() is None


def test_the_empty_form_of_ready() -> None:
    sender = offered()
    assert sender.take(asked(commands.DATA_READY), 0) is None
    assert len(pieces(sender)) == 3


def test_hex_lines_one_a_piece() -> None:
    sender = Sender(len(TEXT), TEXT_MD5, lambda offset, size: TEXT[offset : offset + size], hex_lines=True)
    sender.start()
    sender.question()
    sender.answered(0)
    one = Ready(TEXT_MD5, 128, hex_lines=True)
    assert sender.take(asked(commands.DATA_READY, one.encode(), one.flags), 0) is None
    found = pieces(sender)
    assert [one.content for one in found] == TEXT.splitlines(keepends=True)
    assert [(one.number, one.count, one.last) for one in found] == [(1, 0, False), (2, 0, True)]
    assert sender.state == data_sender.DONE


def test_a_text_with_an_endless_line_is_withdrawn() -> None:
    text = b":" + b"0" * 300 + b"\r\n"
    sender = Sender(len(text), TEXT_MD5, lambda offset, size: text[offset : offset + size], hex_lines=True)
    sender.start()
    sender.question()
    sender.answered(0)
    sender.take(asked(commands.DATA_READY, b"", HEX_LINES), 0)
    assert sender.question() == (commands.DATA_SENDER_CANCEL, b"", 0)
    assert sender.state == data_sender.STOPPED
    sender.answered(1)
    assert sender.question() is None


def test_what_a_sender_refuses() -> None:
    sender = offered()
    assert ready(sender, hex_lines=True) == commands.ERROR_FILE_TYPE
    assert ready(sender, piece_bytes=big_data.MAX_PIECE + 1) == commands.ERROR_OTHER
    assert sender.take(asked(commands.DATA_READY, b"\x00"), 0) == commands.ERROR_OTHER
    huge = Sender(65535 * 4, MD5, read)
    huge.start()
    assert ready(huge, piece_bytes=4) is None
    huge = Sender(65535 * 4 + 1, MD5, read)
    huge.start()
    assert ready(huge, piece_bytes=4) == commands.ERROR_OTHER
    assert sender.state == data_sender.OFFERED
    with pytest.raises(LocalError, match="not for the sender"):
        sender.take(asked(commands.DATA_PIECE), 0)


def test_readiness_for_another_file_is_acknowledged_and_nothing_follows() -> None:
    sender = offered()
    assert sender.take(asked(commands.DATA_READY, Ready(DIGEST, 128).encode()), 0) is None
    assert sender.question() is None
    assert sender.state == data_sender.OFFERED


def test_who_asks_again_gets_it_from_the_beginning() -> None:
    sender = offered()
    ready(sender)
    first = sender.question()
    sender.answered(0)
    second = sender.question()
    assert second is not None
    ready(sender)  # while the second piece is under way
    assert not sender.waiting, "it does not count any more"
    assert sender.question() == first
    sender.gave_up(0)
    assert sender.state == data_sender.OFFERED
    ready(sender)
    assert len(pieces(sender)) == 3
    ready(sender)  # the whole of it, once more
    assert len(pieces(sender)) == 3
    assert sender.state == data_sender.DONE


def test_a_receiver_that_is_silent_may_come_back_until_the_offer_ends() -> None:
    sender = offered()
    ready(sender)
    assert sender.question() is not None
    sender.gave_up(9_000)
    assert sender.next_deadline() == 69_000
    sender.poll(68_999)
    assert sender.question() is None
    sender.poll(69_000)
    assert (sender.state, sender.reason) == (data_sender.STOPPED, data_sender.LATE)
    assert sender.question() == (commands.DATA_SENDER_CANCEL, b"", 0)
    assert ready(sender) is None
    assert sender.question() is None


def test_a_receiver_that_came_back_hears_of_the_file_once_more() -> None:
    sender = offered()
    sender.start()
    assert sender.question() == (commands.DATA_ANNOUNCE, Announce(len(IMAGE), MD5).encode(), 0)
    ready(sender)
    sender.start()
    assert len(pieces(sender)) == 3, "a receiver that asked is not told again"
    assert sender.sent == sender.size


def test_a_file_that_nobody_hears_of_stops_at_once() -> None:
    sender = Sender(len(IMAGE), MD5, read)
    sender.start()
    sender.question()
    sender.gave_up(600)
    assert (sender.state, sender.reason) == (data_sender.STOPPED, data_sender.SILENT)
    assert sender.question() is None


@pytest.mark.parametrize("after", [0, 1, 3])
def test_the_receiver_cancels(after: int) -> None:
    sender = offered()
    ready(sender)
    for _ in range(after):
        assert sender.question() is not None
        sender.answered(0)
    assert sender.take(asked(commands.DATA_RECEIVER_CANCEL), 0) is None
    assert (sender.state, sender.reason) == (data_sender.STOPPED, data_sender.CANCELLED)
    assert sender.question() is None


def test_the_sender_cancels_while_a_piece_is_under_way() -> None:
    sender = offered()
    ready(sender)
    assert sender.question() is not None
    sender.cancel()
    assert sender.question() == (commands.DATA_SENDER_CANCEL, b"", 0)
    sender.answered(0)  # the piece
    sender.answered(0)  # the cancelling
    assert sender.question() is None
    assert (sender.state, sender.reason) == (data_sender.STOPPED, data_sender.WITHDRAWN)


def test_a_file_that_is_shorter_than_it_said() -> None:
    sender = Sender(600, MD5, read)
    sender.start()
    ready(sender, piece_bytes=600)
    with pytest.raises(LocalError, match="516 bytes instead of 600"):
        sender.question()


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


@pytest.mark.parametrize("machine", [data_sender, data_receiver])
def test_every_transition_leads_to_a_state_that_has_a_name(machine: Any) -> None:
    states = {value for value in vars(machine).values() if isinstance(value, str)}
    for (before, what), after in machine.TRANSITIONS.items():
        assert {before, what, after} <= states


COMMANDS = st.sampled_from([*data_sender.COMMANDS, *data_receiver.COMMANDS])


@given(st.lists(st.tuples(COMMANDS, st.integers(0, 3), st.binary(max_size=12)), max_size=30), st.booleans())
def test_any_commands_leave_a_receiver_in_a_state(said: list[tuple[int, int, bytes]], eager: bool) -> None:
    written = bytearray()

    def write(offset: int, content: bytes) -> None:
        assert offset == len(written) or not offset  # a new file begins anew
        del written[offset:]
        written.extend(content)

    receiver = Receiver(write, 100)
    for i, (cmd, flags, payload) in enumerate(said):
        if cmd not in data_receiver.COMMANDS:
            continue
        assert receiver.take(asked(cmd, payload, flags), i) in (None, commands.ERROR_OTHER)
        if eager and receiver.state == data_receiver.OFFERED:
            receiver.accept(i)
        receiver.question()
        assert len(written) <= 100
