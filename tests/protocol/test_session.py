"""Questions, answers and repeats at exact times: README 3.3."""

import pytest
from session_ends import mcu_up, module_up, wait

from wxproto import commands, frame
from wxproto.commands import MCU, MODULE
from wxproto.errors import LocalError
from wxproto.session import Answered, Asked, GaveUp, Session


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


def test_what_is_not_fetched_is_bounded() -> None:
    module = module_up(max_backlog=100)
    for i in range(100):
        module.receive(frame.encode(commands.P0_UP, i, b"\x04"), i)
    assert 0 < len(module.data_to_send()) <= 100
    module.receive(frame.encode(commands.P0_UP, 200, b"\x04"), 200)
    assert module.data_to_send() == frame.encode(commands.P0_UP_ACK, 200)


@pytest.mark.parametrize(
    ("role", "cmd"),
    [(MODULE, 0x05), (MCU, 0x03), (MODULE, 0x11), (MCU, 0x12), (MODULE, 0x02), (MODULE, 0x75), (MODULE, -1)],
)
def test_what_a_role_cannot_ask(role: str, cmd: int) -> None:
    with pytest.raises(LocalError, match="cannot ask"):
        Session(role).ask(cmd, now=0)


def test_impossible_sessions() -> None:
    with pytest.raises(LocalError, match="role"):
        Session("phone")
    with pytest.raises(LocalError, match="at least 1"):
        Session(MODULE, sends=0)


def test_secrets_are_not_printed() -> None:
    assert "hunter2" not in repr(Answered(0, commands.GET_DEVICE_INFO, 0, b"hunter2"))
    assert "hunter2" not in repr(Asked(0x09, 0, 0, b"\x04hunter2"))
