"""One end of the serial link at exact times: README 3.2 and 3.3."""

from math import ceil

import pytest

from wxproto import commands, frame, link_state
from wxproto.commands import MCU, MODULE
from wxproto.errors import LocalError
from wxproto.events import LinkLost, LinkUp
from wxproto.session import Answered, Asked, BadFrame, GaveUp, PeerNotice, Session

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


def test_a_question_is_sent_three_times_and_then_given_up() -> None:
    """At a million baud a frame and its ack take 1 ms each: what counts is the 200 ms of the documents."""
    module = module_up(baud=1_000_000)
    ticket = module.ask(commands.P0_DOWN, b"\x01\x00", now=1000)
    wire = frame.encode(commands.P0_DOWN, 1, b"\x01\x00")
    assert module.data_to_send() == wire
    seen: list[tuple[int, object]] = []
    for now in range(1001, 2000):
        seen += [(now, event) for event in module.poll(now)]
        sent = module.data_to_send()
        if sent:
            assert sent == wire
            seen.append((now, "sent"))
    assert seen == [(1202, "sent"), (1404, "sent"), (1606, GaveUp(ticket, commands.P0_DOWN))]


def test_next_deadline_names_the_time_of_the_next_step() -> None:
    module = Session(MODULE)
    assert module.next_deadline() == 0
    module.poll(5000)
    assert module.next_deadline() == 5000 + wait(9, 128)
    module = module_up(5000)
    assert module.next_deadline() == 60_000
    module.ask(commands.P0_DOWN, b"\x01\x00", now=7000)
    assert module.next_deadline() == 7000 + wait(11)
    assert Session(MCU).next_deadline() is None


def test_one_question_is_outstanding_and_the_others_keep_their_order() -> None:
    module = module_up()
    tickets = [module.ask(commands.P0_DOWN, bytes((1, i)), now=0) for i in range(3)]
    for i, ticket in enumerate(tickets):
        assert module.data_to_send() == frame.encode(commands.P0_DOWN, i + 1, bytes((1, i)))
        ack = frame.encode(commands.P0_DOWN_ACK, i + 1)
        assert module.receive(ack, 10) == [Answered(ticket, commands.P0_DOWN, i + 1, b"")]
    assert module.data_to_send() == b""


def test_the_queue_is_bounded() -> None:
    module = module_up(max_queue=2)
    for _ in range(3):  # one goes out, two wait
        module.ask(commands.P0_DOWN, b"\x02", now=0)
    with pytest.raises(LocalError, match="2 questions wait"):
        module.ask(commands.P0_DOWN, b"\x02", now=0)


@pytest.mark.parametrize(
    ("cmd", "sn"),
    [(commands.HEARTBEAT_ACK, 1), (commands.P0_DOWN_ACK, 2)],
    ids=["of another command", "with another sn"],
)
def test_a_stray_acknowledgement_answers_nothing(cmd: int, sn: int) -> None:
    module = module_up()
    ticket = module.ask(commands.P0_DOWN, b"\x02", now=0)
    module.data_to_send()
    assert module.receive(frame.encode(cmd, sn), 5) == []
    assert module.receive(frame.encode(commands.P0_DOWN_ACK, 1, b"\x03"), 5) == [
        Answered(ticket, commands.P0_DOWN, 1, b"\x03")
    ]
    assert module.receive(frame.encode(commands.P0_DOWN_ACK, 1, b"\x03"), 6) == []


def test_commands_of_the_peer_are_acknowledged_while_a_question_waits() -> None:
    module = module_up()
    ticket = module.ask(commands.P0_DOWN, b"\x01\x00", now=0)
    module.data_to_send()
    events = module.receive(frame.encode(commands.P0_UP, 9, b"\x04\x00"), 10)
    assert events == [Asked(commands.P0_UP, 9, 0, b"\x04\x00")]
    assert module.data_to_send() == frame.encode(commands.P0_UP_ACK, 9)
    assert module.receive(frame.encode(commands.P0_DOWN_ACK, 1), 20) == [
        Answered(ticket, commands.P0_DOWN, 1, b"")
    ]


@pytest.mark.parametrize(
    ("cmd", "payload", "ack"),
    [
        (commands.P0_DOWN, b"\x01\x00\x00", commands.P0_DOWN_ACK),
        (commands.P0_DOWN, b"\x11\x00\x00", commands.P0_DOWN_ACK),
        (commands.P0_DOWN, b"\x05any", commands.P0_DOWN_ACK),
        (commands.HEARTBEAT, b"", commands.HEARTBEAT_ACK),
        (commands.MODULE_STATUS, b"\x00\x32", commands.MODULE_STATUS_ACK),
        (commands.RESTART_MCU, b"", commands.RESTART_MCU_ACK),
    ],
)
def test_short_acknowledgements_of_the_mcu(cmd: int, payload: bytes, ack: int) -> None:
    mcu = mcu_up()
    (asked,) = mcu.receive(frame.encode(cmd, 77, payload), 1)
    assert asked == Asked(cmd, 77, 0, payload)
    assert mcu.data_to_send() == frame.encode(ack, 77)
    assert isinstance(asked, Asked)
    with pytest.raises(LocalError, match="already"):
        mcu.answer(asked)


@pytest.mark.parametrize("read", [b"\x02", b"\x12\xff\xff"], ids=["fixed", "variable"])
def test_a_read_waits_for_its_answer_which_is_given_once(read: bytes) -> None:
    mcu = mcu_up()
    (asked,) = mcu.receive(frame.encode(commands.P0_DOWN, 3, read), 1)
    assert mcu.data_to_send() == b""
    assert isinstance(asked, Asked)
    mcu.answer(asked, b"\x03\x01")
    assert mcu.data_to_send() == frame.encode(commands.P0_DOWN_ACK, 3, b"\x03\x01")
    with pytest.raises(LocalError, match="already"):
        mcu.answer(asked, b"\x03\x01")


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


def test_a_question_may_be_withdrawn_while_it_waits_and_while_it_is_under_way() -> None:
    module = module_up()
    one, two, three = (module.ask(commands.P0_DOWN, bytes((1, i)), now=0) for i in range(3))
    sent = frame.Decoder().feed(module.data_to_send())[0]
    assert isinstance(sent, frame.Frame)
    module.withdraw(two, 1)
    assert module.data_to_send() == b""
    module.withdraw(one, 2)
    (following,) = frame.Decoder().feed(module.data_to_send())
    assert isinstance(following, frame.Frame)
    assert following.payload == b"\x01\x02"
    assert module.receive(frame.encode(commands.P0_DOWN_ACK, sent.sn), 3) == [], "nobody asks any more"
    assert module.receive(frame.encode(commands.P0_DOWN_ACK, following.sn), 4) == [
        Answered(three, commands.P0_DOWN, following.sn, b"")
    ]
    module.withdraw(three, 5)


def test_a_question_to_a_missing_mcu_may_be_withdrawn() -> None:
    module = Session(MODULE)
    module.withdraw(module.ask(commands.P0_DOWN, b"\x02", now=0), 0)
    assert module.poll(0) == []


def test_the_acknowledgement_of_a_sub_device_repeats_flag_and_did() -> None:
    mcu = mcu_up()
    did = b"\x04abcd"
    control = frame.encode(commands.P0_DOWN, 3, did + b"\x01\x00", commands.SUB_DEVICE)
    assert len(mcu.receive(control, 1)) == 1
    assert mcu.data_to_send() == frame.encode(commands.P0_DOWN_ACK, 3, did, commands.SUB_DEVICE)
    (asked,) = mcu.receive(frame.encode(commands.P0_DOWN, 4, did + b"\x02", commands.SUB_DEVICE), 2)
    assert isinstance(asked, Asked)
    mcu.answer(asked, did + b"\x03\x00")
    assert mcu.data_to_send() == frame.encode(commands.P0_DOWN_ACK, 4, did + b"\x03\x00", commands.SUB_DEVICE)


@pytest.mark.parametrize("payload", [b"", b"\x04abcd"], ids=["empty", "sub-device without action"])
def test_p0_without_an_action_is_refused(payload: bytes) -> None:
    mcu = mcu_up()
    flags = commands.SUB_DEVICE if payload else 0
    assert mcu.receive(frame.encode(commands.P0_DOWN, 3, payload, flags), 1) == []
    assert mcu.data_to_send() == frame.encode(commands.MCU_NOTICE, 3, b"\x03")


def test_a_repeated_command_is_acknowledged_again_and_delivered_once() -> None:
    module = module_up()
    report = frame.encode(commands.P0_UP, 5, b"\x04\x00")
    assert len(module.receive(report, 0)) == 1
    module.data_to_send()
    for now in (200, 400, 3400):
        assert module.receive(report, now) == []
        assert module.data_to_send() == frame.encode(commands.P0_UP_ACK, 5)


@pytest.mark.parametrize(
    ("role", "command"),
    [
        (MODULE, frame.encode(commands.DATA_ANNOUNCE, 5, bytes(6))),
        (MCU, frame.encode(commands.DATA_ANNOUNCE, 5, bytes(6))),
        (MCU, frame.encode(commands.P0_DOWN, 5, b"\x01\x00")),
    ],
    ids=["big data up", "big data down", "a control"],
)
def test_only_commands_of_an_mcu_alone_are_known_again_for_seconds(role: str, command: bytes) -> None:
    """Others are repeated three times within their time-outs; later it is an end that was restarted."""
    end = module_up() if role == MODULE else mcu_up()
    assert len(end.receive(command, 0)) == 1
    assert end.receive(command, 600) == []
    assert len(end.receive(command, 1500)) == 1


def test_an_equal_sn_is_a_new_command_when_anything_else_differs() -> None:
    module = module_up()
    for payload, now in ((b"\x04\x00", 0), (b"\x04\x01", 1), (b"\x04\x00", 2), (b"\x04\x00", 4000)):
        assert module.receive(frame.encode(commands.P0_UP, 5, payload), now) == [
            Asked(commands.P0_UP, 5, 0, payload)
        ]


def test_a_repeated_read_gets_the_same_answer_again() -> None:
    mcu = mcu_up()
    read = frame.encode(commands.P0_DOWN, 3, b"\x02")
    (asked,) = mcu.receive(read, 1)
    assert mcu.receive(read, 201) == []
    assert mcu.data_to_send() == b""
    assert isinstance(asked, Asked)
    mcu.answer(asked, b"\x03\x01")
    answer = mcu.data_to_send()
    assert mcu.receive(read, 401) == []
    assert mcu.data_to_send() == answer


def test_sn_wraps_at_255() -> None:
    module = module_up()
    numbers = []
    for _ in range(300):
        module.ask(commands.P0_DOWN, b"\x01\x00", now=0)
        (asked,) = frame.Decoder().feed(module.data_to_send())
        assert isinstance(asked, frame.Frame)
        numbers.append(asked.sn)
        module.receive(frame.encode(commands.P0_DOWN_ACK, asked.sn), 0)
    assert numbers == [(i + 1) % 256 for i in range(300)]


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


def test_what_is_not_fetched_is_bounded() -> None:
    module = module_up(max_backlog=100)
    for i in range(100):
        module.receive(frame.encode(commands.P0_UP, i, b"\x04"), i)
    assert 0 < len(module.data_to_send()) <= 100
    module.receive(frame.encode(commands.P0_UP, 200, b"\x04"), 200)
    assert module.data_to_send() == frame.encode(commands.P0_UP_ACK, 200)


@pytest.mark.parametrize(
    ("role", "cmd"),
    [(MODULE, 0x05), (MCU, 0x03), (MODULE, 0x11), (MCU, 0x12), (MODULE, 0x02), (MODULE, 0x75)],
)
def test_what_a_role_cannot_ask(role: str, cmd: int) -> None:
    with pytest.raises(LocalError, match="cannot ask"):
        Session(role).ask(cmd, now=0)


def test_impossible_sessions() -> None:
    with pytest.raises(LocalError, match="role"):
        Session("phone")
    with pytest.raises(LocalError, match="at least 1"):
        Session(MODULE, sends=0)


def test_every_transition_starts_and_ends_in_a_state() -> None:
    for table in link_state.TRANSITIONS.values():
        states = {link_state.DOWN} | set(table.values())
        assert {state for state, _ in table} <= states


def test_secrets_are_not_printed() -> None:
    assert "hunter2" not in repr(Answered(0, commands.GET_DEVICE_INFO, 0, b"hunter2"))
    assert "hunter2" not in repr(Asked(0x09, 0, 0, b"\x04hunter2"))
