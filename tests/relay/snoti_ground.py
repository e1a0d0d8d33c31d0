"""A maker's server as its author would write it from the public documents: TLS, JSON, one line a message."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from live import KIT, stock
from tls_ground import Authority, Issued

from wxlink.relay.app import Relay
from wxlink.relay.service import operator
from wxlink.relay.settings import RelaySettings
from wxlink.relay.snoti import Limits
from wxlink.relay.store import DEFAULT_MAKER

WITHIN_S = 30.0
MAKER = operator("test", DEFAULT_MAKER)
QUICK = Limits(poll_s=0.1, beat_s=0.1, gone_after_s=1.0, trim_s=0.1, recheck_s=0.1)
STATUS = ["device.online", "device.offline", "device.status.kv", "device.status.raw"]


class Peer:
    """One connection, and the lines on it. prefix: of the dialect."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, prefix: str = "") -> None:
        self.reader = reader
        self.writer = writer
        self.prefix = prefix

    @classmethod
    async def connect(cls, port: int, trust: ssl.SSLContext, prefix: str = "") -> Self:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, limit=2**22)
        return cls(reader, writer, prefix)

    async def say(self, message: dict[str, Any]) -> None:
        await self.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def hear(self, within_s: float = WITHIN_S) -> dict[str, Any]:
        """The next message."""
        line = await asyncio.wait_for(self.reader.readline(), within_s)
        assert line.endswith(b"\n"), line
        assert line.isascii()
        heard: dict[str, Any] = json.loads(line)
        assert heard["cmd"].startswith(self.prefix)
        return heard

    async def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        await self.say(message)
        return await self.hear()

    async def event(self, within_s: float = WITHIN_S) -> dict[str, Any]:
        """The next message, which is an event."""
        heard = await self.hear(within_s)
        assert heard["cmd"] == f"{self.prefix}event_push", heard
        assert type(heard["delivery_id"]) is int
        return heard

    async def events(self, count: int) -> list[dict[str, Any]]:
        return [await self.event() for _ in range(count)]

    async def ack(self, event: dict[str, Any]) -> None:
        answer = {"cmd": f"{self.prefix}event_ack", "delivery_id": event["delivery_id"]}
        await self.say(answer | ({"msg_id": event["msg_id"]} if "msg_id" in event else {}))

    async def quiet(self) -> None:
        """Nothing waits for this client, and what it acknowledged is stored."""
        assert await self.ask({"cmd": f"{self.prefix}ping"}) == {"cmd": f"{self.prefix}pong"}

    async def ended(self) -> list[dict[str, Any]]:
        """Wait for the end; what came before it."""
        rest = await asyncio.wait_for(self.reader.read(), WITHIN_S)
        return [json.loads(line) for line in rest.splitlines()]

    async def leave(self) -> None:
        self.writer.close()

    def vanish(self) -> None:
        """Cut the connection without a word."""
        self.writer.transport.abort()


class Server:
    """A maker with keys, who connects to one relay."""

    def __init__(self, relay: Relay, trust: ssl.SSLContext) -> None:
        self.relay = relay
        self.trust = trust
        self.auth_id = ""
        self.auth_secret = ""

    def entry(self, subkey: str = "client_a", events: list[str] | None = None, **more: Any) -> dict[str, Any]:
        """A product in a login or a subscription."""
        proof = {"product_key": KIT, "auth_id": self.auth_id, "auth_secret": self.auth_secret}
        return {**proof, "subkey": subkey, "events": STATUS if events is None else events, **more}

    async def connect(self, prefix: str = "") -> Peer:
        port = self.relay.snoti_port
        assert port
        return await Peer.connect(port, self.trust, prefix)

    async def login(self, *entries: dict[str, Any], prefetch: int = 50) -> Peer:
        peer = await self.connect()
        request = {"cmd": "login_req", "prefetch_count": prefetch, "data": list(entries)}
        assert await peer.ask(request) == {"cmd": "login_res", "data": {"result": True, "msg": "ok"}}
        return peer


def settings(folder: Path, issued: Issued, **more: Any) -> RelaySettings:
    """A relay with a certificate and server push, on free ports."""
    ports = {"port": 0, "mqtt_port": 0, "tls_port": 0, "snoti_port": 0}
    return RelaySettings(
        data_dir=folder / "relay", tls_cert=issued.cert, tls_key=issued.key, **{**ports, **more}
    )


@asynccontextmanager
async def served(folder: Path, limits: Limits | None = None, **more: Any) -> AsyncIterator[Server]:
    """A relay, and a maker with a key for the product KIT."""
    authority = Authority(folder)
    issued = authority.issue()
    trust = ssl.create_default_context(cafile=authority.pem)
    async with Relay(settings(folder, issued, **more), snoti_limits=limits or QUICK) as relay:
        await stock(relay.store)
        server = Server(relay, trust)
        key = await relay.service.issue_push_key(MAKER, KIT, "test")
        server.auth_id, server.auth_secret = key.auth_id, key.secret
        yield server


def slower(**changed: Any) -> Limits:
    """Other limits than QUICK."""
    return replace(QUICK, **changed)
