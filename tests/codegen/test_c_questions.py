"""What firmware may ask through the C SDK: recorded frames, decoded answers, one question at a time."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wxproto import sub_devices
from wxproto.configuration import GIVEN, Configuration
from wxproto.device_info import DeviceInfo
from wxproto.frame import Decoder, Frame, encode
from wxproto.module_info import Cell, CellularModule
from wxproto.sub_devices import Entry, Online

HEARTBEAT = encode(0x07, 1)
VECTORS: dict[str, bytes] = {
    vector["name"]: bytes.fromhex(vector["hex"])
    for vector in json.loads(
        (Path(__file__).parents[2] / "protocol/vectors/serial-frames.json").read_text("utf-8")
    )
}
QUESTIONS = {
    "01": "config_softap",
    "02": "config_airlink",
    "04": "reset_module",
    "08": "production_test",
    "10": "bindable_mode",
    "20": "reboot_module",
    "40": "get_ntp",
    "80": "get_module_info",
}
"""Bit of a question in the SDK -> its recorded frame."""


def payload_of(frame: bytes) -> tuple[int, bytes]:
    """(command, payload) of one frame."""
    (found,) = Decoder().feed(frame)
    assert isinstance(found, Frame)
    return found.cmd, found.payload


def tx(cmd: int, sn: int, payload: bytes = b"", flags: int = 0) -> str:
    return "tx " + encode(cmd, sn, payload, flags).hex().upper()


def up(link: Callable[..., Any], name: str = "gokit", **options: Any) -> Any:
    """A link whose module is there and has acknowledged the full report (sn 0)."""
    device = link(name, **options)
    device.rx(HEARTBEAT)
    assert len(device.report()) == 1
    assert device.rx(encode(0x06, 0)) == []
    return device


@pytest.mark.parametrize(("question", "vector"), QUESTIONS.items())
def test_questions_are_the_recorded_frames(link: Callable[..., Any], question: str, vector: str) -> None:
    device = up(link)
    cmd, payload = payload_of(VECTORS[vector])
    assert device.act(f"ask {question}") == ["yes"]
    assert device.poll() == [tx(cmd, 1, payload)]
    assert device.rx(encode(cmd + 1, 1))[-1] == f"asked {question} acknowledged"
    assert device.at(60_000).poll() == []


def test_nothing_is_asked_before_the_module_is_there(link: Callable[..., Any]) -> None:
    device = link("gokit")
    assert device.act("ask 04") == ["no"]
    assert device.act("network home secret") == ["no"]
    assert device.act("up 0102") == ["no"]
    device.rx(HEARTBEAT)
    assert device.poll() == [], "what was refused does not come back"


def test_questions_wait_for_each_other_and_for_a_report(link: Callable[..., Any]) -> None:
    device = up(link)
    (report,) = device.at(1_000).set("LED_OnOff", 1).report()
    for question in ("40", "20", "40"):
        assert device.act(f"ask {question}") == ["yes"]
    assert device.act("up AABB") == ["no"], "data does not wait: the caller keeps it"
    assert device.poll() == []
    assert report == tx(0x05, 1, bytes.fromhex("0401") + bytes(10))
    assert device.rx(encode(0x06, 1)) == [tx(0x29, 2)]
    assert device.set("LED_OnOff", 0).report() == []
    assert device.rx(encode(0x2A, 2)) == ["asked 20 acknowledged", tx(0x17, 3)]
    assert device.rx(encode(0x18, 3, bytes(11))) == ["time 0-0-0 0:0:0 0", "asked 40 acknowledged"]
    assert len(device.report()) == 1


def test_a_question_without_ack_is_sent_three_times(link: Callable[..., Any]) -> None:
    device = up(link)
    device.at(10_000).act("ask 10")
    sent = [device.at(now).poll() for now in range(10_000, 11_500, 300)]
    asked = [tx(0x15, 1)]
    assert sent == [asked, asked, asked, ["asked 10 given up"], []]


@pytest.mark.parametrize("line", ["ask 40", "up 0102", "report"])
@pytest.mark.parametrize(
    ("command", "callback"),
    [
        (encode(0x0D, 5, b"\x00\x20"), "status 0020 0020"),
        (encode(0x03, 5, bytes.fromhex("0101010000000000")), "control 0"),
    ],
)
def test_a_callback_of_the_first_command_may_ask(
    link: Callable[..., Any], command: bytes, callback: str, line: str
) -> None:
    """The module is there as soon as it said anything: what is asked goes behind the ack of its command."""
    device = link("gokit")
    assert device.act(f"within {line}") == []
    lines = [*device.rx(command), *device.poll()]
    assert lines[1] == callback
    (asked,) = [one for one in lines[2:] if one.startswith("tx ")]
    assert "no" not in lines
    assert device.rx(encode(payload_of(bytes.fromhex(asked[3:]))[0] + 1, 0)) == (
        [] if line == "report" else [f"asked {'40' if line == 'ask 40' else '200'} acknowledged"]
    )


@pytest.mark.parametrize("acknowledged", [True, False])
def test_the_end_of_a_question_may_ask_the_next(link: Callable[..., Any], acknowledged: bool) -> None:
    device = up(link)
    assert device.act("up 01")[-1] == "yes"
    device.act("within up 02")
    if acknowledged:
        lines = device.rx(encode(0x06, 1))
    else:
        lines = [line for now in (300, 600, 900) for line in device.at(now).poll()][2:]
    said = "acknowledged" if acknowledged else "given up"
    assert lines == [f"asked 200 {said}", tx(0x05, 2, b"\x06\x02"), "yes"]
    assert device.rx(encode(0x06, 2)) == ["asked 200 acknowledged"]


def test_a_restart_of_the_module_amid_a_question(link: Callable[..., Any]) -> None:
    """It asks who is there and gets its answer; the question goes on; then it is told everything."""
    device = up(link)
    device.at(10_000).act("ask 40")
    (asked,) = device.poll()
    assert [line[:13] for line in device.at(10_100).rx(encode(0x01, 0))] == ["tx FFFF004F02"]
    assert device.report() == [], "one question at a time"
    assert device.at(10_300).poll() == [asked]
    assert device.rx(encode(0x18, 1, bytes(11)))[-1] == "asked 40 acknowledged"
    (report,) = device.report()
    assert payload_of(bytes.fromhex(report[3:]))[0] == 0x05


def test_data_that_no_frame_carries_and_questions_that_are_none_are_refused(link: Callable[..., Any]) -> None:
    device = up(link)
    for size in (4096, 65_535):
        assert device.act(f"bulk {size}") == ["no"], size
    for question in ("100", "200", "400"):
        assert device.act(f"ask {question}") == ["no"], question
    sent, said = device.act("bulk 4095")
    assert (len(payload_of(bytes.fromhex(sent[3:]))[1]), said) == (4096, "yes")


def test_a_question_that_was_damaged_is_sent_again_at_once(link: Callable[..., Any]) -> None:
    device = up(link)
    device.act("ask 40")
    asked = device.poll()
    assert device.rx(encode(0x11, 1, b"\x01")) == asked
    assert device.rx(encode(0x11, 1, b"\x02")) == [], "other notices change nothing"
    assert device.rx(encode(0x11, 1, b"\x01")) == asked
    assert device.rx(encode(0x11, 1, b"\x01")) == ["asked 40 given up"], "three were damaged"


@pytest.mark.parametrize(
    ("vector", "shown"),
    [
        ("ntp_reply", "time 2017-11-21 8:0:0 1511222400"),
        ("ntp_reply_old", "time 2017-11-21 8:0:0 0"),
        ("ntp_unknown", "time 0-0-0 0:0:0 0"),
    ],
)
def test_network_time(link: Callable[..., Any], vector: str, shown: str) -> None:
    device = up(link)
    device.act("ask 40")
    device.poll()
    cmd, payload = payload_of(VECTORS[vector])
    assert device.rx(encode(cmd, 1, payload)) == [shown, "asked 40 acknowledged"]


@pytest.mark.parametrize(
    ("vector", "shown"),
    [
        ("module_info_wifi", "module 1 00000004 00ESP32C 04020006 A0B1C2D3E4F5 192.168.1.20"),
        (
            "module_info_cellular",
            "module 2 00000004 000G510  03000001 866123456789012 460001234567890 460 00 1234ABCD1F1234FFFE10",
        ),
    ],
)
def test_module_information(link: Callable[..., Any], vector: str, shown: str) -> None:
    device = up(link)
    device.act("ask 80")
    device.poll()
    cmd, payload = payload_of(VECTORS[vector])
    assert device.rx(encode(cmd, 1, payload)) == [shown, "asked 80 acknowledged"]


def test_module_information_of_the_most_cells_is_taken_and_what_is_cut_short_is_not(
    link: Callable[..., Any],
) -> None:
    versions = {"protocol_version": "00000004", "hardware_version": "00G510", "software_version": "03000001"}
    names = {"imei": "866123456789012", "imsi": "460012345678901", "mcc": "460", "mnc": "00"}
    cells = [Cell(0x1234, 0xABCD, 31)] * 7
    payload = CellularModule(cells=cells, **versions, **names).encode()
    for size in (0, 64, 82, len(payload) - 1, len(payload)):
        device = up(link)
        device.act("ask 80")
        device.poll()
        lines = device.rx(encode(0x22, 1, payload[:size]))
        assert lines[-1] == "asked 80 acknowledged"
        assert len(lines) == (2 if size == len(payload) else 1), size


def test_a_network_of_the_mcus_own(link: Callable[..., Any]) -> None:
    device = up(link)
    given = Configuration(GIVEN, ssid=b"HomeAP", password=b"secret123").encode()
    assert given == payload_of(VECTORS["config_mcu_supplied"])[1]
    assert device.act("network HomeAP secret123") == [tx(0x09, 1, given), "yes"]
    assert device.rx(encode(0x0A, 1)) == ["asked 100 acknowledged"]
    assert device.act(f"network {'x' * 250} {'y' * 100}") == ["no"], "its buffer is too small"


def test_transparent_data(link: Callable[..., Any]) -> None:
    device = up(link)
    assert device.act("up FF0055") == [tx(0x05, 1, b"\x06\xff\x00\x55"), "yes"]
    assert device.act("up 01") == ["no"]
    assert device.rx(encode(0x06, 1)) == ["asked 200 acknowledged"]


def test_lists_about_devices_behind_this_one(link: Callable[..., Any]) -> None:
    device = up(link)
    assert device.act("subs") == ["no"], "an empty list says nothing"
    assert device.act("presence 6131 1") == ["yes"]
    assert device.act("presence 6232 0") == ["yes"]
    assert device.act("subp0 6131 04AA") == ["no"], "one list, one kind"
    expected = sub_devices.encode_online([Online(b"a1", True), Online(b"b2", False)])
    assert device.act("subs") == [tx(0x05, 1, expected), "yes"]
    assert device.rx(encode(0x06, 1)) == ["asked 400 acknowledged"]


def test_p0_of_devices_behind_this_one(link: Callable[..., Any]) -> None:
    device = up(link)
    device.act("subp0 6131 0401")
    device.act("subp0 62 040203")
    entries = [Entry(b"a1", b"\x04\x01"), Entry(b"b", b"\x04\x02\x03")]
    assert device.act("subs") == [tx(0x05, 1, sub_devices.encode_list(0x73, entries)), "yes"]
    down = sub_devices.encode_list(0x72, entries)
    assert device.rx(encode(0x03, 7, down)) == [tx(0x04, 7), "sub 6131 0401", "sub 62 040203"]
    assert device.at(100).rx(encode(0x03, 7, down)) == [tx(0x04, 7)], "a repeat is acknowledged only"


@pytest.mark.parametrize(
    "p0", ["72", "7200", "720001", "72000103616263", "720001036162630003 0401", "7200010161000204010000"]
)
def test_a_list_that_does_not_fit_is_acknowledged_and_reaches_nobody(
    link: Callable[..., Any], p0: str
) -> None:
    assert up(link).rx(encode(0x03, 7, bytes.fromhex(p0))) == [tx(0x04, 7)]


@pytest.mark.parametrize("secret", ["00112233445566778899aabbccddeeff", ""])
def test_device_information_with_text(link: Callable[..., Any], secret: str) -> None:
    device = link("meter", secret=secret, extra="apName=Lamp&tz=28800&cfgMode=2")
    (line,) = device.rx(encode(0x01, 9))
    cmd, payload = payload_of(bytes.fromhex(line.removeprefix("tx ")))
    assert cmd == 0x02
    info = DeviceInfo.decode(payload)
    assert info.product_secret == (secret or None) or not secret
    assert info.extra == "apName=Lamp&tz=28800&cfgMode=2"
    assert info.product_key == device.product.product_key
