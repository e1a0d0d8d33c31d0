"""Carries one MQTT session over one connection after another: bytes in and out, time-outs, the farewell."""

import asyncio

from micropython import const

from module import mqtt, mqtt_packet, stream
from module.console import say
from module.loading import rare
from module.wake import Wake
from wxproto.errors import LocalError, PeerError

_READ_SIZE = const(512)  # bytes taken from the socket at once
_WRITE_TIMEOUT_MS = const(10_000)  # a broker that takes no bytes for so long is left
_GOODBYE_MS = const(2000)  # wait for the broker to have our farewell; without it the will says the same
_QUIET_MS = const(60_000)  # longest sleep of the writing task; it is woken when something becomes due earlier
RECOVERABLE = (OSError, ValueError, MemoryError)
"""Errors that end a connection, not the module. ValueError: every PeerError, every LocalError."""


class MqttPump:
    """The pump of one mqtt.Client.

    `on_ready(session_present)` is told when the broker has accepted us, `on_acknowledged()` each time it has
    taken over a message; `await on_message(message)` takes a Publish, with PeerError for what makes no sense.
    """

    def __init__(self, client, port, *, on_ready, on_acknowledged, on_message):
        self.client = client
        self._now = port.now_ms
        self._on_ready = on_ready
        self._on_acknowledged = on_acknowledged
        self._on_message = on_message
        self._wake = Wake()  # the writing task has something to do
        self._leaving = False
        self._failure = None
        self._goodbye_id = None

    def leave(self):
        """End the present connection in good order."""
        self._leaving = True
        self._wake.set()

    def publish(self, topic, payload, qos, *, urgent=False):
        """As mqtt.Client.publish(); what cannot be sent or kept is said on the console."""
        try:
            return self.client.publish(topic, payload, qos, self._now(), urgent=urgent)
        except LocalError as error:
            say("uplink", f"a message is dropped: {error}")
        except PeerError as error:
            self._failure = error
        finally:
            self._wake.set()

    async def serve(self, connection, farewell):
        """Use a connection until leave() or a failure, which is raised; then it is closed.

        `farewell` is the will, (topic, payload, qos), published by us when we leave in good order.
        """
        client = self.client
        self._leaving = False
        self._failure = self._goodbye_id = None
        client.open(self._now(), will=farewell)
        reader = asyncio.create_task(self._read(connection))
        try:
            while True:
                await self._flush(connection)
                if self._leaving:
                    await self._say_goodbye(connection, farewell)
                    return
                await self._sleep(client.next_deadline())
                client.poll(self._now())
        finally:
            reader.cancel()
            connection.close()
            client.lost()

    @rare
    async def _say_goodbye(self, connection, farewell):
        """End with DISCONNECT only when the broker has our farewell; else the will must say it."""
        client = self.client
        if client.state != mqtt.READY:
            return
        now = self._now()
        self._goodbye_id = client.publish(*farewell, now, urgent=True)
        while self._goodbye_id is not None:
            await self._flush(connection)
            if self._now() - now >= _GOODBYE_MS:
                say("uplink", "the broker does not take the farewell; its will speaks for us")
                return
            await self._sleep(now + _GOODBYE_MS)
        client.close(self._now())
        await self._flush(connection)
        say("uplink", "off-line in good order")

    async def _flush(self, connection):
        if self._failure is not None:
            raise self._failure
        data = self.client.data_to_send()
        if data:
            try:
                await connection.write(data, _WRITE_TIMEOUT_MS)
            except RECOVERABLE:
                if self._failure is None:
                    raise
                raise self._failure from None  # TLS tells its reason once, and the reader was first

    async def _sleep(self, deadline):
        wait = _QUIET_MS if deadline is None else max(0, deadline - self._now())
        await self._wake.wait(min(wait, _QUIET_MS))

    async def _read(self, connection):
        buffer = bytearray(_READ_SIZE)
        view = memoryview(buffer)
        try:
            while True:
                size = await connection.read_into(buffer)
                if not size:
                    raise stream.Unreachable("the broker closed the connection")
                for event in self.client.receive(view[:size], self._now()):
                    await self._take(event)
                self._wake.set()
        except RECOVERABLE as error:
            self._failure = error
            self._wake.set()

    async def _take(self, event):
        if isinstance(event, mqtt.Ready):
            self._on_ready(event.session_present)
        elif isinstance(event, mqtt.Delivered):
            if event.packet_id == self._goodbye_id:
                self._goodbye_id = None
            self._on_acknowledged()
        else:
            if isinstance(event, mqtt_packet.Oversize):
                say("uplink", f"a message of {event.size} bytes on {event.topic} is thrown away: too long")
            else:
                try:
                    await self._on_message(event)
                except PeerError as error:
                    say("uplink", f"a message on {event.topic} is dropped: {error}")
            self.client.acknowledge(event, self._now())
