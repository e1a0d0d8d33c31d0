"""Configuration, identity and the two text protocols of the start, on CPython; exit codes on MicroPython."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from firmware_bench import END_WITHIN_S, ROOT, MicroPython

from module import connecting, dns, relay_http
from module.config import KEYS, REQUIRED, ConfigError, configure, load
from module.settings import Settings
from port import unix
from wxproto.errors import LocalError

GIVEN = {"tty": "/dev/null", "relay": "http://127.0.0.1:80", "data": "/nowhere"}
MAIN = str(ROOT / "firmware" / "main.py")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"ttty": "x"}, "unknown key ttty"),
        ({"tty": None}, "give tty, the serial port of an MCU, or product"),
        ({"product": "lamp"}, "one of both"),
        ({"tty": ""}, "tty must be a text"),
        ({"relay": "ftp://x"}, "relay must start with http://"),
        ({"relay": "https://x"}, "give ca"),
        ({"production": 1}, "production must be true or false"),
        ({"relay": "http://x:99999"}, "relay must look like http://host:port"),
        ({"relay": "http://x/path"}, "relay must look like http://host:port"),
        ({"mac": "00:11:22"}, "mac must be 1..32 letters and digits"),
        ({"mcu_image": "a.bin"}, "give both or none"),
        ({"mcu_image": "a.bin", "mcu_version": "000000003"}, "mcu_version must be 1..8 ASCII characters"),
        ({"mcu_image": "a.bin", "mcu_version": "v³"}, "mcu_version must be 1..8 ASCII characters"),
        ({"mcu_image": "a.bin", "mcu_version": "3", "tty": None, "product": "p"}, "mcu_image is for an MCU"),
        ({"queue": 4.5}, "queue must be a whole number"),
        ({"queue": True}, "queue must be a whole number"),
        ({"heartbeat_s": "55"}, "heartbeat_s must be a number"),
        ({"keep_alive_s": 0}, "keep_alive_s must be within 0.5..3600"),
    ],
)
def test_a_wrong_configuration_says_what_to_mend(changes: dict[str, object], text: str):
    keys = {name: value for name, value in {**GIVEN, **changes}.items() if value is not None}
    with pytest.raises(ConfigError, match=re.escape(text)):
        configure(keys)


def test_defaults_and_the_relays_address():
    config = configure({**GIVEN, "relay": "http://relay.example/"})
    assert (config.relay_host, config.relay_port) == ("relay.example", 80)
    assert (config.heartbeat_s, config.keep_alive_s, config.mac) == (55, 60, None)


def test_the_readme_lists_every_key_with_its_default():
    text = (ROOT / "firmware" / "README.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (\S+) \|", text, re.MULTILINE))
    shown = {REQUIRED: "required", None: "none", False: "false"}
    assert rows == {name: str(shown.get(row[1], row[1])) for name, row in KEYS.items()}


def test_an_unreadable_file_is_named(tmp_path: Path):
    path = tmp_path / "config.json"
    with pytest.raises(ConfigError, match="cannot be read"):
        load(str(path))
    path.write_text("{")
    with pytest.raises(ConfigError, match="is not JSON"):
        load(str(path))
    path.write_bytes(b'{"relay": "\xff"}')
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load(str(path))
    path.write_text(" " * 5000)
    with pytest.raises(ConfigError, match="longer than"):
        load(str(path))
    path.write_text("[]")
    with pytest.raises(ConfigError, match=re.escape(str(path))):
        load(str(path))


@pytest.mark.parametrize(
    ("config", "code", "text"),
    [
        ({**GIVEN, "nonsense": 1}, 2, "unknown key nonsense"),
        ({"tty": "/dev/does-not-exist"}, 2, "missing key data, relay"),
        ({**GIVEN, "tty": "/dev/does-not-exist", "data": "here"}, 1, "/dev/does-not-exist"),
        ({**GIVEN, "tty": "/dev/null", "data": "/proc/nowhere"}, 1, "/proc/nowhere"),
    ],
)
async def test_the_program_ends_with_one_line_and_a_code(
    tmp_path: Path, config: dict[str, object], code: int, text: str
):
    if config.get("data") == "here":
        config = {**config, "data": str(tmp_path / "data")}
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    async with MicroPython(MAIN, str(path)) as module:
        assert await asyncio.wait_for(module.process.wait(), END_WITHIN_S) == code
    assert len(module.lines) == 1
    assert text in module.lines[0]


def stored(folder: Path, reports: list[str] | None = None) -> Settings:
    return Settings(str(folder), unix, (reports if reports is not None else []).append)


def test_the_identity_is_kept_and_private(tmp_path: Path):
    folder = tmp_path / "data"
    first = stored(folder)
    first.use_mac(None)
    assert re.fullmatch("02[0-9a-f]{10}", first.mac)
    assert re.fullmatch("[A-Y]{10}", first.passcode)
    assert first.use_product("k1")
    first.registered("did1")
    assert folder.stat().st_mode & 0o777 == 0o700
    again = stored(folder)
    again.use_mac(None)
    assert not again.use_product("k1")
    assert (again.mac, again.passcode, again.did) == (first.mac, first.passcode, "did1")
    assert again.use_product("k2")
    assert again.did is None
    assert stored(folder).passcode == first.passcode


def test_another_mac_needs_another_did(tmp_path: Path):
    settings = stored(tmp_path)
    settings.use_mac("aa")
    settings.registered("did1")
    settings.use_mac("aa")
    assert settings.did == "did1"
    settings.use_mac("bb")
    assert settings.did is None


@pytest.mark.parametrize("damage", ["", "{}", "x\ny\n", "half", "more", "erased"])
def test_a_damaged_identity_is_reported_and_kept_aside(tmp_path: Path, damage: str):
    first = stored(tmp_path)
    first.use_mac("aa")
    path = tmp_path / "settings.1"
    text = path.read_bytes()
    damages = {"half": text[: len(text) // 2], "more": text + b"x\n", "erased": text[:20] + b"\xff" * 100}
    damaged = damages.get(damage, damage.encode())
    path.write_bytes(damaged)
    reports: list[str] = []
    second = stored(tmp_path, reports)
    assert len(reports) == 1
    assert first.passcode not in reports[0]
    assert "settings.1.damaged" in reports[0]
    assert (tmp_path / "settings.1.damaged").read_bytes() == damaged
    assert second.passcode != first.passcode
    assert second.did is None


def test_passcodes_use_every_letter_from_a_to_y(tmp_path: Path):
    letters = "".join([stored(tmp_path / str(i)).passcode for i in range(60)])
    assert set(letters) == set("ABCDEFGHIJKLMNOPQRSTUVWXY")


def test_http_answers():
    head = b"HTTP/1.1 201 Created\r\nContent-Length: 26\r\n\r\n"
    status, body = relay_http.decode_answer(head + b"did=abcdefghijklmnopqrstuv")
    assert (status, relay_http.decode_form(body)) == (201, {"did": "abcdefghijklmnopqrstuv"})
    shown = "host=m2m.example&port=1883&server_ts=1700000000&port_s=8883\r\n"
    assert relay_http.decode_form(shown)["port_s"] == "8883"
    for data in (
        b"",
        b"HTTP/1.1 200 OK",
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.0 200\r\n\r\n\xff",
    ):
        with pytest.raises(relay_http.RelayError):
            relay_http.decode_answer(data)


def test_form_values_are_escaped():
    assert relay_http.encode_form((("mac", "a&b=c d"), ("x", "ä"))) == "mac=a%26b%3Dc%20d&x=%C3%A4"


# An answer with a compressed name and a CNAME before the address, as a resolver sends for www.example.com.
ANSWER = bytes.fromhex(
    "12348180000100020000000003777777076578616d706c6503636f6d0000010001"
    "c00c00050001000000ff0006036d696ec010"
    "c02d000100010000003c0004c0000207"
)


def test_dns_questions_and_answers():
    query = dns.encode_query(0x1234, "www.example.com")
    assert query == bytes.fromhex("12340100000100000000000003777777076578616d706c6503636f6d0000010001")
    assert dns.decode_answer(ANSWER, 0x1234) == "192.0.2.7"
    assert dns.decode_answer(ANSWER, 0x1235) is None
    assert dns.decode_answer(b"short", 0x1234) is None
    with pytest.raises(dns.DnsError, match="no such host"):
        dns.decode_answer(ANSWER[:3] + b"\x83" + ANSWER[4:], 0x1234)
    for size in range(12, len(ANSWER)):
        with pytest.raises(dns.DnsError):
            dns.decode_answer(ANSWER[:size], 0x1234)
    for name in ("", "a..b", "a" * 64 + ".de", "a." * 130):
        with pytest.raises(LocalError):
            dns.encode_query(1, name)
    assert connecting.is_address("127.0.0.1")
    assert not connecting.is_address("127.0.0.256")
    assert not connecting.is_address("relay.local")
