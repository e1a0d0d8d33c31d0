"""The table of commands: bits for a session, rows for people."""

import pytest

from wxproto import commands


def test_the_rows_say_what_the_bits_do() -> None:
    codes = [code for code, kind in enumerate(commands.KINDS) if kind]
    assert [row.code for row in commands.COMMANDS.values()] == list(commands.COMMANDS) == codes
    assert commands.COMMANDS[commands.P0_DOWN] == (
        commands.P0_DOWN,
        commands.MODULE,
        commands.P0_DOWN_ACK,
        commands.BY_ACTION,
        commands.SERVICE_MS,
    )
    piece = commands.COMMANDS[commands.DATA_PIECE]
    assert (piece.asker, piece.reply, piece.service_ms) == (commands.EITHER, commands.DONE, 3000)
    notice = commands.COMMANDS[commands.MCU_NOTICE]
    assert (notice.asker, notice.ack, notice.reply, notice.service_ms) == ("mcu", None, commands.NONE, 0)


def test_the_rows_are_made_once() -> None:
    assert commands.COMMANDS is commands.COMMANDS


def test_nothing_else_is_made() -> None:
    with pytest.raises(AttributeError, match="REPLIES"):
        getattr(commands, "REPLIES")  # noqa: B009 - a name that is not there
