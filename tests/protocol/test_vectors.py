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
COVERED = set(COMMANDS) | {command.ack for command in COMMANDS.values()}


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
    expected = [expected] if isinstance(expected, str) else expected
    # Commands that wxlink does not speak yet are answered by error 2 instead of their acknowledgement.
    expected = [frame if not frame or int(frame[8:10], 16) in COVERED else None for frame in expected]
    reply = of(lines, "serial", vector["name"], "reply")
    assert reply.startswith("".join(frame for frame in expected if frame))
    if None not in expected:
        assert reply == "".join(expected)
    else:
        assert reply[-18:].startswith("06" + "11") or "000611" in reply


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


INFOS = [vector for vector in SERIAL if vector["name"].startswith("device_info")]
INFO_FIELDS = {
    "protocol_ver": "protocol_version",
    "p0_ver": "p0_version",
    "hard_ver": "hardware_version",
    "soft_ver": "software_version",
    "product_key": "product_key",
    "bindable_s": "bindable_s",
    "dev_attr": "attributes",
    "product_secret": "product_secret",
    "data": "extra",
}


@pytest.mark.parametrize("vector", INFOS, ids=[vector["name"] for vector in INFOS])
def test_device_information(vector: dict[str, Any], lines: list[str]) -> None:
    shown = of(lines, "device_info", vector["name"])
    fields = vector["fields"]
    assert any(name in fields for name in INFO_FIELDS)
    for theirs, ours in INFO_FIELDS.items():
        if theirs in fields:
            assert f"{ours}={fields[theirs]}" in shown
