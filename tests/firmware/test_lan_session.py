"""One LAN client's session on CPython: what goes out for what comes in, byte by byte (app-api 5)."""

import random
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from module import lan_session, version
from module.lan_session import IDLE_MS, SOFT_AP_IDLE_MS, STRANGER_BODY, LanSession, announcement
from wxproto import commands, envelope
from wxproto.actions import MODULE_P0
from wxproto.device_info import DeviceInfo

KEY = "2d3d954d9bb741b4a19ba1153104932b"
INFO = DeviceInfo(product_key=KEY, hardware_version="00000001", software_version="00000302")
SETTINGS = SimpleNamespace(
    passcode="IPQRSTUVWX", product_key=KEY, did="CFqpJTSymCE9PLlp1DpbhY", mac="483fda87dc47"
)
BINDABLE = commands.STATUS_BINDING | commands.STATUS_STATION

# Requests and answers as public notes on this protocol have them, with their passcode.
LOGIN = bytes.fromhex("000000030f000008000a49505152535455565758")
LOGIN_OK = bytes.fromhex("000000030400000900")
LOGIN_WRONG = bytes.fromhex("000000030400000901")
ASK_PASSCODE = bytes.fromhex("0000000303000006")
TELL_PASSCODE = bytes.fromhex("000000030f000007000a49505152535455565758")
PING = bytes.fromhex("0000000303000015")
PONG = bytes.fromhex("0000000303000016")
READ = bytes.fromhex("000000030400009002")
SCAN = bytes.fromhex("000000030300000c")


def client(word: int = BINDABLE, info: DeviceInfo | None = INFO) -> LanSession:
    return LanSession(SETTINGS, SimpleNamespace(word=word), lambda: info, 0)


def logged_in() -> LanSession:
    session = client()
    assert session.receive(LOGIN) == []
    assert taken(session) == LOGIN_OK
    return session


def taken(session: LanSession) -> bytes:
    """What the session wants to send; it is taken away."""
    data: bytes = session.unsent
    session.unsent = b""
    return data


def test_an_app_asks_for_the_passcode_logs_in_pings_and_reads():
    session = client()
    assert session.receive(ASK_PASSCODE) == []
    assert taken(session) == TELL_PASSCODE
    assert session.receive(LOGIN) == []
    assert taken(session) == LOGIN_OK
    assert session.receive(PING + READ + PING) == [(0x90, READ)]
    assert taken(session) == PONG + PONG
    session.send(envelope.REPORT, b"\x03\x07")
    assert taken(session).hex() == "00000003050000910307"
    assert session.ended is None


def test_a_request_comes_out_whole_and_is_answered_with_its_sn():
    session = logged_in()
    request = bytes.fromhex("000000030800009300000005") + b"\x02"
    assert session.receive(request) == [(0x93, request)]
    session.send(envelope.ANSWER, b"\x03\x07", 5)
    assert taken(session).hex() == "00000003090000940000000503" + "07"


@pytest.mark.parametrize("length", [b"\x03", b"\x83\x00", b"\x83\x80\x00", b"\x83\x80\x80\x00"])
def test_the_length_may_take_one_to_four_bytes(length: bytes):
    session = logged_in()
    session.receive(PING[:4] + length + PING[5:])
    assert taken(session) == PONG


@pytest.mark.parametrize("wrong", [b"IPQRSTUVWY", b"IPQRSTUVW", b"IPQRSTUVWXX", b"", b"\0" * 10])
def test_a_wrong_passcode_is_answered_later_and_ends_the_client(wrong: bytes):
    session = client()
    login = envelope.encode(lan_session.LOGIN, len(wrong).to_bytes(2) + wrong)
    assert session.receive(login + PING + READ) == []
    assert taken(session) == LOGIN_WRONG
    assert (session.ended, session.hold_ms, session.logged_in) == ("wrong passcode", 1000, False)


@pytest.mark.parametrize("body", [b"", b"\x00", b"\x00\x0a", b"\xff\xffIPQRSTUVWXY", b"\x00\x0aIPQRSTUVW"])
def test_a_login_whose_length_is_wrong_is_a_wrong_passcode(body: bytes):
    session = client()
    session.receive(envelope.encode(lan_session.LOGIN, body))
    assert taken(session) == LOGIN_WRONG


def test_a_second_login_with_a_wrong_passcode_ends_the_first():
    session = logged_in()
    session.receive(LOGIN + LOGIN[:-1] + b"Y")
    assert taken(session) == LOGIN_OK + LOGIN_WRONG
    assert not session.logged_in


def test_outside_the_binding_window_the_passcode_is_not_told():
    session = client(word=commands.STATUS_STATION)
    assert session.receive(ASK_PASSCODE + LOGIN) == []
    assert taken(session).hex() == "00000003050000070000"
    assert "binding window" in session.ended


@pytest.mark.parametrize("cmd", [0x15, 0x90, 0x93, 0x94, 0x91, 0x62, 0xFFFF])
def test_what_needs_a_login_ends_a_stranger(cmd: int):
    session = client()
    data = envelope.encode(cmd, b"\x02", 1 if cmd in envelope.NUMBERED else None)
    assert session.receive(data + LOGIN) == []
    assert session.ended == f"command {cmd:04X} before login"
    assert session.unsent == b""


@pytest.mark.parametrize("cmd", [0x0001, 0x0007, 0x0009, 0x0062, 0x0091, 0x1234])
def test_what_makes_no_sense_after_login_is_ignored(cmd: int):
    session = logged_in()
    assert session.receive(envelope.encode(cmd, b"abc") + PING) == []
    assert taken(session) == PONG


@pytest.mark.parametrize(
    "junk", [b"GET / HTTP/1.1\r\n", b"\0\0\0\x04", PING[:4] + b"\xff\xff\xff\xff", PING[:4] + b"\x02\0\0"]
)
def test_what_is_no_frame_ends_the_client(junk: bytes):
    session = logged_in()
    assert session.receive(READ + junk + READ) == [(0x90, READ)], "what came before it counts"
    assert "envelope" in session.ended


def test_a_stranger_cannot_make_the_module_hold_more_than_a_login():
    long = envelope.encode(lan_session.LOGIN, bytes(STRANGER_BODY + 5))
    session = client()
    session.receive(long[:6])
    assert "at most" in session.ended
    session = logged_in()
    control = envelope.encode(envelope.NOTIFY, bytes(MODULE_P0))
    assert session.receive(control) == [(0x90, control)]
    session.receive(envelope.encode(envelope.NOTIFY, bytes(MODULE_P0 + 5))[:8])
    assert "at most" in session.ended


def test_versions_are_told_before_login_with_their_real_length():
    session = client()
    session.receive(envelope.encode(lan_session.INFO, b""))
    told = taken(session)
    assert told[4] == 0x57 == len(told) - 5
    texts = [version.HARDWARE, version.SOFTWARE, "00000001", "00000302", INFO.p0_version]
    assert told[8:] == "".join(texts).encode() + bytes(10) + b"\x00\x20" + KEY.encode()
    session = client(info=None)
    session.receive(envelope.encode(lan_session.INFO, b""))
    assert taken(session)[24:48] == bytes(24), "an MCU that is silent has no versions"


def test_the_list_of_networks_is_told_once():
    session = client()
    assert session.receive(SCAN) == [(lan_session.NETWORKS, SCAN)]
    session.send_networks([("家".encode(), -50, True), (b"\xc4\xe3", -75, False), (b"far", -120, True)])
    assert taken(session)[7:].hex() == "0d" + "0003e5aeb664" + "0002c4e332" + "000366617200"
    assert session.ended
    session = client()
    session.send_networks([])
    assert taken(session).hex() == "000000030300000d"
    session = client()
    session.send_networks([(b"x" * 32, -60, True)] * 100)
    assert len(taken(session)) == 4 + 2 + 3 + 32 * 35


def test_the_end_of_a_test_is_handed_out():
    assert client().receive(PING[:7] + b"\x17") == [(0x17, PING[:7] + b"\x17")]


def test_idle_time_counts_from_the_last_sign_of_an_app_and_from_the_coming_of_a_stranger():
    word = SimpleNamespace(word=BINDABLE)
    session = LanSession(SETTINGS, word, lambda: INFO, 1000)
    session.touch(5000)
    assert not session.overdue(1000 + IDLE_MS)
    assert session.overdue(1001 + IDLE_MS)
    word.word = BINDABLE | commands.STATUS_SOFTAP
    assert not session.overdue(1000 + SOFT_AP_IDLE_MS)
    assert session.overdue(1001 + SOFT_AP_IDLE_MS)
    word.word = BINDABLE
    session.receive(LOGIN)
    session.touch(5000)
    assert not session.overdue(5000 + IDLE_MS)
    assert session.overdue(5001 + IDLE_MS)


def test_discovery_answers_as_a_captured_one_with_our_versions():
    relay, own = "api.gizwits.com:80", version.SOFTWARE
    told = announcement(4, SETTINGS, DeviceInfo(**{**fields(INFO), "attributes": bytes(7) + b"\x02"}), relay)
    captured = (
        bytes.fromhex("00000003680000040016")
        + b"CFqpJTSymCE9PLlp1DpbhY"
        + bytes.fromhex("0006483fda87dc470000")
    )
    captured += b"\x00\x20" + KEY.encode() + bytes(7) + b"\x02" + relay.encode() + b"\0" + b"4.0.8\0"
    assert len(captured) == 0x68 + 5
    assert told == captured[:4] + bytes((0x68 + len(own) - 5,)) + captured[5:-6] + own.encode() + b"\0"


def fields(info: DeviceInfo) -> dict[str, object]:
    return {name: getattr(info, name) for name in DeviceInfo.fields}


def test_discovery_tells_what_is_not_known_yet_as_empty():
    nobody = SimpleNamespace(did=None, product_key=None, mac="virtual")
    told = announcement(4, nobody, None, "10.0.0.1:80")
    assert told[8:] == bytes(8) + bytes(8) + b"10.0.0.1:80\0" + version.SOFTWARE.encode() + b"\0"


@pytest.mark.parametrize("size", range(30, 60, 3))
def test_discovery_stays_below_128_bytes_whatever_the_relays_name_is(size: int):
    told = announcement(5, SETTINGS, INFO, "x" * size)
    assert told[4] == len(told) - 5 < 128
    name = told[84:].split(b"\0")[0]
    assert name in (b"", b"x" * size)


def pieces() -> st.SearchStrategy[list[bytes]]:
    """Frames of every kind, and what is none, as a client may send them."""
    frames = st.builds(
        lambda cmd, body: envelope.encode(cmd, body, 7 if cmd in envelope.NUMBERED else None),
        st.sampled_from((6, 8, 0xC, 0x13, 0x15, 0x17, 0x62, 0x90, 0x91, 0x93, 0x94)),
        st.binary(max_size=80),
    )
    known = st.sampled_from((LOGIN, LOGIN, PING, READ, ASK_PASSCODE, SCAN))
    return st.lists(st.one_of(known, known, frames, st.binary(max_size=12)), max_size=12)


def life(parts: list[bytes], word: int) -> tuple[list[tuple[int, bytes]], bytes, str | None, bool]:
    session = client(word)
    events, out = [], b""
    for part in parts:
        if session.ended is None:
            events += session.receive(part)
        out += taken(session)
    return events, out, session.ended, session.logged_in


@given(pieces(), st.sampled_from((BINDABLE, 0)), st.randoms(use_true_random=False))
def test_how_the_bytes_are_split_changes_nothing(sent: list[bytes], word: int, source: random.Random):
    stream = b"".join(sent)
    whole = life([stream], word)
    assert life([stream[i : i + 1] for i in range(len(stream))], word) == whole
    cuts = sorted({0, len(stream), *(source.randrange(len(stream) + 1) for _ in range(4))})
    assert life([stream[a:b] for a, b in pairwise(cuts)], word) == whole


@given(st.lists(st.one_of(st.binary(max_size=40), st.binary(max_size=20).map(PING[:4].__add__)), max_size=8))
def test_nobody_gets_in_without_the_passcode(sent: list[bytes]):
    events, _, _, let_in = life(sent, 0)
    assert not let_in
    assert {cmd for cmd, _ in events} <= set(lan_session.STRANGERS)
