"""The MQTT pump: registers the module, keeps it connected to the relay's broker, and carries envelopes."""

import asyncio
import json
from binascii import hexlify

from module import mqtt, mqtt_packet, stream
from module.backoff import Backoff
from module.console import say
from module.registration import Registration, RegistrationRefused, UnknownDid
from wxproto import envelope
from wxproto.errors import LocalError, PeerError

MAX_CLIENT_ID = 64  # characters; apps use "usr" and 20 digits
READ_SIZE = 512  # bytes taken from the socket at once
WRITE_TIMEOUT_MS = 10_000  # a broker that takes no bytes for so long is left
GOODBYE_MS = 2000  # wait for the broker to have our "off-line"; without it the will says the same
QUIET_MS = 60_000  # longest sleep of the writing task; it is woken when something becomes due earlier
REFUSALS = (mqtt.Refused, mqtt.SubscriptionRefused, RegistrationRefused)
"""Errors that trying again soon does not mend: they wait by `refused_s` instead of `backoff_s`."""
RECOVERABLE = (OSError, ValueError, MemoryError)
"""Errors that end a connection, not the module. ValueError: every PeerError, and what TLS raises."""


class Uplink:
    """The module's way to the relay; begin() and end() say whether it is wanted.

    `on_online(online)` is told each change; `await on_command(data, answer)` takes envelopes of apps and
    calls `answer(sn, body)` with a reply, `on_service(data)` the relay's own messages; both raise PeerError
    for what makes no sense. `on_stage(name, reason=None)` is told how far the way is.

    After a refusal by the broker the module registers again before its next try: a relay that lost its data
    then gives a did that works, and one that knows the module gives the same did.
    """

    def __init__(self, config, settings, port, *, on_online, on_command, on_service, on_stage):
        self._config = config
        self._settings = settings
        self._port = port
        self._on_online = on_online
        self._on_command = on_command
        self._on_service = on_service
        self._on_stage = on_stage
        timeout_ms = int(config.connect_timeout_s * 1000)
        self._relay = Registration(config.relay_host, config.relay_port, timeout_ms, port)
        self._timeout_ms = timeout_ms
        self._backoff = _backoff(config.backoff_s, config.backoff_cap_s, port)
        self._refused_backoff = _backoff(config.refused_s, config.refused_cap_s, port)
        self._wanted = False
        self._leaving = False  # the present connection is to end
        self._changed = asyncio.Event()  # `_wanted` changed
        self._wake = asyncio.Event()  # the writing task has something to do
        self._idle = asyncio.Event()  # no connection exists
        self._idle.set()
        self._endpoint = None
        self._client = None
        self._must_register = False
        self._failure = None
        self._connection = None  # 8 hex digits, drawn for each connection
        self._online_since = None
        self._goodbye_id = None

    @property
    def online(self):
        """True between the broker's acceptance and the end of the connection."""
        return self._online_since is not None

    def begin(self):
        """Connect and stay connected: the MCU is there and its product key is in the settings."""
        if self._idle.is_set():
            self._use_did()
        self._wanted = True
        self._backoff.reset()
        self._refused_backoff.reset()
        self._notify_change()

    def end(self):
        """Say off-line and disconnect: the MCU is gone, or the module stops. What is queued stays queued."""
        self._wanted = False
        self._leaving = True
        self._notify_change()

    async def ended(self):
        """Wait until no connection exists."""
        await self._idle.wait()

    def report(self, p0):
        """Send P0 of the MCU to everyone who watches; queued while the broker is away, if a did is known."""
        client = self._client
        if client is None or client.client_id != self._settings.did:
            say("uplink", "a report is dropped: the module is not registered yet")
            return
        self._publish("dev2app/" + client.client_id, envelope.encode(envelope.REPORT, p0), 1)

    def answer(self, client_id, sn, body):
        """Answer the request `sn` of one app, at QoS 0: after the asker's time-out nobody wants it."""
        if self.online:
            topic = "dev2app/" + self._client.client_id + ("/" + client_id if client_id else "")
            self._publish(topic, envelope.encode(envelope.ANSWER, body, sn=sn), 0)

    def publish_health(self, fields):
        """Tell the relay the module's condition, a dict for JSON; lost when off-line."""
        if self.online:
            self._publish(f"dev2app/{self._client.client_id}/health", json.dumps(fields).encode(), 0)

    async def retire(self, did, passcode):
        """Tell the relay that this did has ended. It is told once: the next registration says the same."""
        try:
            await self._relay.retire(did, passcode)
        except RECOVERABLE as error:
            say("uplink", f"the relay was not told that {did} has ended: {error}")

    async def run(self):
        """Serve for ever; no failure of network, relay or broker ends it."""
        while True:
            self._changed.clear()
            if not self._wanted:
                await self._wait(QUIET_MS)
                continue
            try:
                await self._connect_once()
            except REFUSALS as error:
                self._must_register = True
                await self._pause(error, self._refused_backoff)
            except RECOVERABLE as error:
                await self._pause(error, self._backoff)

    async def _pause(self, error, backoff):
        ceiling = backoff.ceiling_ms
        wait = backoff.next_ms()
        self._on_stage("offline", str(error) or type(error).__name__)
        say("uplink", f"{error or type(error).__name__}; next try in {wait} of at most {ceiling} ms")
        await self._wait(wait)

    async def _wait(self, milliseconds):
        try:
            await asyncio.wait_for_ms(self._changed.wait(), milliseconds)
        except asyncio.TimeoutError:
            pass

    def _notify_change(self):
        self._changed.set()
        self._wake.set()

    async def _connect_once(self):
        self._use_did()
        if self._must_register:
            await self._register()
        self._on_stage("connecting")
        endpoint = await self._locate()
        connection = await stream.connect(endpoint.host, endpoint.port, self._timeout_ms, self._port)
        self._idle.clear()
        reader = None
        try:
            self._open_session()
            reader = asyncio.create_task(self._read(connection))
            await self._serve(connection)
        finally:
            if reader is not None:
                reader.cancel()
            connection.close()
            self._close_session(endpoint)
            self._idle.set()

    async def _register(self):
        self._on_stage("registering")
        settings = self._settings
        settings.registered(await self._relay.register(settings.product_key, settings.mac, settings.passcode))
        say("uplink", f"registered as {settings.did}")
        self._must_register = False
        self._use_did()

    async def _locate(self):
        """The broker's address: where the last connection worked, for one try; else asked of the relay."""
        known = self._endpoint
        if known is not None:
            self._endpoint = None
            return known
        try:
            return await self._relay.locate(self._settings.did)
        except UnknownDid as error:
            say("uplink", f"{error}; registering again")
            await self._register()
            return await self._relay.locate(self._settings.did)

    def _use_did(self):
        """Have a session for the did of the settings; another did begins with an empty queue."""
        settings, config = self._settings, self._config
        did = settings.did
        self._must_register = self._must_register or did is None
        if did is None:
            self._client = None
        elif self._client is None or self._client.client_id != did:
            self._endpoint = None
            filters = (
                ("app2dev/" + did + "/#", 1),
                ("ser2cli_res/" + did, 1),
                ("ser2cli_noti/" + settings.product_key, 1),
            )
            self._client = mqtt.Client(
                did,
                did,
                settings.passcode,
                filters,
                keep_alive_s=config.keep_alive_s,
                max_queued=config.queue,
                ack_timeout_ms=int(config.ack_timeout_s * 1000),
            )

    def _presence(self, online):
        return "dev2app/" + self._client.client_id + "/online", (
            b"1 " if online else b"0 "
        ) + self._connection

    def _open_session(self):
        self._connection = hexlify(self._port.entropy(4))
        self._failure = self._goodbye_id = None
        self._leaving = not self._wanted
        topic, payload = self._presence(False)
        self._client.open(self._port.now_ms(), will=(topic, payload, 1))

    def _close_session(self, endpoint):
        lasted = self.online and self._port.now_ms() - self._online_since >= self._config.stable_s * 1000
        self._client.lost()
        if self.online:
            self._online_since = None
            self._endpoint = endpoint
            self._on_online(False)
        if lasted:
            self._backoff.reset()
            self._refused_backoff.reset()

    async def _serve(self, connection):
        """Write what is to be written and watch the time, until we leave or something fails."""
        client = self._client
        while True:
            await self._flush(connection)
            if self._leaving:
                await self._say_goodbye(connection)
                return
            await self._sleep(client.next_deadline())
            client.poll(self._port.now_ms())

    async def _say_goodbye(self, connection):
        """End with DISCONNECT only when the broker has our "off-line"; else the will must say it."""
        client = self._client
        if client.state != mqtt.READY:
            return
        now = self._port.now_ms()
        topic, payload = self._presence(False)
        self._goodbye_id = client.publish(topic, payload, 1, now, urgent=True)
        while self._goodbye_id is not None:
            await self._flush(connection)
            if self._port.now_ms() - now >= GOODBYE_MS:
                say("uplink", "the broker does not take the farewell; its will speaks for us")
                return
            await self._sleep(now + GOODBYE_MS)
        client.close(self._port.now_ms())
        await self._flush(connection)
        say("uplink", "off-line in good order")

    async def _flush(self, connection):
        if self._failure is not None:
            raise self._failure
        data = self._client.data_to_send()
        if data:
            await connection.write(data, WRITE_TIMEOUT_MS)

    async def _sleep(self, deadline):
        now = self._port.now_ms()
        wait = QUIET_MS if deadline is None else max(0, deadline - now)
        try:
            await asyncio.wait_for_ms(self._wake.wait(), min(wait, QUIET_MS))
        except asyncio.TimeoutError:
            pass
        self._wake.clear()

    async def _read(self, connection):
        buffer = bytearray(READ_SIZE)
        view = memoryview(buffer)
        try:
            while True:
                size = await connection.read_into(buffer)
                if not size:
                    raise stream.Unreachable("the broker closed the connection")
                for event in self._client.receive(view[:size], self._port.now_ms()):
                    await self._take(event)
                self._wake.set()
        except RECOVERABLE as error:
            self._failure = error
            self._wake.set()

    async def _take(self, event):
        client = self._client
        if isinstance(event, mqtt.Ready):
            self._take_ready(event)
        elif isinstance(event, mqtt.Delivered):
            if event.packet_id == self._goodbye_id:
                self._goodbye_id = None
        elif isinstance(event, mqtt_packet.Oversize):
            say("uplink", f"a message of {event.size} bytes on {event.topic} is thrown away: too long")
            client.acknowledge(event, self._port.now_ms())
        else:
            try:
                await self._take_message(event)
            except PeerError as error:
                say("uplink", f"a message on {event.topic} is dropped: {error}")
            client.acknowledge(event, self._port.now_ms())

    async def _take_message(self, message):
        did, topic = self._client.client_id, message.topic
        if topic == "ser2cli_res/" + did:
            self._on_service(message.payload)
        elif topic.startswith("app2dev/" + did):
            client_id = topic[len("app2dev/" + did) + 1 :]
            if len(client_id) > MAX_CLIENT_ID or not all(c.isalpha() or c.isdigit() for c in client_id):
                raise PeerError(f"a client id has up to {MAX_CLIENT_ID} letters and digits")
            await self._on_command(message.payload, lambda sn, body: self.answer(client_id, sn, body))

    def _take_ready(self, ready):
        now = self._port.now_ms()
        self._online_since = now
        topic, payload = self._presence(True)
        self._client.publish(topic, payload, 1, now, urgent=True)
        self._client.publish("cli2ser_req", envelope.encode_service(envelope.CLIENT_COUNT_REQUEST), 0, now)
        session = "kept" if ready.session_present else "new"
        waiting = self._client.queued - 1  # without the presence message
        reports = f"{waiting} reports wait, {self._client.take_dropped()} were dropped"
        say("uplink", f"online as {self._client.client_id}, session {session}, {reports}")
        self._on_online(True)
        self._on_stage("online")

    def _publish(self, topic, payload, qos):
        client = self._client
        try:
            client.publish(topic, payload, qos, self._port.now_ms())
        except LocalError as error:
            say("uplink", f"a message is dropped: {error}")
        except PeerError as error:
            self._failure = error
        if client.dropped == 1:
            say("uplink", "the queue is full: from now on old reports give way to newer ones")
        self._wake.set()


def _backoff(base_s, cap_s, port):
    return Backoff(int(base_s * 1000), int(cap_s * 1000), port.entropy)
