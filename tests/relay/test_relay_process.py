"""`wxlink relay` as a process: ready, stopped in order or at once, watched, silent about secrets."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from live import KIT, Device, kit, until, until_async
from process_ground import FREE_PORTS, output, running, stocked
from relay_ground import APPID, MAC, PASSCODE, PRODUCT_SECRET

PASSWORD = "a-Password-of-mine-77"
HEADERS = {"X-Gizwits-Application-Id": APPID}


async def test_a_stop_is_announced_then_orderly(tmp_path: Path, free_port: Callable[[], int]) -> None:
    admin = free_port()
    config = f"[http]\nport = 0\ndrain_s = 2\n[mqtt]\nport = 0\n[admin]\nport = {admin}\n"
    await stocked(tmp_path)
    async with running(tmp_path, config) as relay, aiohttp.ClientSession() as session:

        async def status(path: str) -> int:
            async with session.get(f"http://127.0.0.1:{admin}{path}") as answer:
                return answer.status

        assert [await status(path) for path in ("/readyz", "/healthz", "/metrics")] == [200, 200, 200]
        async with session.get(f"{relay.http}/readyz") as answer:
            assert answer.status == 404
        opened = await session.ws_connect(f"{relay.http}/ws/app/v1")
        relay.signal()

        async def not_ready() -> bool:
            return await status("/readyz") == 503

        await until_async(not_ready)
        async with session.get(f"{relay.http}/status") as answer:
            assert answer.status == 200, "while the load balancer turns away, requests are still served"
        closed = await opened.receive(30)
        assert (closed.data, closed.extra) == (aiohttp.WSCloseCode.GOING_AWAY, "relay is stopping")
        assert await relay.ended() == 0
        assert "stopped" in relay.log()
    assert not (tmp_path / "data" / "relay.sqlite3-wal").exists(), "the store was closed"


async def test_a_request_under_way_is_answered_before_the_end(tmp_path: Path) -> None:
    await stocked(tmp_path)
    public = f"{FREE_PORTS}[admin]\npublic = true\n"
    async with (
        running(tmp_path, public) as relay,
        aiohttp.ClientSession(relay.http, headers=HEADERS) as session,
    ):
        with contextlib.closing(sqlite3.connect(tmp_path / "data" / "relay.sqlite3")) as other:
            other.execute("BEGIN IMMEDIATE")  # the relay's transaction waits for this one

            async def under_way() -> bool:
                async with session.get("/metrics") as answer:
                    return "wxlink_store_connections 1.0" in await answer.text()

            asking = asyncio.create_task(session.post("/app/users", json={"phone_id": "p"}))
            await until_async(under_way)
            relay.signal()
            await until(lambda: "stopping" in relay.log())
            other.rollback()
        assert (await asking).status == 201
        assert await relay.ended() == 0


async def test_a_second_signal_ends_it_at_once_and_its_broker_too(tmp_path: Path) -> None:
    async with running(tmp_path, "[http]\nport = 0\ndrain_s = 300\n[mqtt]\nport = 0\n") as relay:
        relay.signal(signal.SIGINT)
        await until(lambda: "stopping" in relay.log())
        relay.signal()
        assert await relay.ended() == 128 + signal.SIGTERM
        port = relay.facts["mqtt_port"]
    await until(lambda: _refuses(port))


async def test_systemd_is_told(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(path))
        systemd.settimeout(30)

        async def told(word: bytes) -> None:
            while word not in (await asyncio.to_thread(systemd.recv, 4096)).splitlines():
                pass

        watched = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "100000"}
        async with running(tmp_path, **watched) as relay:
            await told(b"READY=1")
            await told(b"WATCHDOG=1")
            await told(b"WATCHDOG=1")
            relay.signal()
            await told(b"STOPPING=1")
            assert await relay.ended() == 0


async def test_a_data_folder_has_one_relay(tmp_path: Path) -> None:
    async with running(tmp_path):
        status, _, errors = await output(tmp_path)
        assert (status, "another relay runs with the data" in errors) == (1, True)
        status, told, _ = await output(tmp_path, "--check", "--json")
        assert status == 0
        assert {one["check"]: one["state"] for one in json.loads(told)}["relay"] == "warn"


async def test_mistakes_of_the_configuration_end_it_at_once(tmp_path: Path) -> None:
    status, told, errors = await output(tmp_path, config="[http]\nprot = 1\n[x]\n")
    assert (status, told, len(errors.splitlines())) == (1, "", 2)
    assert "did you mean http.port?" in errors


async def test_at_debug_no_secret_is_logged(tmp_path: Path) -> None:
    """Everything with a secret in it is done once, right and wrong; then the log is searched for all."""
    await stocked(tmp_path)
    (tmp_path / "aes").write_text("k" * 43)
    config = (
        f'{FREE_PORTS}[log]\nlevel = "debug"\nform = "json"\n[[wechat]]\nname = "shop"\n'
        'aes_key_file = "aes"\n'
        f'appid = "wx0123456789abcdef"\nsecret = "{"S" * 32}"\ntoken = "Tokenoftheshop"\n'
        'original_id = "gh_0123456789ab"\n'
    )
    secrets = [PASSWORD, PASSCODE, PRODUCT_SECRET, "k" * 43, "S" * 32, "Tokenoftheshop"]
    async with running(tmp_path, config, PYTHONASYNCIODEBUG="1") as relay:
        async with aiohttp.ClientSession(relay.http, headers=HEADERS) as session:
            secrets += await _a_life(session, relay.facts["mqtt_port"])
        relay.signal()
        assert await relay.ended() == 0
        log = relay.log()
        lines = [json.loads(line) for line in log.splitlines()]
    assert {"DEBUG", "INFO", "WARNING"} <= {line["level"] for line in lines}
    assert any(line["request_id"] for line in lines if line["logger"] == "aiohttp.access")
    for secret in secrets:
        assert secret not in log, f"a secret of {len(secret)} characters is in the log"


async def _a_life(session: aiohttp.ClientSession, mqtt_port: int) -> list[str]:
    """A device and a user, from registration to a command; the secrets that were drawn."""
    form = {"product_key": KIT, "mac": MAC, "passcode": PASSCODE, "update_key": "ab" * 32}
    async with session.post("/dev/devices", data=form) as answer:
        did = (await answer.text()).removeprefix("did=")
    for body in ({"username": "me", "password": PASSWORD}, {"username": "me", "password": PASSWORD}):
        async with session.post("/app/users", json=body) as answer:
            assert answer.headers["X-Request-Id"]
    async with session.post("/app/login", json={"username": "me", "password": PASSWORD}) as answer:
        login = await answer.json()
    owned = {"X-Gizwits-User-token": login["token"]}
    bind = {"devices": [{"did": did, "passcode": PASSCODE}]}
    for token in (login["token"], login["token"][::-1]):
        async with session.post(
            "/app/bindings", json=bind, headers={"X-Gizwits-User-token": token}, params={"token": token}
        ) as answer:
            assert answer.status in (200, 201, 400)
    refused = Device(did, PASSCODE[::-1], steady=False)
    await refused.connect(mqtt_port)
    await refused.leave()
    device = await Device(did).come_online(mqtt_port)
    opened = await session.ws_connect("/ws/app/v1")
    data = {"appid": APPID, "uid": login["uid"], "token": login["token"], "auto_subscribe": True}
    await opened.send_json({"cmd": "login_req", "data": data})
    assert (await opened.receive_json(timeout=30))["data"]["success"]
    await device.report(kit(1, 2, 3, 4, 5))
    command = {"cmd": "c2s_write", "data": {"did": did, "attrs": {"LED_OnOff": True}}}
    await opened.send_json(command)
    await device.command()
    await opened.send_json({"cmd": "c2s_write", "token": login["token"], "data": {"passcode": PASSCODE}})
    for path in (
        f"/h5/enter/{PASSWORD}",
        f"/dev/ota/get/{PASSWORD}/a",
        f"/wx/shop/callback?signature={PASSWORD}",
    ):
        async with session.get(path, headers=owned) as answer:
            await answer.read()
    async with session.get(f"/app/devdata/{did}/latest?passcode={PASSCODE}", headers=owned) as answer:
        assert answer.status == 200
    await device.leave()
    await opened.close()
    return [login["token"], login["token"][::-1], PASSCODE[::-1], "ab" * 32]


def _refuses(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize(
    ("config", "check", "state", "says"),
    [
        (FREE_PORTS, "database", "ok", "made at the first start"),
        ("[http]\nport = {taken}\n[mqtt]\nport = 0\n", "HTTP", "fail", "Address already in use"),
        (
            FREE_PORTS + '[tls]\ncert = "none.pem"\nkey = "none.pem"\n',
            "certificate",
            "fail",
            "cannot be read",
        ),
        (FREE_PORTS + '[tls]\ncert = "none.pem"\n', "certificate", "fail", "belong together"),
        (FREE_PORTS + '[broker]\nurl = "mqtt://127.0.0.1:1"\n', "broker", "fail", "Connection refused"),
        (
            FREE_PORTS + '[store]\nurl = "postgresql+asyncpg://a:S3cr3t@127.0.0.1:1/x"\n',
            "database",
            "fail",
            "",
        ),
        (FREE_PORTS + '[broker]\npassword = "S3cr3t-x"\n', "configuration", "warn", "others may read it"),
        ("[http]\nprot = 1\n", "configuration", "fail", "did you mean http.port?"),
    ],
)
async def test_a_check_says_what_to_do_and_changes_nothing(
    tmp_path: Path, config: str, check: str, state: str, says: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        text = config.replace("{taken}", str(taken.getsockname()[1]))
        status, told, errors = await output(tmp_path, "--check", "--json", config=text)
    found = json.loads(told)
    assert any(one["check"] == check and one["state"] == state and says in one["found"] for one in found), (
        told
    )
    assert status == any(one["state"] == "fail" for one in found)
    assert "S3cr3t" not in told + errors
    assert os.listdir(tmp_path) == ["relay.toml"]


async def test_a_check_of_a_used_relay_finds_its_schema(tmp_path: Path) -> None:
    await stocked(tmp_path)
    before = sorted(path.name for path in (tmp_path / "data").iterdir())
    status, told, _ = await output(tmp_path, "--check")
    assert status == 0, told
    assert "schema" in told
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == before
    database = tmp_path / "data" / "relay.sqlite3"
    database.write_bytes(b"no database at all, but long enough to be looked at" * 100)
    status, told, _ = await output(tmp_path, "--check")
    assert (status, "file is not a database" in told) == (1, True)


async def test_help_shows_an_example(tmp_path: Path) -> None:
    status, told, _ = await output(tmp_path, "--help")
    assert status == 0
    assert "wxlink relay --config /etc/wxlink/relay.toml" in told
