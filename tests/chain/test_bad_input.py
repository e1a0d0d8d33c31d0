"""Bad input of every kind against a running demo: each gets the documented refusal, and the rest goes on.

The fixture `watcher` switches the device's lamp before and after each test; tests that take a while switch it
in between too. A new did of the device, a dead child or a restarted one would show there.
"""

import asyncio
import contextlib
import hashlib
import json
import socket as socket_module
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Self

import aiohttp
import paho.mqtt.client as mqtt
import pytest
from demo_process import DemoProcess
from paho.mqtt.enums import CallbackAPIVersion
from watcher import Watcher
from yarl import URL

from wxproto import envelope

Eventually = Callable[..., Awaitable[object]]
NOBODY = "a" * 32
SWITCH_ON = [1, 1, 1]


@pytest.fixture
async def watcher(demo: DemoProcess) -> AsyncIterator[Watcher]:
    """A user whose device works before and after the test, with the same processes."""
    processes = set(demo.children())
    async with Watcher(demo) as one:
        await one.switches()
        yield one
        await one.switches()
    assert set(demo.children()) == processes
    assert "Traceback" not in demo.errors


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as one:
        yield one


class Module:
    """An MQTT client that says it is a module; it tries once."""

    def __init__(self, did: str, passcode: str | None) -> None:
        self.outcome = ""
        self.lost = 0
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=did, clean_session=False, reconnect_on_failure=False
        )
        if passcode is not None:
            self._client.username_pw_set(did, passcode)
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected

    async def connect(self, demo: DemoProcess, eventually: Eventually) -> Self:
        """Connect and wait for the broker's answer, then in `outcome`."""
        address = URL(demo.facts["mqtt"])
        self._client.connect(str(address.host), address.port or 0)
        self._client.loop_start()
        await eventually(lambda: self.outcome)
        return self

    async def publish(self, topic: str, payload: bytes, within_s: float) -> bool:
        """Publish with QoS 1; whether the broker took it."""
        sent = self._client.publish(topic, payload, qos=1)
        try:
            await asyncio.to_thread(sent.wait_for_publish, within_s)
        except RuntimeError:  # the broker left while it was being sent
            return False
        return sent.is_published()

    async def leave(self) -> None:
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def _connected(self, _client: mqtt.Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        self.outcome = str(code)

    def _disconnected(self, _client: mqtt.Client, _data: Any, _flags: Any, _code: Any, _props: Any) -> None:
        self.lost += 1


async def register(
    session: aiohttp.ClientSession, demo: DemoProcess, **changed: str
) -> tuple[int, dict[str, str]]:
    """A module's registration: the status, and the form text of the answer as a dictionary."""
    form = {"passcode": "ABCDEFGHIJ", "mac": "020000000001", "update_key": "ab" * 32}
    form["product_key"] = demo.facts["product_key"]
    async with session.post(f"{demo.facts['http']}/dev/devices", data={**form, **changed}) as answer:
        text = await answer.text()
    return answer.status, dict(part.split("=", 1) for part in text.split("&"))


# The module's side


async def test_a_wrong_product_key_registers_nothing(
    demo: DemoProcess, watcher: Watcher, session: aiohttp.ClientSession
) -> None:
    status, answer = await register(session, demo, product_key=NOBODY)
    assert status == 400
    assert answer.keys() == {"error"}


async def test_an_oversize_registration_is_not_read(
    demo: DemoProcess, watcher: Watcher, session: aiohttp.ClientSession
) -> None:
    status, answer = await register(session, demo, mac="0" * 2_000_000)
    assert status == 413
    assert answer.keys() == {"error"}


@pytest.mark.parametrize("passcode", ["WRONGCODEX", "", None])
async def test_a_module_with_a_wrong_passcode_or_none_is_not_let_in(
    demo: DemoProcess, watcher: Watcher, eventually: Eventually, passcode: str | None
) -> None:
    stranger = await Module(demo.facts["did"], passcode).connect(demo, eventually)
    await stranger.leave()
    assert stranger.outcome == "Not authorized"


async def test_an_mqtt_client_without_user_and_password_is_not_let_in(
    demo: DemoProcess, watcher: Watcher, eventually: Eventually
) -> None:
    stranger = await Module("stranger", None).connect(demo, eventually)
    await stranger.leave()
    assert stranger.outcome == "Not authorized"


async def test_a_module_cannot_speak_for_another_one(
    demo: DemoProcess, watcher: Watcher, session: aiohttp.ClientSession, eventually: Eventually
) -> None:
    status, answer = await register(session, demo)
    assert status == 201
    did, victim = answer["did"], demo.facts["did"]
    before = await watcher.latest()
    module = await Module(did, "ABCDEFGHIJ").connect(demo, eventually)
    assert module.outcome == "Success"
    forged = envelope.encode(envelope.REPORT, b"\x04" + bytes(13))
    await module.publish(f"dev2app/{victim}", forged, within_s=0.5)
    await module.publish(f"dev2app/{victim}/online", b"0 00000001", within_s=0.5)
    await module.publish(f"app2dev/{victim}/usr1", envelope.encode(envelope.NOTIFY, b"\x01"), within_s=0.5)
    assert await module.publish(f"dev2app/{did}", forged, within_s=10)  # its own topic is open to it
    await module.leave()
    # What went before on this connection was handled before: nothing of it arrived.
    assert (await watcher.latest())["LED_R"] == before["LED_R"]
    assert demo.mcu_log().count("bad ") == 0


async def test_an_mqtt_message_beyond_the_brokers_limit_ends_that_connection(
    demo: DemoProcess, watcher: Watcher, session: aiohttp.ClientSession, eventually: Eventually
) -> None:
    _, answer = await register(session, demo)
    module = await Module(answer["did"], "ABCDEFGHIJ").connect(demo, eventually)
    assert not await module.publish(f"dev2app/{answer['did']}", bytes(64 * 1024), within_s=2)
    await eventually(lambda: module.lost)
    await module.leave()


@pytest.mark.parametrize("payload", [b"", b"{", bytes(100), envelope.encode(envelope.REPORT, b"\x04\xff")])
async def test_a_report_that_cannot_be_read_is_dropped(
    demo: DemoProcess,
    watcher: Watcher,
    session: aiohttp.ClientSession,
    eventually: Eventually,
    payload: bytes,
) -> None:
    _, answer = await register(session, demo)
    module = await Module(answer["did"], "ABCDEFGHIJ").connect(demo, eventually)
    assert await module.publish(f"dev2app/{answer['did']}", payload, within_s=10)
    await module.leave()


async def test_bytes_that_are_no_mqtt_end_that_connection(demo: DemoProcess, watcher: Watcher) -> None:
    address = URL(demo.facts["mqtt"])
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(b"\xff" * 500)
    async with asyncio.timeout(30):
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.close()


# The HTTP API


async def refused(call: Any, status: int, code: int) -> None:
    async with call as answer:
        assert answer.status == status
        assert (await answer.json())["error_code"] == code


@pytest.mark.parametrize(
    ("moved_s", "secret", "code"), [(0, "wrong", 9044), (-305, None, 9043), (3600, None, 9043)]
)
async def test_a_wrong_signature_or_clock_binds_nothing(
    demo: DemoProcess,
    watcher: Watcher,
    session: aiohttp.ClientSession,
    *,
    moved_s: int,
    secret: str | None,
    code: int,
) -> None:
    facts = demo.facts
    stamp = str(int(time.time()) + moved_s)
    text = (secret or facts["product_secret"]) + stamp
    headers = {
        **watcher.headers,
        "X-Gizwits-Timestamp": stamp,
        "X-Gizwits-Signature": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
    }
    body = {"product_key": facts["product_key"], "mac": facts["mac"]}
    await refused(session.post(f"{facts['http']}/app/bind_mac", headers=headers, json=body), 400, code)


async def test_wrong_keys_and_tokens_are_refused(
    demo: DemoProcess, watcher: Watcher, session: aiohttp.ClientSession
) -> None:
    http, did = demo.facts["http"], demo.facts["did"]
    stranger = {**watcher.headers, "X-Gizwits-User-token": NOBODY}
    nobodys_app = {**watcher.headers, "X-Gizwits-Application-Id": NOBODY}
    control = {"raw": SWITCH_ON}
    await refused(session.get(f"{http}/app/bindings", headers=stranger), 400, 9004)
    await refused(session.post(f"{http}/app/control/{did}", headers=stranger, json=control), 400, 9004)
    await refused(session.get(f"{http}/app/bindings", headers=nobodys_app), 400, 9003)
    await refused(session.get(f"{http}/app/datapoint?product_key={NOBODY}"), 400, 9002)
    signed = {**watcher.headers, "X-Gizwits-Timestamp": str(int(time.time())), "X-Gizwits-Signature": NOBODY}
    body = {"product_key": NOBODY, "mac": demo.facts["mac"]}
    await refused(session.post(f"{http}/app/bind_mac", headers=signed, json=body), 400, 9002)


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 100_000, b'{"attrs": 5}'])
async def test_a_body_that_is_no_json_object_is_refused(
    demo: DemoProcess, watcher: Watcher, session: aiohttp.ClientSession, body: bytes
) -> None:
    url = f"{demo.facts['http']}/app/control/{demo.facts['did']}"
    await refused(session.post(url, headers=watcher.headers, data=body), 400, 9015)


async def test_a_body_beyond_the_limit_is_not_read(
    demo: DemoProcess, watcher: Watcher, session: aiohttp.ClientSession
) -> None:
    url = f"{demo.facts['http']}/app/control/{demo.facts['did']}"
    body = json.dumps({"raw": [1] * 1_000_000})
    await refused(session.post(url, headers=watcher.headers, data=body), 413, 9015)


async def test_someone_elses_device_is_not_controlled(
    demo: DemoProcess, watcher: Watcher, session: aiohttp.ClientSession
) -> None:
    http = demo.facts["http"]
    headers = {"X-Gizwits-Application-Id": demo.facts["appid"]}
    async with session.post(f"{http}/app/users", headers=headers, json={"phone_id": "stranger"}) as answer:
        headers["X-Gizwits-User-token"] = (await answer.json())["token"]
    url = f"{http}/app/control/{demo.facts['did']}"
    await refused(session.post(url, headers=headers, json={"raw": SWITCH_ON}), 400, 9017)


# The WebSocket


async def error_code(socket: aiohttp.ClientWebSocketResponse, message: str | bytes) -> int:
    """What the relay answers to a message that it cannot take."""
    await (socket.send_str(message) if isinstance(message, str) else socket.send_bytes(message))
    answer = await socket.receive_json(timeout=30)
    assert answer["cmd"] == "s2c_invalid_msg"
    return int(answer["data"]["error_code"])


async def test_websocket_messages_of_the_wrong_form_are_refused_and_the_socket_stays(
    demo: DemoProcess, watcher: Watcher, session: aiohttp.ClientSession
) -> None:
    read = json.dumps({"cmd": "c2s_read", "data": {"did": demo.facts["did"]}})
    async with session.ws_connect(demo.facts["ws"]) as socket:
        assert await error_code(socket, read) == 1003
        for change in ({"token": NOBODY}, {"appid": NOBODY}, {"uid": NOBODY}, {"token": 5}):
            await socket.send_json(watcher.login_req(**change))
            answer = await socket.receive_json(timeout=30)
            assert (answer["cmd"], answer["data"]["success"]) == ("login_res", False)
        await socket.send_json(watcher.login_req())
        assert (await socket.receive_json(timeout=30))["data"]["success"] is True
        for message in ("{", "[]", '{"cmd": "c2s_fly"}', "[" * 60_000, b"\x00", "x" * 200_000):
            assert await error_code(socket, message) == 9015
        await watcher.switches()
        while (await socket.receive_json(timeout=30))["cmd"] != "s2c_noti":  # and this one heard it
            pass


async def test_a_websocket_message_beyond_the_limit_ends_that_socket(
    demo: DemoProcess, watcher: Watcher, session: aiohttp.ClientSession
) -> None:
    async with session.ws_connect(demo.facts["ws"]) as socket:
        # The relay closes without reading to the end; what is still under way may reset the connection first.
        with contextlib.suppress(ConnectionError):
            await socket.send_str("x" * 2_000_000)
        message = await socket.receive(10)
        assert message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
        if message.type == aiohttp.WSMsgType.CLOSE:
            assert message.data == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_a_websocket_client_that_stops_reading_is_cut_off(
    demo: DemoProcess, watcher: Watcher, session: aiohttp.ClientSession, eventually: Eventually
) -> None:
    async with session.ws_connect(demo.facts["ws"]) as socket:
        await socket.send_json(watcher.login_req(auto_subscribe=False))
        assert (await socket.receive_json(timeout=30))["data"]["success"] is True
        kernel = socket.get_extra_info("socket")
        kernel.setsockopt(socket_module.SOL_SOCKET, socket_module.SO_RCVBUF, 4096)
        # Each question takes 30 KB and its answer 75 KB, which nobody reads.
        question = json.dumps({"cmd": "subscribe_req", "data": [{"did": f"{n:022}"} for n in range(1000)]})
        asking = asyncio.create_task(ask_for_ever(socket, question))
        while not asking.done():
            await watcher.switches()
        assert isinstance(asking.exception(), ConnectionError)
    await eventually(lambda: "reads too slowly" in demo.errors)


async def ask_for_ever(socket: aiohttp.ClientWebSocketResponse, question: str) -> None:
    """Send until the connection ends."""
    while True:
        await asyncio.wait_for(socket.send_str(question), 10)


async def test_hundreds_of_idle_websockets_disturb_nobody(
    demo: DemoProcess, watcher: Watcher, session: aiohttp.ClientSession
) -> None:
    sockets = [await session.ws_connect(demo.facts["ws"]) for _ in range(300)]
    await watcher.switches()
    await asyncio.gather(*(one.close() for one in sockets))


# WeChat's callback


@pytest.mark.parametrize("size", [10, 70_000, 5_000_000])
async def test_a_callback_that_is_not_wechats_is_refused_whatever_its_size(
    demo: DemoProcess, watcher: Watcher, session: aiohttp.ClientSession, size: int
) -> None:
    callback = demo.facts["wechat"]["callback"]
    query = {
        "timestamp": str(int(time.time())),
        "nonce": "1",
        "msg_signature": "0" * 40,
        "encrypt_type": "aes",
    }
    body = b"<xml><Encrypt>" + b"A" * size + b"</Encrypt></xml>"
    async with session.post(callback, params=query, data=body) as answer:
        assert (answer.status, await answer.text()) == (403, "")
