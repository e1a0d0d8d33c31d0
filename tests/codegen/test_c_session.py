"""The C SDK's conversation and report rules, on a clock that the test sets."""

import json
import math
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wxlink.assets import asset
from wxproto.device_info import DeviceInfo
from wxproto.frame import encode
from wxproto.line import stuffed_size
from wxproto.p0 import Codec
from wxproto.product import Product

SECRET = "00112233445566778899aabbccddeeff"
ASK_INFO = bytes.fromhex("FFFF00050100000006")
LED_ON = bytes.fromhex("FFFF000D03030000010101000000000016")


def tx(cmd: int, sn: int, payload: bytes = b"", flags: int = 0) -> str:
    return "tx " + encode(cmd, sn, payload, flags).hex().upper()


def resend_ms(frame: bytes) -> tuple[int, int]:
    """When a question is sent again, at the earliest and at the latest.

    200 ms, and the time of the frame and its ack on the wire at 9600 baud; the SDK rounds up to 16 bytes.
    """
    wire = (len(frame) + stuffed_size(0)) * 10_000 / 9600
    return 200 + math.ceil(wire), 200 + math.ceil(1.03 * wire) + 17


def sent_bytes(line: str) -> bytes:
    return bytes.fromhex(line.removeprefix("tx "))


def started(link: Callable[..., Any], name: str = "gokit", **options: Any) -> Any:
    """A link whose module asked for device information and acknowledged the full report (sn 0)."""
    device = link(name, **options)
    device.rx(ASK_INFO)
    (line,) = device.report()
    assert line.startswith("tx FFFF")
    assert device.rx(encode(0x06, 0)) == []
    assert device.report() == []
    return device


@pytest.mark.parametrize("secret", [SECRET, None])
def test_device_information(link: Callable[..., Any], secret: str | None) -> None:
    device = link("gokit", secret=secret or "")
    info = DeviceInfo(
        product_key=device.product.product_key,
        hardware_version="03010100",
        software_version="03030000",
        attributes=bytes(7) + b"\x02",
        product_secret=secret,
    )
    (line,) = device.rx(ASK_INFO)
    assert line == tx(0x02, 0, info.encode())
    assert line.startswith("tx FFFF006F" if secret else "tx FFFF004F")


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("FFFF0005070100000D", ["tx FFFF0005080100000E"]),
        ("FFFF00070D02000006324E", ["tx FFFF00050E02000015", "status 0632 0632"]),
        ("FFFF00050F0700001B", ["tx FFFF0005100700001C"]),
        ("FFFF00057509000083", ["tx FFFF0006120900000223"]),
        ("FFFF00050708000019", ["tx FFFF0006120800000121"]),
        ("FFFF0005081A000028", []),
        ("FFFF0006111900000131", []),
        ("FFFF0006121900000132", []),
        ("FFFF000D030B00000511223344556677FC", ["tx FFFF0005040B000014", "transparent 11223344556677"]),
    ],
    ids=[
        "heartbeat",
        "status",
        "restart",
        "unknown command",
        "bad checksum",
        "ack with a bad checksum",
        "notice",
        "notice of our own kind",
        "transparent",
    ],
)
def test_answers(link: Callable[..., Any], question: str, answers: list[str]) -> None:
    assert link("gokit").rx(bytes.fromhex(question)) == answers


def test_p0_without_action_is_an_error_and_p0_for_a_sub_device_is_acknowledged_with_its_did(
    link: Callable[..., Any],
) -> None:
    device = link("gokit")
    assert device.rx(encode(0x03, 4)) == [tx(0x12, 4, b"\x03")]
    assert device.rx(encode(0x03, 5, b"\x02ab\x01\x01", 1)) == [tx(0x04, 5, b"\x02ab", 1), "sub 6162 0101"]
    assert device.rx(encode(0x03, 6, b"\x05ab", 1)) == [tx(0x12, 6, b"\x03")]


def test_status_tells_only_what_changed(link: Callable[..., Any]) -> None:
    device = link("gokit")
    assert device.rx(encode(0x0D, 1, b"\x06\x32"))[1:] == ["status 0632 0632"]
    assert device.rx(encode(0x0D, 2, b"\x06\x32"))[1:] == []
    assert device.rx(encode(0x0D, 3, b"\x0f\x32"))[1:] == ["status 0F32 0900"]


def test_restart_comes_600_ms_after_its_ack_and_once(link: Callable[..., Any]) -> None:
    device = link("gokit").at(1000)
    device.rx(encode(0x0F, 1))
    assert device.at(1200).rx(encode(0x0F, 1)) == [tx(0x10, 1)]
    assert device.at(1599).poll() == []
    assert device.at(1600).poll() == ["restart"]
    assert device.at(9000).poll() == []


def test_a_repeated_control_is_acknowledged_again_and_done_once(link: Callable[..., Any]) -> None:
    device = link("gokit").at(1000)
    assert device.rx(LED_ON) == ["tx FFFF0005040300000C", "control 0"]
    assert device.at(1200).rx(LED_ON) == ["tx FFFF0005040300000C"]
    assert device.at(1400).rx(LED_ON) == ["tx FFFF0005040300000C"]
    assert device.at(3001).rx(LED_ON) == ["tx FFFF0005040300000C", "control 0"]


def test_the_same_control_with_another_sn_is_done_again(link: Callable[..., Any]) -> None:
    device = link("gokit").at(1000)
    device.rx(encode(0x03, 3, LED_ON[8:-1]))
    assert device.rx(encode(0x03, 4, LED_ON[8:-1])) == ["tx FFFF0005040400000D", "control 0"]


def test_another_control_with_the_same_sn_is_no_repeat(link: Callable[..., Any]) -> None:
    device = link("gokit").at(1000)
    done = ["tx FFFF0005040300000C", "control 2", "control 3"]
    assert device.rx(encode(0x03, 3, bytes.fromhex("010C000102000000"))) == done
    assert device.rx(encode(0x03, 3, bytes.fromhex("010C000201000000"))) == done, (
        "the same bytes in another order"
    )


def test_nothing_is_reported_before_the_module_asked(link: Callable[..., Any]) -> None:
    device = link("gokit")
    assert device.set("Infrared", 1).at(700_000).report() == []
    device.rx(ASK_INFO)
    assert device.report() == [tx(0x05, 0, bytes.fromhex("040000000000000100000000"))]


def test_reports_start_after_any_command_for_the_module_need_not_ask_again(link: Callable[..., Any]) -> None:
    device = link("gokit")
    device.rx(bytes.fromhex("FFFF0005070100000D"))
    assert len(device.report()) == 1


def test_an_unanswered_report_is_sent_three_times_then_rests(link: Callable[..., Any]) -> None:
    device = started(link)
    sent = device.at(10_000).set("LED_OnOff", 1).report()
    assert sent == [tx(0x05, 1, bytes.fromhex("0401") + bytes(10))]
    early, late = resend_ms(sent_bytes(sent[0]))
    assert device.at(10_000 + early - 1).poll() == []
    assert device.at(10_000 + late).poll() == sent
    assert device.at(10_000 + late + early - 1).poll() == []
    assert device.at(10_000 + 2 * late).poll() == sent
    given_up = 10_000 + 3 * late
    assert device.at(given_up).poll() == []
    assert device.at(given_up + 5_999).report() == []
    again = [tx(0x05, 2, bytes.fromhex("0401") + bytes(10))]
    assert device.at(given_up + 6_000).report() == again


def test_the_time_out_begins_when_the_last_byte_left(link: Callable[..., Any]) -> None:
    """A `write` that waits for the line takes its time before, and the time-out is not shorter for it."""
    device = started(link, ms_a_byte=1)
    (sent,) = device.at(10_000).set("LED_OnOff", 1).report()
    left = 10_000 + len(sent_bytes(sent))
    early, late = resend_ms(sent_bytes(sent))
    assert device.at(left + early - 1).poll() == []
    assert device.at(left + late).poll() == [sent]


def test_a_long_frame_waits_longer(link: Callable[..., Any]) -> None:
    device = started(link)
    assert device.at(1_000).act("up " + "FF" * 200)[-1] == "yes"
    frame = encode(0x05, 1, b"\x06" + b"\xff" * 200)
    assert len(frame) > 400, "stuffing counts, too"
    early, late = resend_ms(frame)
    assert device.at(1_000 + early - 1).poll() == []
    assert device.at(1_000 + late).poll() == ["tx " + frame.hex().upper()]


def test_a_report_given_up_is_made_up_for_when_the_module_speaks(link: Callable[..., Any]) -> None:
    device = started(link)
    device.at(10_000).set("LED_OnOff", 1).report()
    for now in (10_300, 10_600, 10_900):
        device.at(now).poll()
    device.at(11_000).rx(encode(0x07, 9))
    assert device.report() == [tx(0x05, 2, bytes.fromhex("0401") + bytes(10))]


def test_only_the_ack_with_the_reports_cmd_and_sn_counts(link: Callable[..., Any]) -> None:
    device = started(link)
    sent = device.at(10_000).set("LED_OnOff", 1).report()
    for stray in (encode(0x06, 0), encode(0x04, 1), encode(0x0A, 1)):
        assert device.rx(stray) == []
    assert device.at(10_300).poll() == sent
    device.rx(encode(0x06, 1))
    assert device.at(10_600).poll() == []


def test_one_report_at_a_time_and_the_next_holds_what_changed_meanwhile(link: Callable[..., Any]) -> None:
    device = started(link)
    device.at(10_000).set("LED_OnOff", 1).report()
    assert device.set("LED_R", 7).report() == []
    device.rx(encode(0x06, 1))
    assert device.report() == [tx(0x05, 2, bytes.fromhex("040107") + bytes(9))]


def test_a_damaged_report_is_sent_again_at_once(link: Callable[..., Any]) -> None:
    device = started(link)
    sent = device.at(10_000).set("LED_OnOff", 1).report()
    assert device.at(10_001).rx(encode(0x11, 1, b"\x01")) == sent
    assert device.at(10_002).rx(encode(0x11, 1, b"\x01")) == sent
    assert device.at(10_003).rx(encode(0x11, 1, b"\x01")) == []


def test_a_control_is_reported_even_if_nothing_changed(link: Callable[..., Any]) -> None:
    """A user's panel waits for that report; and a clamped value must not stay on it."""
    device = started(link)
    device.rx(encode(0x03, 5, bytes.fromhex("0101000000000000")))
    assert len(device.report()) == 1


def test_slow_points_wait_six_seconds_and_bits_do_not(link: Callable[..., Any]) -> None:
    device = started(link)
    assert device.at(5_999).set("Temperature", 40).report() == []
    assert len(device.set("Fault_IR", 1).report()) == 1, "a bit goes at once"
    device.rx(encode(0x06, 1))
    assert device.at(11_998).set("Temperature", 41).report() == [], "the report of the bit carried them"
    assert len(device.at(11_999).report()) == 1


def test_everything_is_reported_every_ten_minutes(link: Callable[..., Any]) -> None:
    device = started(link, "meter")
    codec = Codec(device.product)
    device.at(300_000).set("numSv", 9)
    assert device.report() == [tx(0x05, 1, codec.encode_report({"numSv": 9}))]
    device.rx(encode(0x06, 1))
    assert device.at(599_999).report() == []
    (line,) = device.at(600_000).report()
    values = {point.name: 0 for point in device.product.points} | {"numSv": 9, "Interval": 1}
    assert line == tx(0x05, 2, codec.encode_report(values)), "unused flag bits 0, raw minimum of Interval 1"


def test_a_variable_product_reports_what_changed_only(link: Callable[..., Any]) -> None:
    device = started(link, "meter")
    codec = Codec(device.product)
    device.at(7_000).set("Iock", 1).set("FS", 2).set("numSv", 9)
    assert device.report() == [tx(0x05, 1, bytes.fromhex("1400190509"))], "as recorded from generated code"
    device.rx(encode(0x06, 1))
    device.at(8_000).set("Iock", 0).set("numSv", 10)
    assert device.report() == [tx(0x05, 2, codec.encode_report({"Iock": False}))]
    device.rx(encode(0x06, 2))
    assert device.at(13_000).report() == [tx(0x05, 3, codec.encode_report({"numSv": 10}))]


def test_times_hold_when_the_millisecond_counter_wraps(link: Callable[..., Any]) -> None:
    top = 2**32
    device = link("gokit", secret=SECRET, start_ms=top - 1000)
    device.rx(ASK_INFO)
    device.report()
    device.rx(encode(0x06, 0))
    sent = device.at(top - 100).set("LED_OnOff", 1).report()
    early, late = resend_ms(sent_bytes(sent[0]))
    assert device.at(early - 101).poll() == []
    assert device.at(late - 100).poll() == sent
    device.rx(encode(0x06, 1))
    assert device.at(4_000).set("Temperature", 40).report() == []
    assert len(device.at(5_900).report()) == 1


def test_a_module_that_starts_again_gets_everything_again(link: Callable[..., Any]) -> None:
    device = started(link)
    device.at(20_000).rx(ASK_INFO)
    assert len(device.report()) == 1


def test_bytes_may_come_in_any_pieces(link: Callable[..., Any]) -> None:
    device = link("gokit")
    out = [line for byte in b"\x00\xff" + LED_ON for line in device.rx(bytes((byte,)))]
    assert out == ["tx FFFF0005040300000C", "control 0"]


def test_bytes_that_the_ring_does_not_hold_are_lost_and_counted(link: Callable[..., Any]) -> None:
    """What was in the ring is not touched, and the next good frame is answered."""
    device = link("gokit")
    heartbeat = encode(0x07, 1)
    assert 7 * len(heartbeat) == 63, "as many as it holds"
    assert device.act("interrupt " + (heartbeat * 7).hex()) == ["yes"]
    assert device.act("interrupt " + encode(0x07, 2).hex()) == ["no"]
    assert device.poll() == [tx(0x08, 1)] * 7
    assert device.rx(encode(0x07, 3)) == [tx(0x08, 3)]


def test_a_command_longer_than_the_buffer_gets_no_answer(link: Callable[..., Any]) -> None:
    """Unlike a short one that is unknown; and what follows is understood."""
    device = link("gokit")
    assert device.rx(encode(0x75, 1, bytes(10))) == [tx(0x12, 1, b"\x02")]
    assert device.rx(encode(0x75, 2, bytes(1000))) == []
    assert device.rx(encode(0x07, 3)) == [tx(0x08, 3)]


def test_a_link_without_what_it_needs_does_not_start(
    build_product: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "start.c").write_text(
        """
#include "gokit_product.h"

static void write_uart(void *user, const uint8_t *bytes, uint16_t size)
{
    (void)user;
    (void)bytes;
    (void)size;
}

static uint32_t milliseconds(void *user)
{
    (void)user;
    return 0;
}

int main(void)
{
    static gokit_device device;
    static const wxlink_identity identity = {.hardware_version = "1", .software_version = "1"};
    const wxlink_port port = {.write = write_uart, .milliseconds = milliseconds};
    const wxlink_port mute = {.milliseconds = milliseconds};
    const wxlink_port timeless = {.write = write_uart};
    const int started[] = {gokit_start(&device, &mute, &identity, NULL),
                           gokit_start(&device, &timeless, &identity, NULL),
                           gokit_start(&device, &port, NULL, NULL),
                           gokit_start(&device, &port, &identity, NULL)};
    return started[0] | started[1] << 1 | started[2] << 2 | started[3] << 3;
}
""",
        "utf-8",
    )
    product = Product.from_dict(json.loads(asset("protocol/products/gokit.json").read_text("utf-8")))
    program = build_product("start", product, "gokit", tmp_path / "start.c")
    assert subprocess.run([program], check=False).returncode == 1 << 3, "the last one has everything"
