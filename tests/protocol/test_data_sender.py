"""The sender of big data, one step at a time (README 3.10)."""

from typing import Any

import pytest
from big_data_files import DIGEST, IMAGE, MD5, TEXT, TEXT_MD5, asked, read

from wxproto import big_data, commands, data_sender
from wxproto.big_data import HEX_LINES, Announce, Piece, Ready
from wxproto.data_sender import Sender
from wxproto.errors import LocalError


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
