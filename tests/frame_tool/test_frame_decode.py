"""`wxlink frame decode` against the golden frames and the published ones, alone and in noise."""

import json
import os
import random
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from frame_files import BOOK, GOKIT, METER, VECTORS

from wxlink.bench.frame_log import Log
from wxproto import frame as wire
from wxproto.device_info import DeviceInfo
from wxproto.session import Session

Decoded = Callable[..., list[dict[str, Any]]]
GOLDEN = json.loads(VECTORS.read_text("utf-8"))
SINGLE = [one for one in GOLDEN if "cmd" in one["fields"]]
SECRET = "s3cret" * 5 + "x1"
HEARTBEAT = "FF FF 00 05 07 01 00 00 0D"
INFO = DeviceInfo(
    product_key="0123456789abcdef" * 2,
    hardware_version="00000001",
    software_version="00000002",
    attributes=bytes(8),
    product_secret=SECRET,
    extra="apPwd=hunter22",
)


@pytest.mark.parametrize("vector", SINGLE, ids=lambda vector: vector["name"])
def test_a_golden_frame_is_taken_apart(frame: Any, vector: dict[str, Any]) -> None:
    wanted = vector["fields"]
    done = frame("decode", "--json", "--show-secrets", vector["hex"])
    (found,) = json.loads(done.out)
    assert found["cmd"] == int(wanted["cmd"], 16)
    assert found["sn"] == wanted["sn"]
    assert found["flags"] == int(wanted["flags"], 16)
    assert found["payload"] == wanted["payload"]
    assert found["checksum"] == int(wanted["checksum"], 16)
    assert found["checksum_ok"] is wanted["checksum_ok"]
    assert (found["reason"] is None) is wanted["checksum_ok"]
    assert done.status == (0 if wanted["checksum_ok"] else 1)
    if "action" in wanted:
        assert found["action"] == int(wanted["action"], 16)


def test_a_capture_of_all_golden_frames_in_noise_loses_none(decoded: Decoded, seeded: random.Random) -> None:
    good = [one for one in SINGLE if one["fields"]["checksum_ok"]]
    noise = [bytes(seeded.randrange(0xFF) for _ in range(seeded.randrange(9))) for _ in good]
    # An FF at the end of a frame would take a 55 of the noise for its stuffing.
    noise = [one.lstrip(b"\x55") for one in noise]
    parts = [quiet + bytes.fromhex(one["hex"]) for quiet, one in zip(noise, good, strict=True)]
    found = decoded("-", stdin=b"".join(parts))
    assert [(one["cmd"], one["sn"]) for one in found] == [
        (int(one["fields"]["cmd"], 16), one["fields"]["sn"]) for one in good
    ]
    assert [one["skipped"] for one in found] == [len(one) for one in noise]


def test_a_raw_stream_is_read_as_the_decoder_reads_it(frame: Any) -> None:
    for vector in GOLDEN:
        data = bytes.fromhex(vector["hex"])
        done = frame("decode", "--json", "-", stdin=data)
        found = [(one["cmd"], one["sn"], one["reason"]) for one in json.loads(done.out)]
        assert found == [
            (one.cmd, one.sn, getattr(one, "reason", None)) for one in wire.Decoder().feed(data)
        ], vector["name"]


def examples(section: str) -> list[str]:
    """The published frames of one table of protocol/README.md."""
    part = (
        BOOK.read_text("utf-8")
        .partition(f"<!-- generated:{section} -->")[2]
        .partition("<!-- /generated -->")[0]
    )
    return re.findall(r"^\| `([0-9A-F ]+)` \|", part, re.MULTILINE)


def test_published_fixed_frames_give_their_data_points(decoded: Decoded) -> None:
    control, ack, read, reply, report = decoded(
        "--product", GOKIT, "-", stdin="\n".join(examples("fixed_examples")).encode()
    )
    lamp = {"LED_OnOff": True, "LED_Color": "粉色", "LED_R": 17, "LED_G": 34, "LED_B": 51, "Motor_Speed": -2}
    assert (control["action"], control["points"]) == (1, lamp)
    assert (ack["name"], ack["action"], ack["points"]) == ("p0-down-ack", None, None)
    assert len(read["asked"]) == 15
    assert reply["points"] == report["points"]
    assert reply["points"].items() >= (lamp | {"Temperature": 26, "Humidity": 55, "Fault_IR": True}).items()


def test_published_variable_frames_give_their_data_points(decoded: Decoded) -> None:
    found = decoded("--product", METER, "-", stdin="\n".join(examples("variable_examples")).encode())
    assert [one["points"] or one["asked"] for one in found] == [
        {"Iock": True, "FS": "三维定位", "numSv": 9},
        {"HDOP": 1.5, "Sep": 300, "latitude": 31.2304},
        {"Iock": True},
        ["numSv", "HDOP"],
    ]


def test_p0_of_another_product_is_a_problem_and_not_a_bad_frame(decoded: Decoded) -> None:
    (found,) = decoded("--product", METER, examples("fixed_examples")[0])
    assert found["checksum_ok"] is True
    assert found["reason"] is None
    assert found["points"] is None
    assert "action 01" in found["problem"]


@pytest.mark.parametrize(
    "text",
    [
        "FFFF00050701 00000D",
        "ff ff 00 05 07 01 00 00 0d",
        "0xFF,0xFF,0x00,0x5,0x7,0x1,0,0x0,0x0D".replace(",0,", ",0x0,"),
        "{0xFF, 0xFF, 0x00, 0x05, 0x07, 0x01, 0x00, 0x00, 0x0D}",
        "FF:FF:00:05:07:01:00:00:0D",
        "FF FF 00\r\n05 07\n01 00 00 0D\n",
        "12:00:01.250 FF FF 00 05\n[12:00:02] 07 01 00 00 0D",
        "2026-01-02 03:04:05.678 FF FF 00 05 07 01 00 00 0D",
        "\ufeffFFFF00050701 00000D",
    ],
)
def test_hex_comes_in_many_forms(decoded: Decoded, text: str) -> None:
    (found,) = decoded("-", stdin=text.encode())
    assert (found["cmd"], found["sn"], found["skipped"]) == (7, 1, 0)


def test_hex_may_stand_on_the_command_line_in_words(decoded: Decoded) -> None:
    assert decoded(*HEARTBEAT.split()) == decoded(HEARTBEAT)


def test_a_file_may_hold_text_or_bytes(decoded: Decoded, tmp_path: Path) -> None:
    text = tmp_path / "capture.txt"
    text.write_text(HEARTBEAT, "ascii")
    raw = tmp_path / "capture.bin"
    raw.write_bytes(bytes.fromhex(HEARTBEAT))
    assert decoded("--file", str(text)) == decoded("--file", str(raw)) == decoded(HEARTBEAT)


@pytest.mark.parametrize(
    "log",
    [
        "1700000000001 rx FFFF000507\n1700000000002 tx FFFF0005080100000E\n1700000000003 rx 0100000D",
        "12:00:01 [RX] FF FF 00 05 07\n12:00:01 [TX] FF FF 00 05 08 01 00 00 0E\n12:00:01 [RX] 01 00 00 0D",
        "rx: 0xFF 0xFF 0x00 0x05 0x07\ntx: FF,FF,00,05,08,01,00,00,0E\nrx: 01 00 00 0D",
        "boot 12\nrx FFFF000507\nhw LED_B = 12\ntx FFFF0005080100000E\nrx 0100000D\nbad wrong checksum",
    ],
)
def test_a_log_has_two_directions_that_do_not_mix(decoded: Decoded, log: str) -> None:
    found = decoded("-", stdin=log.encode())
    assert [(one["direction"], one["cmd"], one["skipped"]) for one in found] == [("tx", 8, 0), ("rx", 7, 0)]


def test_the_log_of_our_boards_is_read_with_its_starred_secret(
    decoded: Decoded, tmp_path: Path, frame: Any
) -> None:
    with (tmp_path / "mcu.log").open("w+", encoding="utf-8") as output:
        log = Log(output)
        log.frame("rx", wire.Frame(0x01, 3, 0, b""))
        log.frame("tx", wire.Frame(0x02, 3, 0, INFO.encode()))
        log.line("hw LED_OnOff = 1")
    path = str(tmp_path / "mcu.log")
    for options in ((), ("--show-secrets",)):
        asked, info = decoded(*options, "--file", path)
        assert (asked["name"], asked["direction"]) == ("get-device-info", "rx")
        assert (info["name"], info["checksum_ok"], info["reason"]) == ("device-info", None, None)
        assert info["stamp"].isdecimal()
        assert info["fields"]["software_version"] == "00000002"
        assert info["fields"]["product_secret"] == "<hidden>"
        assert info["payload"].endswith("*" * 8)
    assert "starred" in frame("decode", "--file", path).out


def test_secrets_are_starred_unless_asked_for(decoded: Decoded, frame: Any) -> None:
    data = wire.encode(0x02, 0, INFO.encode()).hex()
    wifi = frame("encode", "enter-configuration", "mode=given", "ssid=home", "password=hunter22").out
    for capture in (data, wifi):
        for said in (frame("decode", capture).out, frame("decode", "--json", capture).out):
            assert SECRET not in said
            assert SECRET.encode().hex().upper() not in said.replace(" ", "")
            assert "hunter22" not in said
            assert b"hunter22".hex().upper() not in said.replace(" ", "")
    (shown,) = decoded("--show-secrets", data)
    assert (shown["fields"]["product_secret"], shown["fields"]["extra"]) == (SECRET, "apPwd=hunter22")
    (shown,) = decoded("--show-secrets", wifi)
    assert bytes.fromhex(shown["fields"]["password"]) == b"hunter22"


def test_broken_frames_are_listed_with_the_reason_and_noise_is_counted(decoded: Decoded, frame: Any) -> None:
    capture = "00 FFFF0005070100000E FFFF00 FFFF0004 FFFF000507FF01 12 FFFF0005070100000D FFFF0005"
    found = decoded(capture)
    assert [one["reason"] for one in found] == [
        wire.CHECKSUM,
        wire.CUT_SHORT,
        wire.TOO_SHORT,
        wire.NOT_STUFFED,
        None,
        "the capture ends inside it",
    ]
    assert (found[0]["checksum"], found[0]["expected"], found[0]["checksum_ok"]) == (0x0E, 0x0D, False)
    assert found[4]["skipped"] == 1 + 9 + 3 + 4 + 7 + 1
    said = frame("decode", capture)
    assert "wrong checksum: 0E, not 0D" in said.out
    assert "1 good, 5 bad; 29 bytes belong to no good frame" in said.err


def test_the_columns_stand_under_their_heads(frame: Any) -> None:
    report = "FF FF 00 11 05 09 00 00 04 07 11 22 33 00 03 01 27 37 01 09 FC"
    said = frame("decode", "--product", GOKIT, f"{HEARTBEAT} {report}")
    assert said.err == ""
    assert said.out.splitlines()[:7] == [
        "cmd  name       sn  flags  payload",
        "07   heartbeat  01  0000",
        "05   p0-up      09  0000   04 07 11 22 33 00 03 01 27 37 01 09",
        "    04 report, fixed length",
        "      LED_OnOff    = true",
        "      LED_Color    = 粉色",
        "      LED_R        = 17",
    ]
    assert "      Temperature  = 26 ℃" in said.out.splitlines()


@pytest.mark.parametrize(
    ("words", "stdin", "says"),
    [
        (("FF FF 0",), b"", "line 1: '0' is not hex"),
        (("-",), b"FF FF\nhello", "line 2: 'hello' is not hex"),
        (("-",), b"rx FFFG", "line 1: 'FFFG' is not hex"),
        (("-",), b"FFFF****", "only lines of tx and rx"),
        (("-",), b"", "0 good, 0 bad"),
        (("00 01 02",), b"", "0 good, 0 bad; 3 bytes"),
        ((), b"", "give the capture"),
        (("--file", "/nonexistent/capture"), b"", "/nonexistent/capture: No such file"),
        (("--product", "/nonexistent/product", HEARTBEAT), b"", "give the path of a product file"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(
    frame: Any, words: tuple[str, ...], stdin: bytes, says: str
) -> None:
    done = frame("decode", *words, stdin=stdin)
    assert done.status == 1
    assert says in done.err


def test_every_sentence_of_a_session_is_understood(decoded: Decoded) -> None:
    """What our own two roles say to each other, with nothing left unread."""
    module, mcu = Session("module"), Session("mcu")
    heard = bytearray()
    for now in (0, 100, 56_000, 56_100):
        for one, other in ((module, mcu), (mcu, module)):
            one.poll(now)
            said = one.data_to_send()
            heard += said
            other.receive(said, now)
    found = decoded(heard.hex())
    assert {one["name"] for one in found} >= {"get-device-info"}
    assert not [one for one in found if one["problem"] or one["reason"]]


def test_what_a_device_sent_begins_no_line_and_moves_no_cursor(frame: Any) -> None:
    url = "http://a/\n07  heartbeat\x1b[31m"
    sent = frame("encode", "transaction-download", f"url={url}").out
    said = frame("decode", sent).out
    assert r"url = http://a/\n07  heartbeat\x1b[31m" in said
    assert "\x1b" not in said + frame("decode", f"\x1b[2J rx {sent}").out


def test_arguments_that_are_no_text_are_bytes_of_the_line(frame: Any) -> None:
    done = frame("decode", "\udcff\udcff")
    assert (done.status, done.out) == (1, "")
    assert "2 bytes belong to no good frame" in done.err


def test_a_capture_that_never_ends_is_refused(frame: Any) -> None:
    done = frame("decode", "--file", "/dev/zero")
    assert (done.status, done.out) == (1, "")
    assert "split it" in done.err


def test_a_terminal_without_chinese_letters_stops_nothing(frame: Any) -> None:
    sent = frame("encode", "control", "--product", GOKIT, "LED_Color=1").out
    words = [sys.executable, "-m", "wxlink.cli", "frame", "decode", "--product", GOKIT, sent]
    done = subprocess.run(
        words, env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert r"LED_Color = \u9ec4\u8272" in done.stdout


@pytest.mark.parametrize(
    ("shell", "status", "says"),
    [
        ("{} decode - <&-", 1, "standard input cannot be read"),
        ("{} encode heartbeat >/dev/full", 1, "no space left"),
        ("{} encode heartbeat >&-", 0, ""),
        ("(sleep 0.2; {} list) | true; exit ${{PIPESTATUS[0]}}", 141, ""),
    ],
)
def test_streams_that_cannot_be_used_end_in_a_sentence(shell: str, status: int, says: str) -> None:
    command = shell.format(f"{shlex.quote(sys.executable)} -m wxlink.cli frame")
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") <= 1


@pytest.mark.parametrize(
    ("before", "stamp"),
    [
        ("[INFO] rx:", "[INFO]"),
        ("[12:00:01.5] tx", "[12:00:01.5]"),
        ("12:00 [tx]", "12:00"),
        ("<rx>", None),
    ],
)
def test_what_stands_before_a_direction_is_shown_as_it_stands(
    decoded: Decoded, before: str, stamp: str | None
) -> None:
    (said,) = decoded(f"{before} FF FF 00 05 07 01 00 00 0D")
    assert (said["stamp"], said["name"]) == (stamp, "heartbeat")
