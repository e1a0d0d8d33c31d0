"""A device on the real uplink, without a module: registers over HTTP, speaks P0 over MQTT."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import aiohttp
import paho.mqtt.client as mqtt

from wxproto import envelope
from wxproto.actions import CONTROL, READ
from wxproto.p0 import Codec, action
from wxproto.product import Product

MAC: Final = "02a0b1c2d3e4"
PASSCODE: Final = "GHTKLMWABQ"


class PageDevice:
    """Answers reads with its values, and controls by taking them over and reporting.

    `obeys` false makes it deaf to controls; `written` collects what controls said.
    """

    def __init__(self, definition: dict[str, Any], values: dict[str, Any]) -> None:
        self.did = ""
        self.obeys = True
        self.written: list[dict[str, Any]] = []
        self.values = values
        self._product = Product.from_dict(definition)
        self._codec = Codec(self._product)
        self._loop = asyncio.get_running_loop()
        self._client: mqtt.Client | None = None

    async def register(self, http: str) -> str:
        """The did that the relay gives."""
        form = {"passcode": PASSCODE, "mac": MAC, "update_key": "ab" * 32}
        form["product_key"] = self._product.product_key
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{http}/dev/devices", data=form) as answer,
        ):
            text = await answer.text()
        assert answer.status == 201, text
        self.did = text.partition("did=")[2].strip()
        return self.did

    async def connect(self, port: int) -> None:
        """Come on-line and report."""
        subscribed = asyncio.Event()
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=self.did, clean_session=False)
        client.username_pw_set(self.did, PASSCODE)
        client.will_set(f"dev2app/{self.did}/online", b"0 00000001", qos=1)
        client.on_connect = lambda *_: client.subscribe(f"app2dev/{self.did}/#", qos=1)
        client.on_subscribe = lambda *_: self._loop.call_soon_threadsafe(subscribed.set)
        client.on_message = lambda _client, _data, message: self._loop.call_soon_threadsafe(
            self._received, message.payload
        )
        client.connect("127.0.0.1", port, keepalive=60)
        client.loop_start()
        self._client = client
        await asyncio.wait_for(subscribed.wait(), 10)
        client.publish(f"dev2app/{self.did}/online", b"1 00000001", qos=1)
        self.report()

    def report(self, **changed: Any) -> None:
        """Change values and report all of them."""
        self.values |= changed
        self._send(self._codec.encode_report(self.values))

    async def disconnect(self) -> None:
        """Go off-line in an orderly way."""
        client, self._client = self._client, None
        if client is None:
            return
        client.publish(f"dev2app/{self.did}/online", b"0 00000001", qos=1).wait_for_publish(5)
        client.disconnect()
        await asyncio.to_thread(client.loop_stop)

    def _received(self, payload: bytes) -> None:
        body = envelope.decode(payload).p0
        answers: dict[int, Callable[[bytes], None]] = {CONTROL: self._control, READ: self._read}
        answers[action(body)](body)

    def _control(self, body: bytes) -> None:
        values = self._codec.decode_control(body)
        self.written.append(values)
        if self.obeys:
            self.report(**values)

    def _read(self, _body: bytes) -> None:
        self._send(self._codec.encode_report(self.values, reply=True))

    def _send(self, body: bytes) -> None:
        if self._client:
            self._client.publish(f"dev2app/{self.did}", envelope.encode(envelope.REPORT, body), qos=1)
