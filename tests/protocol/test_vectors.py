"""The golden frames, decoded by CPython and by MicroPython, against the fields written beside them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wxproto.commands import COMMANDS

ROOT = Path(__file__).parents[2]
PROTOCOL = ROOT / "protocol"
VECTORS = PROTOCOL / "vectors"
RUNNER = Path(__file__).with_name("vector_check.py")
MICROPYTHON = (
    os.environ.get("WXLINK_MICROPYTHON")
    or shutil.which("micropython", path=Path(sys.executable).parent)
    or shutil.which("micropython")
)


def run(interpreter: str, path_variable: str) -> list[str]:
    done = subprocess.run(
        [interpreter, str(RUNNER), str(VECTORS), str(PROTOCOL / "products")],
        env={path_variable: str(PROTOCOL), "PYTHONIOENCODING": "utf-8", "PATH": os.environ["PATH"]},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return run(sys.executable, "PYTHONPATH")


def of(lines: list[str], *words: str) -> str:
    """The rest of the one line that begins with these words."""
    start = " ".join(words) + " "
    found = [line[len(start) :] for line in lines if line.startswith(start)]
    assert len(found) >= 1, f"no line for {start}"
    return found[0]


def load(name: str) -> Any:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


@pytest.mark.skipif(MICROPYTHON is None, reason="no MicroPython here: set WXLINK_MICROPYTHON to a unix build")
def test_micropython_prints_what_cpython_prints(lines: list[str]) -> None:
    assert MICROPYTHON is not None
    assert run(MICROPYTHON, "MICROPYPATH") == lines


def test_the_conversation_of_both_roles_was_a_whole_one(lines: list[str]) -> None:
    """It is compared between the interpreters above; here: that it contains what is worth comparing."""
    said = [line.split(" ", 2)[2] for line in lines if line.startswith("conversation ")]
    for words in ("LinkUp()", "LinkLost()", "Answered(", "GaveUp(", "Asked(", "sends FFFF000507"):
        assert any(words in line for line in said), words


def test_big_data_went_both_ways(lines: list[str]) -> None:
    for sending in ("module", "mcu"):
        assert of(lines, "big_data", sending).endswith(" done 2048 True")


def test_every_payload_was_damaged(lines: list[str]) -> None:
    """What came of it is compared between the interpreters above; here: that some of it was refused."""
    damaged = [line.split() for line in lines if line.startswith("damage ")]
    assert sum(int(words[2]) for words in damaged) > 5000
    assert sum(int(words[3]) for words in damaged) > 500


SERIAL = load("serial-frames.json")


@pytest.mark.parametrize("vector", SERIAL, ids=[vector["name"] for vector in SERIAL])
def test_serial_frame(vector: dict[str, Any], lines: list[str]) -> None:
    fields = vector["fields"]
    decoded = of(lines, "serial", vector["name"])
    encoded = of(lines, "serial", vector["name"], "encoded")
    if "raw_stream" in fields:
        assert decoded.split()[-1].startswith("0")
        return
    if not fields["checksum_ok"]:
        assert decoded == f"bad(wrong checksum,{int(fields['cmd'], 16)},{fields['sn']})"
        return
    cmd = fields["cmd"].removeprefix("0x")
    flags = fields["flags"].removeprefix("0x")
    assert decoded == f"{cmd}/{fields['sn']}/{flags}/{fields['payload']}"
    if not fields.get("quirk"):
        assert encoded == vector["hex"]


STREAMS = [vector for vector in SERIAL if "expect" in vector["fields"]]


@pytest.mark.parametrize("vector", STREAMS, ids=[vector["name"] for vector in STREAMS])
def test_reply_of_the_receiver(vector: dict[str, Any], lines: list[str]) -> None:
    expected = vector["fields"]["expect"]
    expected = expected if isinstance(expected, str) else "".join(expected)
    assert of(lines, "serial", vector["name"], "reply") == expected


NAMES = {
    "protocol_ver": "protocol_version",
    "p0_ver": "p0_version",
    "hard_ver": "hardware_version",
    "soft_ver": "software_version",
    "dev_attr": "attributes",
    "module_attr": "attributes",
    "file_size": "size",
    "piece": "number",
    "pieces": "count",
    "piece_len": "piece_bytes",
}
"""Fields of the vectors whose name in wxproto is another."""
SAME = (
    *("product_key", "product_secret", "bindable_s", "mode", "ssid", "password", "md5", "last", "did", "url"),
    *("year", "month", "day", "hour", "minute", "second", "utc", "mac", "ip", "imei", "imsi", "mcc", "mnc"),
)
OCTETS = ("ssid", "password")
"""Fields that are text in a vector and bytes in wxproto."""


def expected_words(fields: dict[str, Any]) -> set[str]:
    """What the fields beside a vector say, in the words of payload_check."""
    words = {
        f"{NAMES.get(name, name)}={text(value)}"
        for name, value in fields.items()
        if (name in NAMES or name in SAME) and name not in OCTETS
    }
    words |= {f"{name}={fields[name].encode().hex().upper()}" for name in OCTETS if name in fields}
    words |= {f"action={fields[name][2:]}" for name in ("action",) if name in fields}
    words |= {f"lac={lac} cell={cell} rssi={rssi}" for lac, cell, rssi in fields.get("cells", ())}
    words |= set(fields.get("entries", ()))
    if "data" in fields:
        words.add(f"{'extra' if fields['cmd'] == '0x02' else 'data'}={fields['data']}")
    if "attr_flags" in fields:
        words.add(f"data={fields['payload'][2:]}")
    if "error" in fields:
        words |= {"error", f"{fields['error']:02X}"}
    if "status" in fields:
        words |= {"status", fields["status"][2:]}
    if "type" in fields:
        words.add(f"kind={fields['type']}")
    if "result" in fields:
        shown = text(bool(fields["result"])) if fields["transaction"] == "0x02" else fields["result"]
        words.add(f"{'needed' if fields['transaction'] == '0x02' else 'result'}={shown}")
    return words


GOOD = [vector for vector in SERIAL if vector["fields"].get("checksum_ok")]


@pytest.mark.parametrize("vector", GOOD, ids=[vector["name"] for vector in GOOD])
def test_what_a_payload_says(vector: dict[str, Any], lines: list[str]) -> None:
    fields = vector["fields"]
    said = of(lines, "meaning", vector["name"]).split(",")
    assert expected_words(fields) <= set(said)
    if not fields["payload"] and fields["cmd"] != "0x1B":
        assert said == ["nothing"]
    elif fields.get("opaque"):
        assert said == ["unknown", fields["payload"]]
    if not fields.get("one_way"):
        assert of(lines, "meaning", vector["name"], "encoded") == fields["payload"]


def test_every_command_and_acknowledgement_has_a_vector() -> None:
    codes = {int(vector["fields"]["cmd"], 16) for vector in GOOD}
    assert codes >= set(COMMANDS) | {row.ack for row in COMMANDS.values() if row.ack is not None}


P0 = load("p0.json")["vectors"]


def text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("vector", P0, ids=[vector["name"] for vector in P0])
def test_p0(vector: dict[str, Any], lines: list[str]) -> None:
    decoded = of(lines, "p0", vector["name"])
    if vector.get("error"):
        assert decoded.startswith("PeerError ")
        return
    values = vector["values"]
    if isinstance(values, list):
        assert decoded == ",".join(sorted(values))
    else:
        assert decoded == ",".join(f"{name}={text(values[name])}" for name in sorted(values))
    if not vector.get("one_way"):
        assert of(lines, "p0", vector["name"], "encoded") == vector["p0"]


ENVELOPES = load("envelope.json")


@pytest.mark.parametrize("vector", ENVELOPES["envelopes"], ids=lambda vector: vector["name"])
def test_envelope_vector(vector: dict[str, Any], lines: list[str]) -> None:
    decoded = of(lines, "envelope", vector["name"])
    assert decoded == f"{vector['cmd']}/{vector['flag']:02X}/{vector['sn']}/{vector['p0']}"
    if not vector.get("one_way"):
        assert of(lines, "envelope", vector["name"], "encoded") == vector["hex"]


@pytest.mark.parametrize("vector", ENVELOPES["services"], ids=lambda vector: vector["name"])
def test_service_vector(vector: dict[str, Any], lines: list[str]) -> None:
    assert of(lines, "service", vector["name"]) == f"{vector['cmd']}/{vector['body']}"
    assert of(lines, "service", vector["name"], "encoded") == vector["hex"]


@pytest.mark.parametrize("vector", ENVELOPES["malformed"], ids=lambda vector: vector["name"])
def test_malformed_envelope(vector: dict[str, Any], lines: list[str]) -> None:
    assert of(lines, "malformed", vector["name"]).startswith("PeerError ")
