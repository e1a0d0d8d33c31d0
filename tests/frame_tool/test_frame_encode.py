"""`wxlink frame encode`: golden and published frames made again by name; errors name the remedy."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from frame_files import GOKIT, METER, VECTORS

from wxlink.frame_tool.names import CODES, NAMES
from wxlink.frame_tool.payloads import FORMS
from wxproto.commands import COMMANDS

Decoded = Callable[..., list[dict[str, Any]]]
GOLDEN = json.loads(VECTORS.read_text("utf-8"))
GOOD = [
    one
    for one in GOLDEN
    if one["fields"].get("checksum_ok")
    and len(one["hex"]) == 2 * (one["fields"]["len"] + 4 + one["fields"]["stuffed_bytes"])
]


def made(frame: Any, *words: str) -> str:
    done = frame("encode", *words)
    assert done.status == 0, done.err
    return str(done.out).replace(" ", "").strip()


@pytest.mark.parametrize("vector", GOOD, ids=lambda vector: vector["name"])
def test_a_golden_frame_is_made_again_from_what_decode_says(
    frame: Any, decoded: Decoded, vector: dict[str, Any]
) -> None:
    (said,) = decoded("--show-secrets", vector["hex"])
    wanted = vector["hex"]
    if vector["fields"]["stuffed_bytes"] == 0:
        # Acknowledgements of the vendor's module program are not stuffed; ours always are.
        wanted = "FFFF" + wanted[4:].replace("FF", "FF55") if "FF" in wanted[4:] else wanted
    names = [said["name"]] if said["name"] else []
    for name in [*names, f"{said['cmd']:02X}"]:
        words = [name, f"payload={said['payload']}", "--sn", str(said["sn"]), "--flags", hex(said["flags"])]
        assert made(frame, *words) == wanted


NEVER_SENT = {
    "config_given_ssid_only": "wxlink writes all fields of a network",
    "config_illegal_mode": "only known modes are written",
    "config_softap_longer": "bytes of later versions are ignored",
}
WITH_FIELDS = [
    one
    for one in GOOD
    if int(one["fields"]["cmd"], 16) in {form.code for form in FORMS.values()}
    and one["name"] not in NEVER_SENT
]


def fields_of(said: dict[str, Any]) -> list[str]:
    """The fields that decode printed, as encode takes them."""
    words = []
    for name, value in said["fields"].items():
        if name == "meaning" or (value is None and name != "utc"):
            continue
        text = f"0x{value}" if name in {"ssid", "password", "bssid"} else str(value)
        if name == "cells":
            text = ",".join(f"{cell['lac']}:{cell['cell']}:{cell['rssi']}" for cell in value)
        words.append(f"{name}={text.lower() if isinstance(value, bool) else text}")
    return words


@pytest.mark.parametrize("vector", WITH_FIELDS, ids=lambda vector: vector["name"])
def test_named_fields_go_both_ways(frame: Any, decoded: Decoded, vector: dict[str, Any]) -> None:
    (said,) = decoded("--show-secrets", vector["hex"])
    forms = [form.name for form in FORMS.values() if form.code == said["cmd"]]
    again = []
    for name in forms:
        done = frame("encode", name, *fields_of(said), "--sn", str(said["sn"]))
        again += [done.out.replace(" ", "").strip()] if done.status == 0 else []
    assert vector["hex"] in again


@pytest.mark.parametrize(
    ("words", "wire"),
    [
        (("heartbeat", "--sn", "1"), "FF FF 00 05 07 01 00 00 0D"),
        (("07", "--sn", "0x01"), "FF FF 00 05 07 01 00 00 0D"),
        (("p0-up-ack", "--sn", "255"), "FF FF 00 05 06 FF 55 00 00 0A"),
        (("mcu-notice", "error=unknown-command", "--sn", "9"), "FF FF 00 06 12 09 00 00 02 23"),
        (
            ("module-status", "--sn", "15", "station=true", "router=on", "cloud=1", "signal=6"),
            "FF FF 00 07 0D 0F 00 00 06 32 5B",
        ),
        (
            (
                *("control", "--product", GOKIT, "LED_OnOff=true", "LED_Color=粉色", "LED_R=17", "--sn", "9"),
                *("LED_G=0x22", "LED_B=51", "Motor_Speed=-2"),
            ),
            "FF FF 00 0D 03 09 00 00 01 3F 07 11 22 33 00 03 C9",
        ),
        (("read", "--product", GOKIT, "--sn", "10"), "FF FF 00 06 03 0A 00 00 02 15"),
        (
            ("report", "--product", METER, "Iock=true", "FS=2", "numSv=9"),
            "FF FF 00 0A 05 00 00 00 14 00 19 05 09 4A",
        ),
        (("read", "numSv", "HDOP", "--product", METER, "--sn", "6"), "FF FF 00 08 03 06 00 00 12 00 90 B3"),
        (("enter-configuration", "mode=airlink"), "FF FF 00 06 09 00 00 00 02 11"),
        (("transparent-up", "data=FF 01"), "FF FF 00 08 05 00 00 00 06 FF 55 01 13"),
        (("transparent-down", "data=01", "--sub-device", "ab"), "FF FF 00 0A 03 00 00 01 02 61 62 05 01 D9"),
        (("data-piece", "number=1", "count=2", "content=AA"), "FF FF 00 0A 1D 00 00 00 00 01 00 02 AA D4"),
    ],
    ids=lambda words: words[0] if isinstance(words, tuple) else "",
)
def test_frames_are_made_by_name(frame: Any, words: tuple[str, ...], wire: str) -> None:
    done = frame("encode", *words)
    assert (done.status, done.out, done.err) == (0, wire + "\n", "")


def test_json_says_what_was_made(frame: Any) -> None:
    done = frame("encode", "data-ready", "md5=00", "hex_lines=true", "--sn", "2", "--json")
    assert json.loads(done.out) == {
        "frame": "FFFF000B1B02000100023030000" + "08B",
        "cmd": 0x1B,
        "name": "data-ready",
        "sn": 2,
        "flags": 1,
        "payload": "000230300000",
    }


def test_lists_of_sub_devices_go_both_ways(frame: Any, decoded: Decoded) -> None:
    (came,) = decoded(made(frame, "sub-devices-online", "lamp=true", "0x0102=false"))
    assert came["fields"]["entries"] == [
        {"did": "lamp", "online": True},
        {"did": "0x0102", "online": False},
    ]
    (down,) = decoded(made(frame, "sub-devices-down", "lamp=0101"))
    assert (down["action"], down["fields"]["entries"]) == (0x72, [{"did": "lamp", "p0": "0101"}])
    (one,) = decoded(made(frame, "transparent-down", "data=0102", "--sub-device", "lamp"))
    assert (one["flags"], one["sub_device"], one["action"]) == (1, "lamp", 5)


def test_every_command_and_acknowledgement_has_one_name(frame: Any) -> None:
    codes = set(COMMANDS) | {row.ack for row in COMMANDS.values() if row.ack is not None}
    assert set(NAMES) == codes
    assert len(CODES) == len(codes)
    rows = json.loads(frame("list", "--json").out)
    assert {row["cmd"] for row in rows} == codes
    assert len({row["name"] for row in rows}) == len(rows)
    lines = frame("list").out.splitlines()
    assert len(lines) == len(rows)
    assert "07  heartbeat" in lines
    assert any(line.startswith("03  control ") for line in lines)


def test_every_listed_name_makes_a_frame_of_its_code(frame: Any, decoded: Decoded) -> None:
    for row in json.loads(frame("list", "--json").out):
        (said,) = decoded(made(frame, row["name"], "payload=", "--sn", "7"))
        assert (said["cmd"], said["sn"], said["payload"]) == (row["cmd"], 7, "")


@pytest.mark.parametrize("value", ["黄色", "yellow", "1"])
def test_an_enum_is_given_in_chinese_in_english_or_by_number(frame: Any, value: str) -> None:
    words = ("control", "--product", GOKIT, f"LED_Color={value}")
    assert made(frame, *words) == "FFFF000D03000000010202000000000015"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nonsense",), "`wxlink frame list` names them"),
        (("1FF",), "no frame is called"),
        (("heartbeat", "x=1"), "heartbeat has no field x"),
        (("heartbeat", "x"), "give field=value"),
        (("p0-down",), "p0-down needs payload=HEX"),
        (("heartbeat", "payload=XY"), "give payload=HEX"),
        (("heartbeat", "payload=01", "x=1"), "give no other field"),
        (("heartbeat", "--sn", "256"), "cmd and sn are one byte"),
        (("heartbeat", "--sub-device", "a"), "carries no P0"),
        (("control", "LED_OnOff=true"), "add --product FILE"),
        (("control", "--product", GOKIT, "Nothing=1"), "no data point 'Nothing'"),
        (("control", "--product", GOKIT, "LED_OnOff=7"), "give LED_OnOff=true|false"),
        (("control", "--product", GOKIT, "LED_R=red"), "LED_R=red: give a number"),
        (("control", "--product", GOKIT, "LED_R=nan"), "LED_R=nan: give a number from 0 to 254"),
        (("control", "--product", GOKIT, "LED_R=inf"), "give a number from 0 to 254"),
        (("control", "--product", GOKIT, "LED_R=255"), "LED_R=255: give 0 to 254"),
        (("control", "--product", GOKIT, "LED_R=-1"), "give 0 to 254, or payload=HEX"),
        (("control", "--product", GOKIT, "Motor_Speed=-5.6"), "give -5 to 5"),
        (("read", "--product", GOKIT, "LED_R"), "read as a whole"),
        (("read", "--product", METER, "numSv=1"), "name data points without values"),
        (("control", "--product", GOKIT, "LED_Color=7"), "is one of"),
        (("control", "--product", GOKIT, "Humidity=7"), "read-only"),
        (("control", "--product", GOKIT, "LED_R=1", "LED_R=2"), "given twice"),
        (("enter-configuration",), "needs mode=softap|airlink|given"),
        (("enter-configuration", "mode=north"), "give mode=softap|airlink|given"),
        (("device-info", "colour=red"), "device-info has no field colour: it has product_key"),
        (("module-status", "signal=8"), "signal must be 0..7"),
        (("transparent-up",), "give data=HEX"),
        (("sub-devices-down", "lamp="), "begins with its action"),
        (("network-time", "year=later"), "give year=NUMBER"),
        (("transaction-download", "url=\udcff"), "give url=TEXT"),
        (("enter-configuration", "mode=given", "ssid=\udcff"), "give ssid=TEXT|0xHEX"),
    ],
    ids=lambda words: " ".join(words)[-30:] if isinstance(words, tuple) else "",
)
def test_what_cannot_be_made_is_refused_with_the_remedy(
    frame: Any, words: tuple[str, ...], says: str
) -> None:
    done = frame("encode", *words)
    assert (done.status, done.out) == (1, "")
    assert says in done.err


def test_a_frame_without_a_name_is_asked_for_the_name_only(
    frame: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        frame("encode")
    assert capsys.readouterr().err.endswith("the following arguments are required: NAME\n")
