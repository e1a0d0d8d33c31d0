"""What stands in front of every API, on a whole relay: who calls, how often, how long; what is counted."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from live import KIT, Device, kit, stock, until_async
from prometheus_client.parser import text_string_to_metric_families
from relay_ground import APPID, MAC, PASSCODE

from wxlink.relay.app import Relay
from wxlink.relay.front import Proxies
from wxlink.relay.settings import RelaySettings, TrafficLimits

PROXIES = tuple(map(ip_network, ("127.0.0.0/8", "10.0.0.0/8", "fd00::/8")))
CLIENT = "198.51.100.7"
UPDATE_KEY = "ab" * 32  # a module of our own: it needs no door


@asynccontextmanager
async def relay_with(folder: Path, *, proxied: bool = True, **changed: object) -> AsyncIterator[Relay]:
    """A relay behind a proxy on this machine; keys of TrafficLimits or of RelaySettings are set."""
    limits = {
        name: changed.pop(name) for name in tuple(changed) if name in TrafficLimits.__dataclass_fields__
    }
    settings = RelaySettings(
        folder / "relay",
        port=0,
        mqtt_port=0,
        trusted_proxies=PROXIES if proxied else (),
        limits=TrafficLimits(**limits),  # type: ignore[arg-type] # as named
        admin_public=True,
    )
    async with Relay(replace(settings, **changed)) as relay:  # type: ignore[arg-type] # as named
        await stock(relay.store)
        yield relay


def client(relay: Relay, **headers: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        f"http://127.0.0.1:{relay.http_port}", headers={"X-Gizwits-Application-Id": APPID, **headers}
    )


@pytest.mark.parametrize(
    ("peer", "headers", "address", "scheme", "host"),
    [
        ("10.0.0.1", {}, "10.0.0.1", "http", "h"),
        ("10.0.0.1", {"X-Forwarded-For": CLIENT}, CLIENT, "http", "h"),
        (CLIENT, {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https"}, CLIENT, "http", "h"),
        ("10.0.0.1", {"X-Forwarded-For": f"1.2.3.4, {CLIENT}, 10.0.0.2"}, CLIENT, "http", "h"),
        ("10.0.0.1", {"X-Forwarded-For": f"{CLIENT}:1234"}, CLIENT, "http", "h"),
        ("fd00::1", {"X-Forwarded-For": "[2001:db8::1]:443"}, "2001:db8::1", "http", "h"),
        ("::ffff:10.0.0.1", {"X-Forwarded-For": CLIENT}, CLIENT, "http", "h"),
        ("10.0.0.1", {"X-Forwarded-For": "10.0.0.3, 10.0.0.2"}, "10.0.0.3", "http", "h"),
        ("10.0.0.1", {"X-Forwarded-For": f"{CLIENT}, nonsense"}, "10.0.0.1", "http", "h"),
        ("10.0.0.1", {"X-Forwarded-For": "nonsense, 10.0.0.2"}, "10.0.0.2", "http", "h"),
        ("10.0.0.1", {"X-Forwarded-Proto": "http, https"}, "10.0.0.1", "https", "h"),
        ("10.0.0.1", {"X-Forwarded-Proto": "gopher", "X-Forwarded-Host": "a b"}, "10.0.0.1", "http", "h"),
        ("10.0.0.1", {"X-Forwarded-Host": "made.up, r.example:81"}, "10.0.0.1", "http", "r.example:81"),
        ("", {"X-Forwarded-For": "1.2.3.4"}, "", "http", "h"),
    ],
)
def test_who_calls(peer: str, headers: Mapping[str, str], address: str, scheme: str, host: str) -> None:
    request = make_mocked_request("GET", "/", headers={"Host": "h", **headers}).clone(remote=peer)
    assert isinstance(request, web.Request)
    caller = Proxies(PROXIES).caller(request)
    assert (caller.address, caller.scheme, caller.host) == (address, scheme, host)


async def test_clients_behind_a_proxy_are_told_the_address_they_used(tmp_path: Path) -> None:
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "relay.example.org"}
    async with relay_with(tmp_path) as relay, client(relay, **told) as session:
        did = await relay.service.register_device(KIT, MAC, PASSCODE, UPDATE_KEY)
        async with session.get(f"/dev/devices/{did}") as answer:
            assert (await answer.text()).startswith("host=relay.example.org&port=")
        login = await relay.service.anonymous_user(APPID, "p")
        await relay.service.bind_by_passcode(login.uid, did, PASSCODE)
        async with session.get("/app/bindings", headers={"X-Gizwits-User-token": login.token}) as answer:
            (device,) = (await answer.json())["devices"]
            assert (device["host"], device["wss_port"]) == ("relay.example.org", 443)


async def test_an_untrusted_peer_is_told_what_it_would_be_told_anyway(tmp_path: Path) -> None:
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    async with relay_with(tmp_path, proxied=False) as relay, client(relay, **told) as session:
        did = await relay.service.register_device(KIT, MAC, PASSCODE, UPDATE_KEY)
        async with session.get(f"/dev/devices/{did}") as answer:
            assert (await answer.text()).startswith("host=127.0.0.1&port=")


async def test_an_address_that_asks_too_often_is_refused_in_each_apis_words(tmp_path: Path) -> None:
    async with relay_with(tmp_path, address_per_s=0.001, address_burst=3) as relay, client(relay) as session:

        async def asked(path: str, address: str = CLIENT) -> tuple[int, str]:
            async with session.get(path, headers={"X-Forwarded-For": address}) as answer:
                return answer.status, await answer.text()

        assert [(await asked("/status"))[0] for _ in range(3)] == [200, 200, 200]
        status, text = await asked("/status")
        assert (status, json.loads(text)["error_code"]) == (400, 9041)
        status, text = await asked("/dev/devices/nobody")
        assert (status, text[:6]) == (429, "error=")
        assert (await asked("/h5/"))[0] == 429
        assert (await asked("/ws/app/v1"))[0] == 429
        assert (await asked("/status", "198.51.100.8"))[0] == 200
        for number in range(4):  # one subscriber has a whole IPv6 network
            status, _ = await asked("/status", f"2001:db8:0:1:{number}::1")
        assert status == 400
        assert relay.metrics.refused.labels("address")._value.get() == 5


async def test_a_user_and_an_app_have_their_share_over_all_apis(tmp_path: Path) -> None:
    async with relay_with(tmp_path, user_per_s=0.001, user_burst=4) as relay, client(relay) as session:
        mine, other = [await relay.service.anonymous_user(APPID, name) for name in "ab"]

        async def call(token: str) -> int:
            async with session.get("/app/bindings", headers={"X-Gizwits-User-token": token}) as answer:
                return (await answer.json()).get("error_code", 0)

        assert [await call(mine.token) for _ in range(3)] == [0, 0, 0]
        async with session.ws_connect("/ws/app/v1") as opened:
            data = {"appid": APPID, "uid": mine.uid, "token": mine.token, "auto_subscribe": True}
            await opened.send_json({"cmd": "login_req", "data": data})
            assert (await opened.receive_json())["data"]["success"]
            codes = []
            for _ in range(2):
                await opened.send_json({"cmd": "subscribe_req", "data": []})
                codes.append((await opened.receive_json())["data"].get("error_code"))
            assert codes == [None, 9041]
            await opened.send_json({"cmd": "ping"})
            assert (await opened.receive_json())["cmd"] == "pong"
        assert [await call(mine.token), await call(other.token)] == [9041, 0]


async def test_commands_to_one_device_have_a_rate(tmp_path: Path) -> None:
    async with relay_with(tmp_path, command_per_s=0.001, command_burst=2) as relay, client(relay) as session:
        did = await relay.service.register_device(KIT, MAC, PASSCODE, UPDATE_KEY)
        login = await relay.service.anonymous_user(APPID, "p")
        await relay.service.bind_by_passcode(login.uid, did, PASSCODE)
        device = await Device(did).come_online(relay.mqtt_port)

        async def online() -> bool:
            found = await relay.store.devices.get(did)
            return found is not None and found.online

        await until_async(online)
        codes = []
        for _ in range(5):
            async with session.post(
                f"/app/control/{did}",
                json={"attrs": {"LED_OnOff": True}},
                headers={"X-Gizwits-User-token": login.token},
            ) as answer:
                codes.append((await answer.json()).get("error_code", 0))
        await device.leave()
        assert codes[-1] == 9041  # the first of them may be used up by the relay's own read
        assert codes == sorted(codes)


async def test_a_request_must_arrive_in_time(tmp_path: Path) -> None:
    async with relay_with(tmp_path, request_s=1.0, keep_alive_s=1.0) as relay:
        for head, answer in (
            (b"POST /dev/devices HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\np", b"HTTP/1.1 408 "),
            (b"GET /status HTTP/1.1\r\nHost: h\r\nX-Slow: ", b""),  # never ends its head: cut without a word
            (b"", b""),
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", relay.http_port)
            writer.write(head)
            assert (await asyncio.wait_for(reader.read(), 30)).startswith(answer)
            writer.close()


async def test_heads_and_bodies_have_limits(tmp_path: Path) -> None:
    async with relay_with(tmp_path) as relay, client(relay) as session:
        async with session.get("/status", headers={"X-Long": "x" * 20_000}) as answer:
            assert answer.status == 400
        async with session.get(f"/status?{'x' * 20_000}") as answer:
            assert answer.status == 400
        for path in ("/app/users", "/dev/devices", "/wx/shop/callback"):
            async with session.post(path, data=b"x" * 1_000_000) as answer:
                assert answer.status in (400, 403, 413), path


async def test_one_address_gets_only_so_many_connections(tmp_path: Path) -> None:
    async with (
        relay_with(tmp_path, proxied=False, connections_per_address=3) as relay,
        AsyncExitStack() as open_ones,
    ):

        async def connect() -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", relay.http_port)
            open_ones.callback(writer.close)
            writer.write(b"GET /status HTTP/1.1\r\nHost: h\r\n\r\n")
            try:
                return (await asyncio.wait_for(reader.read(12), 30))[9:]
            except ConnectionError:
                return b""

        assert [await connect() for _ in range(5)] == [b"200", b"200", b"200", b"", b""]
        await open_ones.aclose()

        async def again() -> bool:
            return await connect() == b"200"

        await until_async(again)


async def test_each_answer_has_a_number_and_the_proxys_is_kept(tmp_path: Path) -> None:
    async with relay_with(tmp_path) as relay, client(relay) as session:
        numbers = set()
        for given in ("", "proxy-7", "evil\x80", "x" * 65):
            async with session.get("/status", headers={"X-Request-Id": given}) as answer:
                numbers.add(answer.headers["X-Request-Id"])
        async with session.get("/no/such") as answer:
            numbers.add(answer.headers["X-Request-Id"])
            assert answer.headers["Server"] == "wxlink"
        assert "proxy-7" in numbers
        assert len(numbers) == 5


async def test_hsts_is_sent_over_https_only_and_when_told_to(tmp_path: Path) -> None:
    secure = {"X-Forwarded-Proto": "https"}
    async with relay_with(tmp_path, hsts_s=60) as relay, client(relay) as session:
        async with session.get("/status", headers=secure) as answer:
            assert answer.headers["Strict-Transport-Security"] == "max-age=60"
        async with session.get("/status") as answer:
            assert "Strict-Transport-Security" not in answer.headers


async def test_figures_are_prometheus_text_with_few_labels(tmp_path: Path) -> None:
    async with relay_with(tmp_path) as relay, client(relay) as session:
        did = await relay.service.register_device(KIT, MAC, PASSCODE, UPDATE_KEY)
        device = await Device(did).come_online(relay.mqtt_port)
        await device.report(kit(1, 2, 3, 4, 5))
        for number in range(20):
            async with session.get(f"/dev/devices/{number:022}") as answer:
                assert answer.status == 404
            async with session.get(f"/no/such/{number}") as answer:
                assert answer.status == 404
        async with session.request("TRACE", "/status") as answer:
            assert answer.status == 405
        async with session.request("BREW", "/status") as answer:
            assert answer.status == 400  # not even HTTP: it reaches no route
        async with session.ws_connect("/ws/app/v1"):
            pass

        async def closed() -> bool:
            return relay.sockets == 0

        await until_async(closed)
        async with session.get("/metrics") as answer:
            assert answer.content_type == "text/plain"
            text = await answer.text()
        await device.leave()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert {"process_resident_memory_bytes", "process_cpu_seconds", "python_info"} <= families.keys()
    requests = {
        (one.labels["method"], one.labels["route"], one.labels["status"]): one.value
        for one in families["wxlink_http_request_seconds"].samples
        if one.name.endswith("_count")
    }
    assert requests["GET", "/dev/devices/{did}", "404"] == 20
    assert requests["GET", "unknown", "404"] == 20
    assert any(method == "other" for method, _, _ in requests)
    assert not any("/ws/" in route for _, route, status in requests if status == "101")
    assert {
        one.labels["outcome"]: one.value
        for one in families["wxlink_device_logins"].samples
        if one.name.endswith("_total")
    } == {"admitted": 1.0}
    assert families["wxlink_broker_up"].samples[0].value == 1
    for secret in (did, MAC, PASSCODE, APPID):
        assert secret not in text


async def test_two_relays_in_one_process_count_apart(tmp_path: Path) -> None:
    async with relay_with(tmp_path / "a") as one, relay_with(tmp_path / "b") as two, client(one) as session:
        async with session.get("/status"):
            pass
        assert b'route="/status"' in one.metrics.page()
        assert b'route="/status"' not in two.metrics.page()
