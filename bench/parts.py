"""The processes around the relay: devices that flood or obey, an app that counts or switches, a bare echo.

`python -m bench.parts PART` reads one JSON object, prints `ready`, waits for `go` where it has work to do,
and prints what it measured as JSON.
"""

import asyncio
import itertools
import json
import socket
import sys
import threading
import time
from typing import Any

import aiohttp
import paho.mqtt.client as mqtt
from aiohttp import web
from paho.mqtt.enums import CallbackAPIVersion

from bench.crowd import crowd
from wxlink.assets import asset
from wxproto import envelope
from wxproto.p0 import Codec
from wxproto.product import Product

INFLIGHT = 400  # unacknowledged messages of one sender; well below what the broker lets the relay hold


def flood(given: dict[str, Any]) -> None:
    """Devices that publish `count` reports each, at full speed or one in `every_s`; seconds it took."""
    clients = [_client(given["port"], **sender) for sender in given["senders"]]
    for client, sender in zip(clients, given["senders"], strict=True):
        if sender.get("online"):
            client.publish(f"{sender['topic']}/online", b"1 00000001", 1).wait_for_publish(10)
    _ready()
    began = time.monotonic()
    last = []
    for number in range(given["count"]):
        time.sleep(given.get("every_s", 0))
        for client, sender in zip(clients, given["senders"], strict=True):
            last.append(client.publish(sender["topic"], _report(given.get("value", number)), 1))
        while len(last) > INFLIGHT:
            last.pop(0).wait_for_publish(30)
    for info in last:
        info.wait_for_publish(30)
    _say(time.monotonic() - began)


def obey(given: dict[str, Any]) -> None:
    """A device that answers each control with the report of its new state."""
    codec = Codec(_gokit())
    state: dict[str, Any] = codec.decode_report(_report(0)[8:])
    client = _client(given["port"], **given["sender"])
    topic = given["sender"]["topic"]

    def controlled(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        state.update(codec.decode_control(envelope.decode(message.payload).p0))
        client.publish(topic, envelope.encode(envelope.REPORT, codec.encode_report(state)), 1)

    client.on_message = controlled
    client.subscribe(f"app2dev/{given['sender']['user']}/#", 1)
    client.publish(f"{topic}/online", b"1 00000001", 1).wait_for_publish(10)
    _ready()
    sys.stdin.readline()


def echo(given: dict[str, Any]) -> None:
    """A client that sends back what it gets."""
    client = _client(given["port"], **given["sender"])
    client.on_message = lambda _c, _d, message: client.publish(given["back"], message.payload, 1)
    client.subscribe(given["there"], 1)
    _ready()
    sys.stdin.readline()


def ping(given: dict[str, Any]) -> None:
    """A client that measures the way to the echo and back, `count` times in turn; seconds each."""
    client = _client(given["port"], **given["sender"])
    took = []
    back = threading.Event()
    client.on_message = lambda *_: back.set()
    client.subscribe(given["back"], 1)
    _ready()
    for number in range(given["count"]):
        back.clear()
        began = time.perf_counter()
        client.publish(given["there"], _report(number), 1)
        if not back.wait(10):
            raise TimeoutError("the echo did not answer")
        took.append(time.perf_counter() - began)
    _say(took)


async def count(given: dict[str, Any]) -> None:
    """An app that waits for `count` notifications; seconds from `go` to the last."""
    async with aiohttp.ClientSession() as session, session.ws_connect(given["ws"]) as socket:
        await _login(socket, given)
        _ready(wait=False)
        await asyncio.to_thread(sys.stdin.readline)
        began = time.monotonic()
        seen = 0
        async for message in socket:
            seen += '"s2c_noti"' in message.data
            if seen == given["count"]:
                break
        _say(time.monotonic() - began)


async def push(_given: dict[str, Any]) -> None:
    """A bare server that lets everybody in: each order encodes a message once and sends it to all sockets.

    An order is {"message", "count", "every_s"}, or "port"; that is the answer, or the processor time it took.
    """
    sockets: list[web.WebSocketResponse] = []

    async def handle(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        sockets.append(socket)
        async for _ in socket:
            await socket.send_json({"cmd": "login_res", "data": {"success": True}})
        return socket

    app = web.Application()
    app.add_routes([web.get("/ws/app/v1", handle)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    _ready(wait=False)
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        if order == "port":
            _say(runner.addresses[0][1])
            continue
        began = time.process_time()
        for _ in range(order["count"]):
            await asyncio.sleep(order["every_s"])
            text = json.dumps(order["message"], separators=(",", ":"))
            for one in sockets:
                await one.send_str(text)
        _say(time.process_time() - began)


async def drain(given: dict[str, Any]) -> None:
    """An app that reads notifications until it is ended."""
    async with aiohttp.ClientSession() as session, session.ws_connect(given["ws"]) as socket:
        await _login(socket, given)
        _ready(wait=False)
        async for _ in socket:
            pass


def trickle(given: dict[str, Any]) -> None:
    """Devices that report `per_s` times a second, all together, until ended."""
    clients = [_client(given["port"], **sender) for sender in given["senders"]]
    _ready()
    began = time.monotonic()
    for number in itertools.count():
        at = number % len(clients)
        clients[at].publish(given["senders"][at]["topic"], _report(number), 1)
        time.sleep(max(0.0, began + number / given["per_s"] - time.monotonic()))


async def switch(given: dict[str, Any]) -> None:
    """An app that writes a value and waits until a report shows it, `count` times in turn; seconds each."""
    async with aiohttp.ClientSession() as session, session.ws_connect(given["ws"]) as socket:
        await _login(socket, given)
        _ready(wait=False)
        await asyncio.to_thread(sys.stdin.readline)
        took = []
        for number in range(given["count"]):
            value = number % 200 + 1
            began = time.perf_counter()
            await socket.send_json(
                {"cmd": "c2s_write", "data": {"did": given["did"], "attrs": {"LED_R": value}}}
            )
            while True:
                message = await socket.receive_json(timeout=10)
                if message["cmd"] == "s2c_noti" and message["data"]["attrs"]["LED_R"] == value:
                    break
            took.append(time.perf_counter() - began)
        _say(took)


async def _login(socket: aiohttp.ClientWebSocketResponse, given: dict[str, Any]) -> None:
    data = {key: given[key] for key in ("appid", "uid", "token")}
    await socket.send_json(
        {"cmd": "login_req", "data": {**data, "p0_type": "attrs_v4", "heartbeat_interval": 180}}
    )
    answer = await socket.receive_json(timeout=10)
    if answer != {"cmd": "login_res", "data": {"success": True}}:
        raise RuntimeError(f"the app could not log in: {answer}")


def _client(port: int, user: str, password: str, client_id: str, **_: Any) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True)
    client.username_pw_set(user, password)
    client.max_inflight_messages_set(INFLIGHT)
    client.on_socket_open = _without_delay
    client.connect("127.0.0.1", port)
    client.loop_start()
    return client


def _without_delay(_client: mqtt.Client, _data: object, opened: Any) -> None:
    """Peers too: otherwise the figures would show Nagle's algorithm and nothing else."""
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _report(number: int) -> bytes:
    return bytes.fromhex("000000030f0000910407") + bytes((number & 0x7F, 34, 51, 0, 3, 1, 39, 55, 1, 9))


def _gokit() -> Product:
    return Product.from_dict(json.loads(asset("protocol/products/gokit.json").read_text("utf-8")))


def _ready(wait: bool = True) -> None:
    print("ready", flush=True)
    if wait:
        sys.stdin.readline()


def _say(result: object) -> None:
    print(json.dumps(result), flush=True)


PARTS = {
    "flood": flood,
    "trickle": trickle,
    "obey": obey,
    "echo": echo,
    "ping": ping,
    "count": count,
    "drain": drain,
    "switch": switch,
    "crowd": crowd,
    "push": push,
}

if __name__ == "__main__":
    part = PARTS[sys.argv[1]](json.loads(sys.stdin.readline()))
    if part is not None:
        asyncio.run(part)
