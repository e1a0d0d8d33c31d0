"""A command that the program itself refuses: README 3.2."""

import pytest

from wxproto import commands, frame
from wxproto.commands import MODULE
from wxproto.errors import LocalError
from wxproto.session import Asked, Session


def test_a_refused_command_and_its_repeats_get_the_notice() -> None:
    module = Session(MODULE)
    module.poll(0)
    module.receive(frame.encode(commands.DEVICE_INFO, 0, bytes(66)), 0)
    module.data_to_send()
    ready = frame.encode(commands.DATA_READY, 34, b"\x00\x00\x00\x80", flags=1)
    (asked,) = module.receive(ready, 1)
    assert isinstance(asked, Asked)
    assert asked.wants_answer
    assert module.data_to_send() == b""
    module.refuse(asked, commands.ERROR_FILE_TYPE)
    notice = frame.encode(commands.MODULE_NOTICE, 34, b"\x04")
    assert module.data_to_send() == notice
    assert module.receive(ready, 200) == []
    assert module.data_to_send() == notice
    with pytest.raises(LocalError, match="acknowledged already"):
        module.refuse(asked, commands.ERROR_FILE_TYPE)
    with pytest.raises(LocalError, match="acknowledged already"):
        module.answer(asked)
