"""The relay as a whole: it starts, says what is wrong, heals, and leaves nothing behind."""

import os
import resource
import signal
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from live import KIT, Device, kit, live_house, live_relay, stock, until, until_async
from relay_ground import MAC, PASSCODE

from wxlink.relay import chores
from wxlink.relay.app import Relay, RelayError
from wxlink.relay.settings import RelaySettings


def settings(folder: Path, port: int = 0, **more: object) -> RelaySettings:
    return RelaySettings(data_dir=folder / "relay", port=port, mqtt_port=0, **more)  # type: ignore[arg-type] # as named


async def test_a_taken_http_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RelayError, match=rf"HTTP port {port} .*choose another port"):
            async with Relay(settings(tmp_path, port)):
                pass


async def test_a_start_that_fails_leaves_nothing_running(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wrong = RelaySettings(data_dir=tmp_path, port=port, mqtt_port=taken.getsockname()[1])
        with pytest.raises(RelayError, match=r"MQTT port \d+ .* in use"):
            async with Relay(wrong):
                pass
    async with Relay(settings(tmp_path, port)) as relay:
        assert relay.http_port == port


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"broker_url": "http://me:secret@host"}, "mqtt://host:1883"),
        ({"store_url": "nonsense"}, "sqlite"),
    ],
)
async def test_settings_that_cannot_work_are_explained_without_secrets(
    tmp_path: Path, changed: dict[str, str], says: str
) -> None:
    with pytest.raises(RelayError, match=says) as refused:
        async with Relay(settings(tmp_path, **changed)):
            pass
    assert "secret" not in str(refused.value)


async def test_everything_is_served_on_one_port_and_files_are_private(tmp_path: Path) -> None:
    async with live_relay(tmp_path) as relay, aiohttp.ClientSession() as session:
        base = f"http://127.0.0.1:{relay.http_port}"
        form = {"product_key": KIT, "mac": MAC, "passcode": PASSCODE, "update_key": "ab" * 32}
        async with session.post(f"{base}/dev/devices", data=form) as answer:
            assert answer.status == 201
            did = (await answer.text()).removeprefix("did=")
        async with session.get(f"{base}/dev/devices/{did}") as answer:
            assert f"port={relay.mqtt_port}&" in await answer.text()
        for path in ("/healthz", "/status", "/errors"):
            async with session.get(base + path) as answer:
                assert answer.status == 200
        device = await Device(did).come_online(relay.mqtt_port)
        await until_async(lambda: relay.store.connections.count(did, 0, 1e12))
        (passage,) = await relay.store.connections.of_device(did, 0, 1e12, 10)
        assert (passage.type, passage.ip) == ("dev_online", "127.0.0.1")
        await device.leave()
    for path in (tmp_path / "relay").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


async def test_readiness_follows_the_broker(tmp_path: Path) -> None:
    told = settings(tmp_path, admin_public=True)
    async with Relay(told) as relay, aiohttp.ClientSession() as session:

        async def status(path: str = "/readyz") -> int:
            async with session.get(f"http://127.0.0.1:{relay.http_port}{path}") as answer:
                return answer.status

        assert await status() == 200
        assert relay.broker
        assert relay.broker.pid
        os.kill(relay.broker.pid, signal.SIGKILL)
        await until(lambda: not relay.ingest.connected)
        assert await status() == 503
        assert await status("/healthz") == 200
        await relay.ingest.wait_up(10)
        assert await status() == 200


async def test_a_stop_closes_sockets_with_a_reason_and_ends_the_broker(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as session, Relay(settings(tmp_path)) as relay:
        await stock(relay.store)
        login = await relay.service.anonymous_user("aabbccdd00112233445566778899eeff", "phone-1")
        opened = await session.ws_connect(f"http://127.0.0.1:{relay.http_port}/ws/app/v1")
        await opened.send_json(
            {"cmd": "login_req", "data": {"appid": "aabbccdd00112233445566778899eeff", **_credentials(login)}}
        )
        await opened.receive_json(timeout=30)
        assert relay.broker
        pid = relay.broker.pid
        assert pid
        await relay.__aexit__(None, None, None)
        closed = await opened.receive(5)
        assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.GOING_AWAY)
        assert closed.extra == "relay is stopping"
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def _credentials(login: object) -> dict[str, str]:
    return {"uid": login.uid, "token": login.token}  # type: ignore[attr-defined] # a Login


async def test_devices_and_their_states_survive_a_restart(tmp_path: Path) -> None:
    async with live_house(tmp_path) as house:
        device = await house.device()
        await device.report(kit(1, 2, 3, 4, 5))
        did = device.did
    async with live_house(tmp_path) as house:
        found = await house.relay.store.devices.get(did)
        assert found
        assert not found.online

        async def known() -> bool:  # what had not arrived at the stop was kept by the broker
            return (await house.relay.store.states.latest(did)).attrs.get("LED_R") == 2

        await until_async(known)
        again = await house.device()
        assert again.did == did


async def test_a_broker_that_takes_no_session_any_more_is_started_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chores, "BROKER_AWAY_S", 1.0)
    async with live_house(tmp_path) as house:
        device = await house.device()
        broker = house.relay.broker
        assert broker
        broken = broker.pid
        assert broken
        # Like a full disk, for this process alone: nats-server stays broken after one write that failed.
        resource.prlimit(broken, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        await house.relay.service.downlink.send(device.did, kit(0, 0, 0, 0, action=1))
        await until(lambda: broker.pid not in {None, broken}, within_s=30)
        await until(lambda: device.codes.count("Success") == 2, within_s=30)
        await device.report(kit(1, 2, 3, 4, 5))


async def test_a_broker_that_stores_nothing_any_more_is_started_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chores, "BROKER_AWAY_S", 1.0)
    async with live_house(tmp_path) as house:
        device = await house.device()
        broker = house.relay.broker
        assert broker
        broken = broker.pid
        # The line that nats-server 2.15 wrote when its disk was full.
        with (tmp_path / "relay" / "broker" / "nats.log").open("a", encoding="ascii") as file:
            file.write(
                "[14499] 2026/11/21 09:39:01.608763 [ERR] JetStream failed to store a msg on stream "
                "'WX > $MQTT_msgs': write msgs/6.blk: no space left on device\n"
            )
        await until(lambda: broker.pid not in {None, broken}, within_s=30)
        await until(lambda: device.codes.count("Success") == 2, within_s=30)
        await device.report(kit(1, 2, 3, 4, 5))
