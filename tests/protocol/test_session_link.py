"""How two ends find, lose and find each other again: README 3.3."""

from session_ends import INFO, module_up, wait

from wxproto import commands, frame, link_state, meanings
from wxproto.commands import MCU, MODULE
from wxproto.events import LinkLost, LinkUp
from wxproto.session import Answered, Asked, GaveUp, Session


def test_a_question_to_a_missing_mcu_may_be_withdrawn() -> None:
    module = Session(MODULE)
    module.withdraw(module.ask(commands.P0_DOWN, b"\x02", now=0), 0)
    assert module.poll(0) == []


def test_the_module_asks_for_device_information_until_it_comes() -> None:
    module = Session(MODULE)
    sent = []
    for now in range(2000):
        assert module.poll(now) == []
        if module.data_to_send():
            sent.append(now)
    assert sent == list(range(0, 2000, wait(9, 128)))
    assert not module.up
    assert module.receive(frame.encode(commands.DEVICE_INFO, 1, INFO), 2000) == [
        Answered(0, commands.GET_DEVICE_INFO, 1, INFO),
        LinkUp(),
    ]
    assert module.up


def test_a_question_to_a_missing_mcu_is_given_up_unsent() -> None:
    module = Session(MODULE)
    module.poll(0)
    module.data_to_send()
    ticket = module.ask(commands.P0_DOWN, b"\x01\x00", now=1)
    assert module.next_deadline() == 0
    assert module.poll(1) == [GaveUp(ticket, commands.P0_DOWN)]
    assert module.data_to_send() == b""


def test_heartbeats_come_every_55_s_whatever_else_is_said() -> None:
    module = module_up()
    beats = []
    for now in range(0, 180_000, 100):
        if now % 7000 == 0:
            module.receive(frame.encode(commands.P0_UP, now // 7000, b"\x04\x00"), now)
        assert module.poll(now) == []
        for sent in frame.Decoder().feed(module.data_to_send()):
            assert isinstance(sent, frame.Frame)
            if sent.cmd == commands.HEARTBEAT:
                beats.append(now)
                module.receive(frame.encode(commands.HEARTBEAT_ACK, sent.sn), now)
    assert beats == [55_000, 110_000, 165_000]


def test_a_silent_mcu_is_lost_after_four_pings_and_found_again() -> None:
    module = module_up()
    pings = []
    lost_at = None
    now = 0
    while lost_at is None:
        deadline = module.next_deadline()
        assert deadline is not None
        now = deadline
        if len(pings) == 6:  # asked in doubt: waits behind the pings
            module.ask(commands.P0_DOWN, b"\x01\x00", now=now)
        events = module.poll(now)
        pings += [now for one in frame.Decoder().feed(module.data_to_send()) if one.cmd == commands.HEARTBEAT]
        if events:
            assert events == [LinkLost(), GaveUp(1, commands.P0_DOWN)]
            lost_at = now
    assert pings == [55_000 + wait(9) * i for i in range(12)]
    assert lost_at == 55_000 + 12 * wait(9)
    assert not module.up
    assert module.receive(frame.encode(commands.DEVICE_INFO, 6, INFO), now + 50) == [
        Answered(0, commands.GET_DEVICE_INFO, 6, INFO),
        LinkUp(),
    ]


def test_any_good_frame_begins_the_count_of_unanswered_pings_anew() -> None:
    module = module_up()
    for i in range(4):  # the first ping is given up, the second is under way
        assert module.poll(55_000 + i * wait(9)) == []
    now = 55_100 + 3 * wait(9)
    module.receive(frame.encode(commands.P0_UP, 0, b"\x04\x00"), now)
    events: list[object] = []
    while not events:
        deadline = module.next_deadline()
        assert deadline is not None
        now = deadline
        events += module.poll(now)
    assert events == [LinkLost()]
    assert now == 55_000 + (3 + 12) * wait(9)


def test_the_mcu_begins_only_after_its_device_information() -> None:
    mcu = Session(MCU)
    mcu.ask(commands.P0_UP, b"\x04\x00", now=0)
    assert mcu.data_to_send() == b""
    (asked,) = mcu.receive(frame.encode(commands.GET_DEVICE_INFO, 0), 10)
    assert isinstance(asked, Asked)
    mcu.answer(asked, INFO)
    assert mcu.next_deadline() == 0
    assert mcu.poll(10) == [LinkUp()]
    assert mcu.data_to_send() == frame.encode(commands.DEVICE_INFO, 0, INFO) + frame.encode(
        commands.P0_UP, 0, b"\x04\x00"
    )


def test_a_restarted_mcu_learns_from_any_command_that_the_module_knows_it() -> None:
    mcu = Session(MCU)
    assert mcu.receive(frame.encode(commands.HEARTBEAT, 9), 0) == [
        LinkUp(),
        Asked(commands.HEARTBEAT, 9, 0, b""),
    ]


def test_every_transition_starts_and_ends_in_a_state() -> None:
    for table in link_state.TRANSITIONS.values():
        states = {link_state.DOWN} | set(table.values())
        moves = {state | move for state in states for move in meanings.LINK_MOVES}
        assert states <= set(meanings.LINK_STATES)
        assert set(table) <= moves
