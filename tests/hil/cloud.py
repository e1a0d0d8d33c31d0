"""The relay of the bench on a thread of its own, so that tests can wait for a console; a user and his app."""

import asyncio
import contextlib
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self, TypeVar

import aiohttp
from hil.gate import Gate
from hil.pki import Pki

from wxlink.product import ProductFile
from wxlink.relay.app import Relay
from wxlink.relay.settings import RelaySettings
from wxlink.relay.store import App, Device, Product

CALL_WITHIN_S = 60.0  # anything that a test asks of the relay
POLL_S = 0.02
NEWS_KEPT = 1000
T = TypeVar("T")


class Cloud:
    """`with Cloud(folder, product, pki) as cloud:` one relay behind gates; adopt() binds a user to a device.

    Modules come over TLS through `https` and `mqtts`; shut the gates and the relay is gone for them, while
    the user's app goes on. host: where modules reach the gates; for a real board an address of its network.
    """

    def __init__(self, folder: Path, product: ProductFile, pki: Pki, host: str = "127.0.0.1") -> None:
        self.product = product
        self.did = ""
        self._appid = secrets.token_hex(16)
        self.folder = folder
        self._pki = pki
        self._host = host
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cloud")
        self.parts = AsyncExitStack()
        self._news: list[tuple[float, dict[str, Any]]] = []
        self.relay: Relay
        self.https: Gate
        self.mqtts: Gate
        self._socket: aiohttp.ClientWebSocketResponse

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.call(self._start())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.call(self.parts.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def clock(self) -> float:
        """Unix time as the relay has it."""
        return time.time()

    @property
    def url(self) -> str:
        """The relay's address for modules."""
        return f"https://{self._pki.name}:{self.https.port}"

    def call(self, work: Coroutine[Any, Any, T], within: float = CALL_WITHIN_S) -> T:
        """Run a coroutine on the relay's loop and give its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(within)

    def until(self, check: Callable[[], T], within: float, what: str) -> T:
        """Poll until `check` is truthy and give its value; after the time AssertionError names `what`."""
        deadline = time.monotonic() + within
        while not (value := check()):
            assert time.monotonic() < deadline, f"not within {within:g} s: {what}"
            time.sleep(POLL_S)
        return value

    def shut(self) -> None:
        """The relay is gone for modules: connections are cut and refused."""
        self.call(self._each(Gate.shut))

    def open(self) -> None:
        """The relay is there again."""
        self.call(self._each(Gate.open))

    def device(self, mac: str) -> Device | None:
        """The device with this mac, None while it is not registered."""
        return self.call(self.relay.store.devices.find(self.product.product.product_key, mac))

    @property
    def online(self) -> bool:
        """Whether the relay hears the adopted device."""
        device = self.call(self.relay.store.devices.get(self.did))
        return device is not None and device.online

    def latest(self) -> dict[str, Any]:
        """The device's state as the relay has it."""
        return dict(self.call(self.relay.store.states.latest(self.did)).attrs)

    def adopt(self, device: Device) -> None:
        """Bind the user to the device and let his app watch it."""
        self.did = device.did
        self.call(self._adopt(device))

    def write(self, **attrs: Any) -> float:
        """Let the app set data points; milliseconds until its page would show the new values."""
        self.until(lambda: self.online, CALL_WITHIN_S, "the unit is on-line")
        began = time.monotonic()
        self.call(self._socket.send_json({"cmd": "c2s_write", "data": {"did": self.did, "attrs": attrs}}))
        return (self.seen(attrs, since=began) - began) * 1000

    def seen(self, attrs: dict[str, Any], since: float = 0.0, within: float = 15.0) -> float:
        """When (time.monotonic) the app was first told these values after `since`."""

        def found() -> float:
            for at, message in list(self._news):
                told = message["data"].get("attrs", {}) if message["cmd"] == "s2c_noti" else {}
                if at >= since and all(told.get(name) == value for name, value in attrs.items()):
                    return at
            return 0.0

        return self.until(found, within, f"the app is told {attrs}")

    def notices(self, since: float) -> list[tuple[float, dict[str, Any]]]:
        """When (time.monotonic) the app was told what after `since`."""
        told = [(at, m["data"]["attrs"]) for at, m in list(self._news) if m["cmd"] == "s2c_noti"]
        return [(at, attrs) for at, attrs in told if at >= since]

    def released(self) -> int:
        """How many releases there are."""
        return len(self.call(self.relay.store.releases.all()))

    def update_states(self, version: str) -> list[str]:
        """How far the adopted device's updates to a version are."""
        every = self.call(self.relay.store.updates.of_device(self.did))
        releases = {one.id: one.version for one in self.call(self.relay.store.releases.all())}
        return [one.state for one in every if releases.get(one.release) == version]

    @contextlib.contextmanager
    def impostor(self, other: Pki) -> Iterator[None]:
        """Another server stands behind the gates, with a certificate of `other`."""
        self.shut()
        ports = [gate.target_port for gate in (self.https, self.mqtts)]
        server = self.call(self._pose(other))
        for gate in (self.https, self.mqtts):
            gate.target_port = server.sockets[0].getsockname()[1]
        self.open()
        try:
            yield
        finally:
            self.shut()
            self._loop.call_soon_threadsafe(server.close)
            self.https.target_port, self.mqtts.target_port = ports
            self.open()

    async def _start(self) -> None:
        definition = self.product.definition
        # The gates are opened before the relay, which has to tell modules the port of one of them.
        self.mqtts = Gate(self._host)
        self.https = Gate(self._host)
        for gate in (self.mqtts, self.https):
            await gate.open()
            self.parts.push_async_callback(gate.shut)
        self.relay = await self.parts.enter_async_context(
            Relay(
                RelaySettings(
                    data_dir=self.folder,
                    port=0,
                    mqtt_port=0,
                    tls_port=0,
                    tls_cert=self._pki.certificate,
                    tls_key=self._pki.key,
                    advertised_host=self._pki.name,
                    advertised_mqtts_port=self.mqtts.port,
                )
            )
        )
        self.https.target_port = self.relay.tls_port
        self.mqtts.target_port = self.relay.mqtt_port
        await self.relay.store.apps.put(App(self._appid, "bench", secrets.token_hex(16)))
        key = self.product.product.product_key
        await self.relay.store.products.put(
            Product(key, self.product.product.name, secrets.token_hex(16), definition)
        )

    async def _pose(self, other: Pki) -> asyncio.Server:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(other.certificate, other.key)

        async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        return await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=context)

    async def _each(self, act: Callable[[Gate], Coroutine[Any, Any, None]]) -> None:
        for gate in (self.https, self.mqtts):
            await act(gate)

    async def _adopt(self, device: Device) -> None:
        relay = self.relay
        user = await relay.service.anonymous_user(self._appid, "tester")
        await relay.service.bind_by_passcode(user.uid, device.did, device.passcode)
        session = await self.parts.enter_async_context(aiohttp.ClientSession())
        self._socket = await session.ws_connect(f"ws://127.0.0.1:{relay.http_port}/ws/app/v1")
        login = {
            "appid": self._appid,
            "uid": user.uid,
            "token": user.token,
            "p0_type": "attrs_v4",
            "heartbeat_interval": 180,
            "auto_subscribe": True,
        }
        await self._socket.send_json({"cmd": "login_req", "data": login})
        listening = asyncio.create_task(self._listen())
        self.parts.callback(listening.cancel)

    async def _listen(self) -> None:
        async for message in self._socket:
            self._news.append((time.monotonic(), message.json()))
            del self._news[:-NEWS_KEPT]
