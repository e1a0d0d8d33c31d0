"""`wxlink demo` as its user meets it: what it prints, what it keeps, how it ends, how it heals."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest
from demo_process import DemoProcess

Eventually = Callable[..., Awaitable[object]]

DOCUMENTED_KEYS = {
    "http", "ws", "mqtt", "lan", "appid", "product_key", "product_secret", "mac", "did", "passcode",
    "mcu_log", "wechat",
}  # fmt: skip
DOCUMENTED_WECHAT_KEYS = {"callback", "sandbox", "appid", "token", "aes_key", "openid"}


def alive(pid: int) -> bool:
    """True while the process runs; an unreaped zombie does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_json_line_holds_every_documented_key(demo: DemoProcess) -> None:
    assert set(demo.facts) >= DOCUMENTED_KEYS
    assert set(demo.facts["wechat"]) >= DOCUMENTED_WECHAT_KEYS
    assert len(demo.facts["did"]) == 22
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


def test_killed_demo_leaves_no_process_behind(tmp_path: Path) -> None:
    running = DemoProcess(tmp_path)
    running.start()
    below = running.children()
    assert len(below) >= 3  # broker, MCU, module
    running.stop(signal.SIGKILL)
    for pid in below:
        with open(f"/proc/{os.getpid()}/stat", encoding="ascii"):
            assert not alive(pid) or _ends(pid), f"process {pid} outlived the demo"


def _ends(pid: int) -> bool:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        signal_set = __import__("select").poll()
        signal_set.register(descriptor)
        return bool(signal_set.poll(5000))
    finally:
        os.close(descriptor)


async def test_killed_module_and_mcu_show_off_line_and_come_back(tmp_path: Path) -> None:
    with DemoProcess(tmp_path) as running:
        async with aiohttp.ClientSession() as session:
            headers = await running.user(session, "watcher", "Secret-123")
            async with session.ws_connect(running.facts["ws"]) as socket:
                await socket.send_json(
                    {
                        "cmd": "login_req",
                        "data": {
                            "appid": running.facts["appid"],
                            "uid": await _uid(session, running, headers),
                            "token": headers["X-Gizwits-User-token"],
                            "p0_type": "attrs_v4",
                            "heartbeat_interval": 180,
                        },
                    }
                )
                assert (await socket.receive_json(timeout=5))["data"]["success"] is True
                for victim in ("module_pid", "mcu_pid"):
                    os.kill(running.facts[victim], signal.SIGKILL)
                    assert await _online(socket) is False, victim
                    assert await _online(socket) is True, victim


async def _uid(session: aiohttp.ClientSession, running: DemoProcess, headers: dict[str, str]) -> str:
    async with session.get(f"{running.facts['http']}/app/users", headers=headers) as answer:
        uid: str = (await answer.json())["uid"]
        return uid


async def _online(socket: aiohttp.ClientWebSocketResponse) -> bool:
    while True:
        message = await socket.receive_json(timeout=45)
        if message["cmd"] == "s2c_online_status":
            online: bool = message["data"]["online"]
            return online


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["demo", "--port", "99999"], "0 to 65535"),
        (["demo", "--heap", "2"], "KiB"),
        (["nothing"], "invalid choice"),
    ],
)
def test_wrong_words_are_refused_with_the_reason(words: list[str], says: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wxlink.cli", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_two_demos_with_the_same_data_are_refused(demo: DemoProcess) -> None:
    words = ["demo", "--json", "--port", "0", "--data", str(demo.folder / "data")]
    done = subprocess.run(
        [sys.executable, "-m", "wxlink.cli", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "another demo runs" in done.stderr


def test_fresh_does_not_delete_a_folder_that_is_not_a_demos(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear", "utf-8")
    words = ["demo", "--fresh", "--port", "0", "--data", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "wxlink.cli", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "does not hold a demo's data" in done.stderr
    assert (tmp_path / "letters.txt").read_text("utf-8") == "dear"


def test_json_line_is_the_only_thing_on_stdout(demo: DemoProcess) -> None:
    assert json.loads(json.dumps(demo.facts)) == demo.facts
    assert demo.facts["passcode"] not in demo.errors
    assert demo.facts["product_secret"] not in demo.errors
