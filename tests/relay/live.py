"""Live ends of the wires: a relay, a device that speaks MQTT through paho, an app that speaks WebSocket."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import aiohttp
import paho.mqtt.client as mqtt
from jsonschema import Draft202012Validator
from paho.mqtt.enums import CallbackAPIVersion
from relay_ground import APPID, MAC, PASSCODE, PRODUCT_SECRET, point

from wxlink.relay.app import Relay
from wxlink.relay.settings import RelaySettings, TrafficLimits
from wxlink.relay.store import App, Product, Store
from wxlink.relay.ws_api import PATH, Limits, document
from wxproto import envelope

KIT = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
COLOURS = "1f1e2d3c4b5a69788796a5b4c3d2e1f0"
THREE = "3f1e2d3c4b5a69788796a5b4c3d2e1f0"
METER = "2f1e2d3c4b5a69788796a5b4c3d2e1f0"
UINT8 = {"min": 0, "max": 254, "ratio": 1, "addition": 0}
WITHIN_S = 30.0
ASYNCAPI = document(PATH)
TOLD = Draft202012Validator(
    {
        "oneOf": [
            ASYNCAPI["components"]["messages"][one["$ref"].rpartition("/")[2]]["payload"]
            for one in ASYNCAPI["operations"]["tell"]["messages"]
        ],
        "components": ASYNCAPI["components"],
    }
)
"""Whatever the relay says must be described."""


def product(key: str, form: str, *points: dict[str, Any]) -> Product:
    """A product of these data points."""
    definition = {
        "name": "kit",
        "product_key": key,
        "protocolType": form,
        "entities": [{"id": 0, "name": "entity0", "display_name": "kit", "attrs": list(points)}],
    }
    return Product(key, "kit", PRODUCT_SECRET, definition)


# The data points that the published samples show: P0 04 | LED_OnOff | R | G | B | Temperature.
PRODUCTS = (
    product(
        KIT,
        "standard",
        point(0, "LED_OnOff", "bool"),
        *(point(number, f"LED_{name}", "uint8", uint_spec=UINT8) for number, name in enumerate("RGB", 1)),
        point(4, "Temperature", "uint8", kind="status_readonly", uint_spec=UINT8),
    ),
    product(
        COLOURS,
        "standard",
        point(0, "boolean", "bool"),
        point(1, "LED_Color", "enum", enum=["自定义", "黄色", "紫色", "粉色"]),
        point(2, "binary", "binary", position={"len": 10}),
    ),
    product(
        THREE,
        "standard",
        *(point(number, f"Byte_{number}", "uint8", uint_spec=UINT8) for number in range(3)),
    ),
    product(
        METER,
        "var_len",
        point(0, "LED_OnOff", "bool"),
        point(1, "LED_R", "uint8", uint_spec=UINT8),
        point(2, "LED_G", "uint8", uint_spec=UINT8),
    ),
)


def kit(*values: int, action: int = 4) -> bytes:
    """A status of the product KIT, byte by byte: on, red, green, blue, temperature."""
    return bytes((action, *values))


async def stock(store: Store) -> None:
    """Put the app and the products into a store."""
    await store.apps.put(App(APPID, "test", "deadbeefdeadbeefdeadbeefdeadbeef"))
    for one in PRODUCTS:
        await store.products.put(one)


@asynccontextmanager
async def live_relay(
    folder: Path, limits: Limits | None = None, traffic: TrafficLimits | None = None
) -> AsyncIterator[Relay]:
    """A relay with its own broker on free ports."""
    settings = RelaySettings(folder / "relay", port=0, mqtt_port=0, limits=traffic or TrafficLimits())
    async with Relay(settings, limits=limits) as relay:
        await stock(relay.store)
        yield relay


class Device:
    """A module's MQTT client: paho in its own thread, QoS 1. steady: it reconnects by itself."""

    def __init__(
        self,
        did: str,
        passcode: str | None = PASSCODE,
        *,
        client_id: str | None = None,
        steady: bool = True,
    ) -> None:
        self.did = did
        self.received: list[tuple[str, bytes, int]] = []
        self.codes: list[str] = []
        """The outcome of each attempt to connect."""
        self.granted: list[list[str]] = []
        self.lost = 0
        self.acknowledged = 0
        """Messages that the broker has taken over."""
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id or did,
            clean_session=False,
            reconnect_on_failure=steady,
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.max_inflight_messages_set(500)
        self._client.will_set(f"dev2app/{did}/online", b"0 00000001", qos=1)
        if passcode is not None:
            self._client.username_pw_set(did, passcode)
        self._client.on_connect = self._connected
        self._client.on_subscribe = lambda _c, _d, _m, codes, _p: self.granted.append([str(c) for c in codes])
        self._client.on_message = lambda _c, _d, m: self.received.append((m.topic, m.payload, m.qos))
        self._client.on_disconnect = self._disconnected
        self._client.on_publish = self._published

    def use_tls(self, context: ssl.SSLContext) -> None:
        """Connect over TLS."""
        self._client.tls_set_context(context)

    async def connect(self, port: int) -> Self:
        """Connect and wait for the CONNACK."""
        self._client.connect("127.0.0.1", port, keepalive=60)
        self._client.loop_start()
        await until(lambda: self.codes)
        return self

    async def come_online(self, port: int, product_key: str = KIT, connection: str = "00000001") -> Self:
        """Connect, subscribe as a module does, and announce the connection."""
        await self.connect(port)
        assert self.codes == ["Success"]
        for topic in (f"app2dev/{self.did}/#", f"ser2cli_res/{self.did}", f"ser2cli_noti/{product_key}"):
            await self.subscribe(topic)
        await self.publish(f"dev2app/{self.did}/online", f"1 {connection}".encode())
        return self

    async def subscribe(self, topic: str) -> str:
        """Subscribe with QoS 1; the answer as text."""
        count = len(self.granted)
        self._client.subscribe(topic, 1)
        await until(lambda: len(self.granted) > count)
        return self.granted[-1][0]

    async def publish(self, topic: str, payload: bytes, within_s: float = WITHIN_S) -> bool:
        """Publish with QoS 1; True when the broker acknowledged it."""
        info = self._client.publish(topic, payload, qos=1)
        try:
            await asyncio.to_thread(info.wait_for_publish, within_s)
            return info.is_published()
        except RuntimeError:  # the broker cut the connection before paho's thread had written it
            return False

    def send(self, payload: bytes, qos: int = 1) -> None:
        """Publish a report and do not wait."""
        self._client.publish(f"dev2app/{self.did}", payload, qos=qos)

    async def report(self, p0: bytes, cmd: int = envelope.REPORT, sn: int | None = None) -> None:
        """Publish business data and wait for the PUBACK."""
        assert await self.publish(f"dev2app/{self.did}", envelope.encode(cmd, p0, sn))

    async def command(self, index: int = 0) -> tuple[str, envelope.Envelope]:
        """The topic and the envelope of the command with this number, as soon as it is here."""
        await until(lambda: len(self.commands()) > index)
        topic, payload, qos = self.commands()[index]
        assert qos == 1
        return topic, envelope.decode(payload)

    def commands(self) -> list[tuple[str, bytes, int]]:
        """What came on app2dev/<did>/..."""
        return [message for message in self.received if message[0].startswith("app2dev/")]

    async def answer(self, topic: str, sn: int, body: bytes = b"") -> None:
        """Answer a 0x0093 that came on `topic`."""
        tail = topic.rpartition("/")[2]
        frame = envelope.encode(envelope.ANSWER, body, sn)
        assert await self.publish(f"dev2app/{self.did}/{tail}", frame)

    async def leave(self) -> None:
        """Disconnect cleanly: no will."""
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    async def vanish(self) -> None:
        """Cut the connection without a word; one that is not steady does not come back."""
        sock = self._client.socket()
        if sock is not None:
            sock.shutdown(2)
        await asyncio.to_thread(self._client.loop_stop)

    def _connected(self, _client: mqtt.Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        self.codes.append(str(code))

    def _published(self, _client: mqtt.Client, _data: Any, _mid: int, _code: Any, _props: Any) -> None:
        self.acknowledged += 1

    def _disconnected(self, _client: mqtt.Client, _data: Any, _flags: Any, _code: Any, _props: Any) -> None:
        self.lost += 1


class AppClient:
    """An app: a user with a token, and a WebSocket."""

    def __init__(self, relay: Relay, session: aiohttp.ClientSession, uid: str, token: str) -> None:
        self.uid = uid
        self.token = token
        self._relay = relay
        self._session = session
        self._sockets: list[aiohttp.ClientWebSocketResponse] = []

    @property
    def socket(self) -> aiohttp.ClientWebSocketResponse:
        """The WebSocket that was opened last."""
        return self._sockets[-1]

    async def open(self) -> Self:
        """Open a WebSocket."""
        url = f"http://127.0.0.1:{self._relay.http_port}/ws/app/v1"
        self._sockets.append(await self._session.ws_connect(url, max_msg_size=0))
        return self

    def login_req(self, **changed: Any) -> dict[str, Any]:
        """A login_req of this user."""
        data = {"appid": APPID, "uid": self.uid, "token": self.token, "p0_type": "attrs_v4"}
        return {"cmd": "login_req", "data": {**data, "heartbeat_interval": 180, **changed}}

    async def login(self, **changed: Any) -> Self:
        """Open a WebSocket and log in."""
        await self.open()
        await self.send(self.login_req(**changed))
        assert await self.receive() == {"cmd": "login_res", "data": {"success": True}}
        return self

    async def send(self, *messages: dict[str, Any]) -> None:
        """Send messages without waiting for anything."""
        for message in messages:
            await self.socket.send_str(json.dumps(message))

    async def receive(self, within_s: float = WITHIN_S) -> dict[str, Any]:
        """The next message."""
        message = await self.socket.receive(within_s)
        assert message.type == aiohttp.WSMsgType.TEXT, message
        assert message.data.isascii()
        decoded: dict[str, Any] = json.loads(message.data)
        TOLD.validate(decoded)
        return decoded

    async def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a message; the next one that comes."""
        await self.send(message)
        return await self.receive()

    async def quiet(self) -> None:
        """Nothing was pushed: the next thing that comes is the answer to a ping."""
        assert await self.ask({"cmd": "ping"}) == {"cmd": "pong"}

    async def closed(self, within_s: float = WITHIN_S) -> int | None:
        """Wait for the close; its code."""
        while not (await self.socket.receive(within_s)).type.name.startswith("CLOS"):
            pass
        return self.socket.close_code


class House:
    """A relay with people and devices, for tests of the WebSocket API."""

    def __init__(self, relay: Relay, session: aiohttp.ClientSession) -> None:
        self.relay = relay
        self._session = session
        self._devices: list[Device] = []

    async def device(self, mac: str = MAC, product_key: str = KIT) -> Device:
        """A registered device that is on-line."""
        did = (await self.relay.store.devices.register(product_key, mac, PASSCODE, 0.0)).did
        device = Device(did)
        self._devices.append(device)
        await device.come_online(self.relay.mqtt_port, product_key)
        await until_async(lambda: self._is_online(did))
        return device

    async def app(self, phone_id: str = "phone-1", *devices: Device) -> AppClient:
        """A user bound to these devices."""
        login = await self.relay.service.anonymous_user(APPID, phone_id)
        for device in devices:
            await self.bind(login.uid, device.did)
        return AppClient(self.relay, self._session, login.uid, login.token)

    async def bind(self, uid: str, did: str) -> None:
        """Bind a user to a device."""
        await self.relay.service.bind_by_passcode(uid, did, PASSCODE)

    async def close(self) -> None:
        """Let all devices leave."""
        for device in self._devices:
            await device.leave()

    async def _is_online(self, did: str) -> bool:
        device = await self.relay.store.devices.get(did)
        return device is not None and device.online


@asynccontextmanager
async def live_house(
    folder: Path, limits: Limits | None = None, traffic: TrafficLimits | None = None
) -> AsyncIterator[House]:
    """A relay, ready for people and devices."""
    async with live_relay(folder, limits, traffic) as relay, aiohttp.ClientSession() as session:
        house = House(relay, session)
        try:
            yield house
        finally:
            await house.close()


async def until(check: Any, within_s: float = WITHIN_S) -> None:
    """Poll a plain function until it is true."""
    async with asyncio.timeout(within_s):
        while not check():  # noqa: ASYNC110 - paho's thread sets no event of ours
            await asyncio.sleep(0.005)


async def until_async(check: Any, within_s: float = WITHIN_S) -> None:
    """Poll a coroutine function until it is true."""
    async with asyncio.timeout(within_s):
        while not await check():  # noqa: ASYNC110 - the store sets no event
            await asyncio.sleep(0.005)
