"""What one end says of a frame that it cannot take, and does when the other says it: README 3.2."""

import pytest
from session_ends import mcu_up, module_up, wait

from wxproto import commands, frame
from wxproto.commands import MCU, MODULE
from wxproto.errors import LocalError
from wxproto.session import Asked, BadFrame, GaveUp, PeerNotice


def test_a_question_may_be_refused_instead_of_answered() -> None:
    mcu = mcu_up()
    read = frame.encode(commands.P0_DOWN, 3, b"\x02")
    notice = frame.encode(commands.MCU_NOTICE, 3, b"\x03")
    (asked,) = mcu.receive(read, 1)
    assert isinstance(asked, Asked)
    mcu.refuse(asked, commands.ERROR_OTHER)
    assert mcu.data_to_send() == notice
    with pytest.raises(LocalError, match="already"):
        mcu.refuse(asked, commands.ERROR_OTHER)


def test_what_was_refused_may_be_answered_when_it_is_repeated() -> None:
    mcu = mcu_up()
    read = frame.encode(commands.P0_DOWN, 3, b"\x02")
    (asked,) = mcu.receive(read, 1)
    assert isinstance(asked, Asked)
    mcu.refuse(asked, commands.ERROR_OTHER)
    mcu.data_to_send()
    (again,) = mcu.receive(read, 201)
    assert isinstance(again, Asked)
    mcu.answer(again, b"\x03")
    answer = mcu.data_to_send()
    assert mcu.receive(read, 401) == []
    assert mcu.data_to_send() == answer


def test_a_late_refusal_forgets_no_later_command() -> None:
    mcu = mcu_up()
    (asked,) = mcu.receive(frame.encode(commands.P0_DOWN, 3, b"\x02"), 1)
    control = frame.encode(commands.P0_DOWN, 4, b"\x01\x00")
    assert len(mcu.receive(control, 2)) == 1
    assert isinstance(asked, Asked)
    mcu.refuse(asked, commands.ERROR_OTHER)
    assert mcu.receive(control, 203) == []


@pytest.mark.parametrize("payload", [b"", b"\x04abcd"], ids=["empty", "sub-device without action"])
def test_p0_without_an_action_is_refused(payload: bytes) -> None:
    mcu = mcu_up()
    flags = commands.SUB_DEVICE if payload else 0
    assert mcu.receive(frame.encode(commands.P0_DOWN, 3, payload, flags), 1) == []
    assert mcu.data_to_send() == frame.encode(commands.MCU_NOTICE, 3, b"\x03")


def broken(wire: bytes) -> bytes:
    return wire[:-1] + bytes(((wire[-1] + 1) & 0xFF,))


@pytest.mark.parametrize(
    ("role", "wire", "notice"),
    [
        (MODULE, broken(frame.encode(0x05, 9, b"\x04\x00")), frame.encode(0x11, 9, b"\x01")),
        (MODULE, broken(frame.encode(0x21, 9, b"\x00")), frame.encode(0x11, 9, b"\x01")),
        (MODULE, broken(frame.encode(0x08, 9)), b""),
        (MODULE, broken(frame.encode(0x12, 9, b"\x01")), b""),
        (MODULE, frame.encode(0x75, 9), frame.encode(0x11, 9, b"\x02")),
        (MODULE, frame.encode(0x03, 9, b"\x02"), frame.encode(0x11, 9, b"\x02")),
        (MODULE, frame.encode(0x76, 9), b""),
        (MODULE, frame.encode(0x12, 9, b"\x02"), b""),
        (MODULE, frame.encode(0x11, 9, b"\x02"), b""),
        (MCU, broken(frame.encode(0x07, 9)), frame.encode(0x12, 9, b"\x01")),
        (MCU, broken(frame.encode(0x06, 9)), b""),
        (MCU, broken(frame.encode(0x11, 9, b"\x01")), b""),
        (MCU, frame.encode(0x75, 9), frame.encode(0x12, 9, b"\x02")),
        (MCU, frame.encode(0x05, 9, b"\x04"), frame.encode(0x12, 9, b"\x02")),
        (MCU, frame.encode(0x11, 9, b"\x02"), b""),
        (MCU, frame.encode(0x12, 9, b"\x02"), b""),
    ],
)
def test_error_notices(role: str, wire: bytes, notice: bytes) -> None:
    end = module_up() if role == MODULE else mcu_up()
    end.receive(wire, 1)
    assert end.data_to_send() == notice


def test_a_bad_frame_is_reported() -> None:
    assert module_up().receive(broken(frame.encode(5, 9, b"\x04")), 1) == [BadFrame(frame.CHECKSUM, 5, 9)]


def test_a_checksum_notice_repeats_the_question_at_once_but_never_more_than_allowed() -> None:
    module = module_up()
    module.ask(commands.P0_DOWN, b"\x01\x00", now=0)
    wire = module.data_to_send()
    notice = frame.encode(commands.MCU_NOTICE, 1, b"\x01")
    for now in (10, 20):
        assert module.receive(notice, now) == [PeerNotice(commands.ERROR_CHECKSUM, 1)]
        assert module.data_to_send() == wire
    assert module.receive(notice, 30) == [PeerNotice(commands.ERROR_CHECKSUM, 1)]
    assert module.data_to_send() == b""
    assert module.poll(20 + wait(11) - 1) == []
    assert module.poll(20 + wait(3 * 11)) == [GaveUp(1, commands.P0_DOWN)]


@pytest.mark.parametrize(("code", "sn"), [(1, 7), (2, 1)], ids=["of another frame", "unknown command"])
def test_other_notices_repeat_nothing(code: int, sn: int) -> None:
    module = module_up()
    module.ask(commands.P0_DOWN, b"\x01\x00", now=0)
    module.data_to_send()
    assert module.receive(frame.encode(commands.MCU_NOTICE, sn, bytes((code,))), 10) == [PeerNotice(code, sn)]
    assert module.data_to_send() == b""
