"""One module with the vendor's firmware: its CONNECT made new, its coming and going told, the rest spliced.

Such a module says nothing of its presence. The door says it as our own module would: `1 <connection>` before
the CONNACK is handed on, and `0 <connection>` as the will. Both are the broker's from then on: they outlive
this process, and nothing that the module sends overtakes the first.
"""

import asyncio
import dataclasses
import logging
import random
import secrets
import ssl
from collections.abc import Callable, Sequence
from typing import Final

from wxlink.relay.auth_callout import Refused
from wxlink.relay.ingest import Endpoint
from wxlink.relay.ingest.uplink import PRESENCE_TAIL
from wxlink.relay.mqtt_door import connect as connects
from wxlink.relay.mqtt_door.admission import Admission
from wxlink.relay.mqtt_door.connect import CONNECT_MAX, BadConnect, Connect, Will
from wxlink.relay.mqtt_door.packets import Packet, Type, connack, join, publish
from wxlink.relay.mqtt_door.side import READ_AHEAD, Over, Side
from wxlink.relay.mqtt_door.uplink import PACKET_MAX, Uplink
from wxlink.relay.store import Device

CONNECT_WITHIN_S: Final = 10.0  # the whole packet; a module sends it at once
BROKER_WITHIN_S: Final = 10.0  # connection, CONNACK and PUBACK
SILENCE_S: Final = 600  # taken for the keep-alive of a module that states none
PATIENCE: Final = 1.5  # keep-alives without a word, as MQTT says
PACKET_ID: Final = 0xFFFF  # of the presence; free again before the module says anything
EARLY_MAX: Final = 64  # packets before the PUBACK: what waited in a session that outlived its connection

log = logging.getLogger(__name__)


class Conversation:
    """Serves one module until it or the broker ends."""

    def __init__(
        self, module: Side, address: str, endpoints: Sequence[Endpoint], admission: Admission
    ) -> None:
        self.device: Device | None = None
        """Who it is, once it is let in."""
        self._module = module
        self._address = address
        self._endpoints = endpoints
        self._admission = admission

    async def run(self, on_spoke: Callable[[], None]) -> None:
        """Talk to the end; on_spoke is called when its CONNECT is here.

        Raises Over, BadPacket, Refused or OSError: there is no end without a reason.
        """
        connect = await self._hear()
        on_spoke()
        try:
            self.device = await self._admission.admit(connect, self._address)
        except Refused:
            await self._module.write(connack(connects.NOT_AUTHORISED))
            raise
        broker = await self._reach_broker()
        try:
            await self._introduce(connect, broker)
            log.info("device %s of %s came through the door", connect.client_id, self._address)
            await self._splice(connect, broker)
        finally:
            # Never with a DISCONNECT: so the broker publishes the will, after all that went before it.
            await broker.close()

    async def _hear(self) -> Connect:
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                return connects.read(await self._module.packet(CONNECT_MAX, Type.CONNECT))
        except TimeoutError as error:
            raise Over(f"no CONNECT within {CONNECT_WITHIN_S:g} s") from error
        except BadConnect as error:
            if error.code is not None:
                await self._module.write(connack(error.code))
            raise

    async def _reach_broker(self) -> Side:
        """Connect to one of the broker's nodes, any of them."""
        failure: Exception | None = None
        for to in random.sample(self._endpoints, len(self._endpoints)):
            context = (to.trust or ssl.create_default_context()) if to.tls else None
            try:
                async with asyncio.timeout(BROKER_WITHIN_S):
                    streams = await asyncio.open_connection(to.host, to.port, ssl=context, limit=READ_AHEAD)
                return Side(*streams)
            except (OSError, TimeoutError) as error:
                failure = error
        await self._module.write(connack(connects.BROKER_AWAY))
        raise Over(f"the broker cannot be reached: {failure}")

    async def _introduce(self, connect: Connect, broker: Side) -> None:
        """Log in to the broker, tell the presence, and hand the broker's answer on."""
        topic = f"dev2app/{connect.client_id}/{PRESENCE_TAIL}".encode()
        tells_itself = connect.will is not None and connect.will.topic == topic
        connection = secrets.token_hex(4).encode()
        if not tells_itself:
            if connect.will:
                log.info("device %s: its own will is left out, presence is the will", connect.client_id)
            connect = dataclasses.replace(connect, will=Will(topic, b"0 " + connection))
        try:
            async with asyncio.timeout(BROKER_WITHIN_S):
                await broker.write(connects.write(connect))
                answer = await broker.packet(PACKET_MAX)
                early = []
                if _accepted(answer) and not tells_itself:
                    await broker.write(publish(topic, b"1 " + connection, PACKET_ID))
                    early = await _until_told(broker)
        except TimeoutError as error:
            raise Over(f"the broker did not answer within {BROKER_WITHIN_S:g} s") from error
        if answer.type == Type.CONNACK and connect.level == connects.MQTT_3_1:
            answer = answer._replace(body=b"\0" + answer.body[1:])  # 3.1 knows no `session present`
        await self._module.write(b"".join(join(*packet) for packet in (answer, *early)))
        if not _accepted(answer):
            raise Over(f"the broker refused it: {answer.body.hex()}")

    async def _splice(self, connect: Connect, broker: Side) -> None:
        """Hand on what each side says until one of them has ended; the last bytes are on their way then."""
        silence_s = (connect.keep_alive or SILENCE_S) * PATIENCE
        ways = (
            asyncio.create_task(self._upwards(Uplink(connect.client_id), broker, silence_s), name="door up"),
            asyncio.create_task(self._downwards(broker), name="door down"),
        )
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            await done.pop()
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _upwards(self, uplink: Uplink, broker: Side, silence_s: float) -> None:
        while not uplink.left:
            try:
                async with asyncio.timeout(silence_s):
                    data = await self._module.read()
            except TimeoutError as error:
                raise Over(f"not a word for {silence_s:g} s") from error
            await broker.write(uplink.feed(data))
        raise Over("it said DISCONNECT")

    async def _downwards(self, broker: Side) -> None:
        while True:
            try:
                data = await broker.read()
            except Over as over:
                raise Over("the broker closed the connection") from over
            await self._module.write(data)


async def _until_told(broker: Side) -> list[Packet]:
    """Wait for the PUBACK of the presence; what came before it."""
    early: list[Packet] = []
    while True:
        packet = await broker.packet(PACKET_MAX)
        if packet == Packet(Type.PUBACK << 4, PACKET_ID.to_bytes(2, "big")):
            return early
        early.append(packet)
        if len(early) > EARLY_MAX:
            raise Over("the broker sends much and does not acknowledge")


def _accepted(answer: Packet) -> bool:
    return answer.type == Type.CONNACK and answer.body[1:] == b"\0"
