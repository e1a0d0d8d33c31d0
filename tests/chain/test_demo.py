"""`wxlink demo` as its user meets it: what it prints, what it keeps, how it ends, how it heals."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from demo_process import DemoProcess, alive
from lan_app import App
from watcher import Watcher

from wxlink.assets import asset
from wxlink.product import read
from wxproto.p0 import Codec

Eventually = Callable[..., Awaitable[object]]

DOCUMENTED_KEYS = {
    "http", "ws", "mqtt", "lan", "appid", "product_key", "product_secret", "mac", "did", "passcode",
    "mcu_log", "wechat",
}  # fmt: skip
DOCUMENTED_WECHAT_KEYS = {"callback", "sandbox", "appid", "token", "aes_key", "openid"}


def test_json_line_holds_every_documented_key(demo: DemoProcess) -> None:
    assert set(demo.facts) >= DOCUMENTED_KEYS
    assert set(demo.facts["wechat"]) >= DOCUMENTED_WECHAT_KEYS
    assert len(demo.facts["did"]) == 22
    assert demo.facts["lan"].startswith("tcp://127.0.0.1:")
    assert Path(demo.facts["mcu_log"]).is_file()


def test_second_start_keeps_the_device_and_fresh_begins_anew(tmp_path: Path) -> None:
    with DemoProcess(tmp_path) as first:
        below = first.children()
        assert first.stop() == 0
    assert below
    assert not [pid for pid in below if alive(pid)]
    with DemoProcess(tmp_path) as second:
        assert [second.facts[key] for key in ("did", "passcode", "mac", "appid")] == [
            first.facts[key] for key in ("did", "passcode", "mac", "appid")
        ]
    with DemoProcess(tmp_path, "--fresh") as third:
        assert third.facts["did"] != first.facts["did"]
        assert third.facts["mac"] != first.facts["mac"]


async def test_an_app_on_the_lan_controls_the_device_and_the_relay_hears_of_it(
    demo: DemoProcess, eventually: Eventually
) -> None:
    codec = Codec(read(asset("protocol/products/gokit.json")).product)
    async with Watcher(demo) as watcher, App(urlsplit(demo.facts["lan"]).port or 0) as app:
        assert await app.log_in() == demo.facts["passcode"]
        red = ((await watcher.latest())["LED_R"] + 77) % 255
        app.send(0x90, codec.encode_control({"LED_R": red}))
        await eventually(lambda: f"hw LED_R = {red}" in demo.mcu_log())
        while (await watcher.next("s2c_noti"))["attrs"]["LED_R"] != red:
            pass
        while codec.decode_report((await app.next())[1])["LED_R"] != red:
            pass


async def test_killed_demo_leaves_no_process_behind(tmp_path: Path, eventually: Eventually) -> None:
    running = DemoProcess(tmp_path)
    running.start()
    below = running.children()
    assert len(below) >= 3  # broker, MCU, module
    running.stop(signal.SIGKILL)
    await eventually(lambda: not [pid for pid in below if alive(pid)])


async def test_killed_parts_show_off_line_and_come_back(tmp_path: Path) -> None:
    with DemoProcess(tmp_path) as running:
        async with Watcher(running) as watcher:
            for victim in ("module_pid", "mcu_pid"):
                os.kill(running.facts[victim], signal.SIGKILL)
                assert await watcher.online() is False, victim
                assert await watcher.online() is True, victim
                await watcher.switches()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_start_can_be_broken_off(
    tmp_path: Path, number: signal.Signals, eventually: Eventually
) -> None:
    module = tmp_path / "hangs"
    module.write_text("#!/bin/sh\nexec sleep 600\n", "ascii")
    module.chmod(0o700)
    running = DemoProcess(tmp_path, WXLINK_MICROPYTHON=str(module))
    running.launch()
    await eventually(lambda: "module" in running.errors)
    await eventually(lambda: len(running.children()) >= 3)  # broker, MCU, module
    below = running.children()
    assert running.stop(number) == 130
    assert not [pid for pid in below if alive(pid)]
    assert "Traceback" not in running.errors


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["demo", "--port", "65535"], "0 to 65534"),
        (["demo", "--heap", "2"], "KiB"),
        (["demo", "--wss-port", "0"], "1 to 65535"),
        (["nothing"], "invalid choice"),
    ],
)
def test_wrong_words_are_refused_with_the_reason(words: list[str], says: str) -> None:
    assert says in refusal(*words, status=2)


def refusal(*words: str, status: int = 1, **environment: str) -> str:
    """What a `wxlink` that cannot start says on stderr; it must end with that status and no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "wxlink.cli", *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("option", ["--json", "--fresh"])
async def test_a_second_demo_with_the_same_data_is_refused_and_disturbs_nothing(
    demo: DemoProcess, option: str
) -> None:
    said = refusal("demo", option, "--port", "0", "--data", str(demo.folder / "data"))
    assert "another demo runs" in said
    async with Watcher(demo) as watcher:
        await watcher.switches()


@pytest.mark.parametrize("option", ["--json", "--fresh"])
def test_a_folder_that_is_not_a_demos_is_left_alone(tmp_path: Path, option: str) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "letters.txt").write_text("dear", "utf-8")
    said = refusal("demo", option, "--port", "0", "--data", str(tmp_path))
    assert "does not hold a demo's data" in said
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        said = refusal("demo", "--port", "0", "--data", str(path))
        assert f"{path} cannot be used" in said
        assert "--data" in said


def test_a_damaged_identity_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "identity.json").write_text('{"appid": 1}', "ascii")
    assert "--fresh" in refusal("demo", "--port", "0", "--data", str(tmp_path))


@pytest.mark.parametrize("after", [0, 1])
def test_a_taken_port_is_named_with_its_use_and_the_way_out(tmp_path: Path, after: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        said = refusal("demo", "--port", str(number - after), "--data", str(tmp_path))
    assert f"port {number}, for {('HTTP', 'the WeChat sandbox')[after]}" in said
    assert "--port 0" in said


@pytest.mark.parametrize("name", ["WXLINK_MICROPYTHON", "WXLINK_NATS_SERVER"])
def test_a_program_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    said = refusal("demo", "--port", "0", "--data", str(tmp_path), **{name: "/nonexistent"})
    assert f"{name} names /nonexistent" in said


async def test_without_a_c_compiler_the_python_mcu_is_used_and_that_is_said(tmp_path: Path) -> None:
    with DemoProcess(tmp_path, CC="/nonexistent") as running:
        assert running.facts["mcu"] == "Python"
        assert "/nonexistent not found" in running.errors
        assert "Python MCU" in running.errors
        async with Watcher(running) as watcher:
            await watcher.switches()


def test_no_secret_is_in_a_log_or_a_process_list_and_files_are_private(demo: DemoProcess) -> None:
    data = demo.folder / "data"
    identity = json.loads((data / "identity.json").read_text("utf-8"))
    secrets = {
        name: text
        for name, text in {**identity, "passcode": demo.facts["passcode"]}.items()
        if "secret" in name or name in {"passcode", "wechat_token", "wechat_aes_key"}
    }
    assert len(secrets) == 6
    logs = [path for path in data.rglob("*") if path.suffix in {".log", ".out"}]
    assert {path.name for path in logs} >= {"mcu.log", "mcu.out", "module.log", "nats.log", "nats.out"}
    said = {str(path): path.read_text("utf-8", "replace") for path in logs}
    said["stderr"] = demo.errors
    for pid in [demo.process.pid, *demo.children()]:
        said[f"process {pid}"] = Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace")
    for where, text in said.items():
        for name, secret in secrets.items():
            assert secret not in text, f"{name} is in {where}"
            assert secret.encode().hex().upper() not in text, f"{name} is in {where}, as a frame"
    assert re.search(r"tx FFFF....02.*\*{64}", said[str(data / "mcu.log")])  # the frame is there, masked

    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    for name in ("identity.json", "mcu.secret", "relay/broker/nats.conf", "relay/relay.sqlite3"):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o600, name
