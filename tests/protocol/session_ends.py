"""Sessions whose link is up, for tests at exact times."""

from math import ceil

from wxproto import commands, frame
from wxproto.commands import MCU, MODULE
from wxproto.events import LinkUp
from wxproto.session import Answered, Asked, Session

INFO = bytes(66)


def wait(question: int, answer: int = 0) -> int:
    """Milliseconds at 9600 baud until a question of so many bytes is due again: until it has left, then 200
    and the time of the longest answer with so much payload, stuffed throughout."""
    return ceil(question / 0.96) + 200 + ceil((2 + 2 * (7 + answer)) / 0.96)


def module_up(now: int = 0, **limits: int) -> Session:
    """A module whose MCU has just given its device information; its next sn is 1."""
    module = Session(MODULE, **limits)
    module.poll(now)
    assert module.data_to_send() == frame.encode(commands.GET_DEVICE_INFO, 0)
    events = module.receive(frame.encode(commands.DEVICE_INFO, 0, INFO), now)
    assert events == [Answered(0, commands.GET_DEVICE_INFO, 0, INFO), LinkUp()]
    return module


def mcu_up(now: int = 0) -> Session:
    """An MCU that has just given its device information; its next sn is 0."""
    mcu = Session(MCU)
    (asked,) = mcu.receive(frame.encode(commands.GET_DEVICE_INFO, 0), now)
    assert isinstance(asked, Asked)
    assert asked.wants_answer
    mcu.answer(asked, INFO)
    assert mcu.data_to_send() == frame.encode(commands.DEVICE_INFO, 0, INFO)
    assert mcu.poll(now) == [LinkUp()]
    return mcu
