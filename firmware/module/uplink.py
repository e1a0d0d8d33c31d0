"""The module's way to the relay: has the time, registers, keeps a connection, waits between tries.

What passes over a connection is mqtt_pump's business.
"""

import asyncio
import json
from binascii import hexlify

from micropython import const

from module import mqtt, stream
from module.backoff import Backoff, Refusal
from module.console import say
from module.letters import plain
from module.loading import drop, rare
from module.mqtt_pump import RECOVERABLE, MqttPump
from module.timekeeper import Timekeeper
from module.wake import Wake
from wxproto import envelope
from wxproto.errors import LocalError, PeerError

_MAX_CLIENT_ID = const(64)  # characters; apps use "usr" and 20 digits
_QUIET_MS = const(60_000)  # a wait without end is cut into pieces of this length
_SPOOL_FIRST_MS = const(60_000)  # off-line, before reports go to flash: most outages are shorter
_SPOOL_EVERY_MS = const(300_000)  # then again; a power cut loses the reports of that time at most


class Uplink:
    """The module's way to the relay; begin() and end() say whether it is wanted.

    `on_online(online)` is told each change. `await on_command(data, answer)` takes envelopes of apps and
    calls `answer(sn, body)` with a reply, `on_service(data)` takes the relay's own messages; both raise
    PeerError for what makes no sense. `on_stage(name, reason=None)` is told how far the way is: "time",
    "registering", "connecting", "online", or "offline" with what was wrong. `on_restart(after_ms)`: nothing
    else helps. `time.known` is true when the clock can be trusted.

    With an authority's certificate nothing goes in the clear. After a refusal by the broker the module
    registers again before its next try: a relay that lost its data then gives a did that works, and one that
    knows the module gives the same did.
    """

    def __init__(self, config, settings, port, *, on_online, on_command, on_service, on_stage, on_restart):
        self._config = config
        self._settings = settings
        self._port = port
        self._on_online = on_online
        self._on_command = on_command
        self._on_service = on_service
        self._on_stage = on_stage
        self._on_restart = on_restart
        self._timeout_ms = int(config.connect_timeout_s * 1000)
        self._backoff = _backoff(config.backoff_s, config.backoff_cap_s, port)
        self._refused_backoff = _backoff(config.refused_s, config.refused_cap_s, port)
        self._wanted = False
        self._changed = Wake()  # `_wanted` changed
        self._idle = asyncio.Event()  # no connection exists
        self._idle.set()
        self._trust = None
        self._trust_known = False
        self._endpoint = None
        self._pump = None  # of the did in use
        self._must_register = False
        self._connection = None  # 8 hex digits, drawn for each connection
        self._online_since = None
        self._missed_since = 0  # port.now_ms() when the relay was last reached or begun to be wanted
        self._spooled = []  # packet ids of what is on flash
        self._spool_at = 0
        self.time = Timekeeper(config.ntp, port)

    @property
    def online(self):
        """True between the broker's acceptance and the end of the connection."""
        return self._online_since is not None

    @property
    def waiting(self):
        """Number of reports and other QoS 1 messages that the broker has not acknowledged."""
        return self._pump.client.queued if self._pump is not None else 0

    def begin(self):
        """Connect and stay connected: the MCU is there and its product key is in the settings."""
        if self._idle.is_set():
            self._use_did()
        if not self._wanted:
            self._missed()
        self._wanted = True
        self._backoff.reset()
        self._refused_backoff.reset()
        self._changed.set()

    def end(self):
        """Say off-line and disconnect: the MCU is gone, or the module stops. What is queued stays queued."""
        self._wanted = False
        self._changed.set()
        if self._pump is not None:
            self._pump.leave()

    async def ended(self):
        """Wait until no connection exists; what is not acknowledged is on flash then."""
        await self._idle.wait()
        self._spool()

    def report(self, p0):
        """Send P0 of the MCU to everyone who watches; queued while the broker is away, if a did is known."""
        self._publish("", envelope.encode(envelope.REPORT, p0))

    def answer(self, client_id, sn, body):
        """Answer the request `sn` of one app, at QoS 0: after the asker's time-out nobody wants it."""
        if self.online:
            topic = "/" + client_id if client_id else ""
            self._pump.publish(self._topic(topic), envelope.encode(envelope.ANSWER, body, sn=sn), 0)

    def publish_health(self, fields):
        """Tell the relay the module's condition, a dict for JSON; lost when off-line."""
        if self.online:
            self._pump.publish(self._topic("/health"), json.dumps(fields).encode(), 0)

    def publish_update(self, fields):
        """Tell the relay how an update gets on, a dict for JSON; queued like a report."""
        self._publish("/update", json.dumps(fields).encode())

    @rare
    async def retire(self, did, passcode):
        """Tell the relay that this did has ended. It is told once: the next registration says the same."""
        try:
            from module import registration  # noqa: PLC0415 - dropped after use

            await registration.retire(self.relay(), did, passcode)
        except (LocalError,) + RECOVERABLE as error:  # noqa: RUF005 - MicroPython has no star in a tuple
            say("uplink", f"the relay was not told that {did} has ended: {error}")
        drop("module.registration", "module.relay_http")

    def relay(self):
        """The relay, to be asked; relay_http is for the caller to drop."""
        from module import relay_http  # noqa: PLC0415 - dropped after use

        config = self._config
        return relay_http.Relay(
            config.relay_host, config.relay_port, self._timeout_ms, self._port, self._find_trust()
        )

    async def run(self):
        """Serve for ever; no failure of network, relay or broker ends it."""
        try:  # the largest pieces of heap, while there are such
            self._find_trust()
            self._use_did()
        except RECOVERABLE:
            pass  # told when it is to connect
        while True:
            if not self._wanted:
                await self._changed.wait(_QUIET_MS)
                continue
            try:
                await self._connect_once()
            except RECOVERABLE as error:
                wait = self._take_failure(error)
            else:
                continue
            await self._changed.wait(wait)

    @rare
    def _take_failure(self, error):
        """Milliseconds until the next try."""
        refused = isinstance(error, (Refusal, LocalError))
        if isinstance(error, mqtt.Refused):
            self._must_register = True
        backoff = self._refused_backoff if refused else self._backoff
        now = self._port.now_ms()
        reason = str(error) or type(error).__name__
        ceiling = backoff.ceiling_ms
        wait = backoff.next_ms()
        self._on_stage("offline", reason)
        say("uplink", f"{reason}; next try in {wait} of at most {ceiling} ms")
        if now >= self._spool_at:
            self._spool()
        if now - self._missed_since >= self._config.offline_restart_s * 1000:
            say("uplink", "the relay was not reached for too long: the module starts anew")
            self._missed()
            self._on_restart(0)
        return wait

    def _missed(self):
        """From now on the relay is missed."""
        self._missed_since = self._port.now_ms()
        self._spool_at = self._missed_since + _SPOOL_FIRST_MS

    # One connection

    async def _connect_once(self):
        endpoint, connection = await self._reach()
        if connection is None:
            return
        self._idle.clear()
        self._connection = hexlify(self._port.entropy(4))
        try:
            await self._pump.serve(connection, self._presence(b"0 "))
        finally:
            self._take_end(endpoint)
            self._idle.set()

    async def _reach(self):
        """The broker's (host, port) and a stream to it; (None, None) when that is not wanted any more."""
        self.time.begin()
        if not self.time.asked and self._find_trust() is not None:
            self._on_stage("time")
            await self.time.first()  # certificates are good or bad by it
        self._use_did()
        endpoint, self._endpoint = self._endpoint, None  # where the last connection worked: for one try
        if endpoint is None or self._must_register:
            endpoint = await self._ask_relay()
        self._on_stage("connecting")
        connection = await stream.connect(*endpoint, self._timeout_ms, self._port, self._find_trust())
        if not self._wanted:
            connection.close()
            return None, None
        return endpoint, connection

    @rare
    def _take_end(self, endpoint):
        if not self.online:
            return
        self._missed()
        if self._missed_since - self._online_since >= self._config.stable_s * 1000:
            self._backoff.reset()
            self._refused_backoff.reset()
        self._online_since = None
        self._endpoint = endpoint
        self._on_online(False)

    @rare
    def _find_trust(self):
        """The tls.Trust of the configuration, or None: only without a ca anything goes in the clear."""
        if not self._trust_known:
            config = self._config
            if config.ca is not None or self._port.factory("ca") is not None:
                if not config.relay_tls:
                    raise LocalError("there is a ca but relay is http://: write https://, or leave ca out")
                from module import tls  # noqa: PLC0415 - heap for those who need it

                self._trust = tls.Trust(tls.read_authority(config.ca, self._port))
            elif config.relay_tls:
                raise LocalError("relay is https://: give ca, the DER certificate of its authority")
            self._trust_known = True
        return self._trust

    async def _ask_relay(self):
        """The broker's (host, port), after registering if need be."""
        from module import registration  # noqa: PLC0415 - dropped after use

        try:
            relay = self.relay()
            if self._must_register:
                await self._register(relay)
            try:
                endpoint, time_s = await registration.locate(relay, self._settings.did)
            except registration.UnknownDid as error:
                say("uplink", f"{error}; registering again")
                await self._register(relay)
                endpoint, time_s = await registration.locate(relay, self._settings.did)
        finally:
            drop("module.registration", "module.relay_http")
        if self._trust is not None and time_s is not None:
            self.time.correct(time_s, "the relay")
        return endpoint

    async def _register(self, relay):
        self._on_stage("registering")
        from module import registration  # noqa: PLC0415 - dropped after use

        self._settings.registered(await registration.register(relay, self._settings))
        say("uplink", f"registered as {self._settings.did}")
        self._must_register = False
        self._use_did()

    @rare
    def _use_did(self):
        """Have a session for the did of the settings; another did begins with what is on flash for it."""
        settings, config = self._settings, self._config
        did = settings.did
        self._must_register = self._must_register or did is None
        if did is None:
            self._pump = None
        elif self._pump is None or self._pump.client.client_id != did:
            self._endpoint = None
            filters = (
                ("app2dev/" + did + "/#", 1),
                ("ser2cli_res/" + did, 1),
                ("ser2cli_noti/" + settings.product_key, 1),
            )
            client = mqtt.Client(
                did,
                did,
                settings.passcode,
                filters,
                keep_alive_s=config.keep_alive_s,
                max_queued=config.queue,
                ack_timeout_ms=int(config.ack_timeout_s * 1000),
            )
            self._pump = MqttPump(
                client,
                self._port,
                on_ready=self._take_ready,
                on_acknowledged=self._take_acknowledged,
                on_message=self._take_message,
            )
            self._unspool(client)

    # From and to the broker

    def _topic(self, end=""):
        return "dev2app/" + self._pump.client.client_id + end

    def _presence(self, state):
        return self._topic("/online"), state + self._connection, 1

    def _take_ready(self, session_present):
        self._begin_session(session_present)

    @rare
    def _begin_session(self, session_present):
        self._online_since = self._port.now_ms()
        client = self._pump.client
        waiting = self.waiting
        self._pump.publish(*self._presence(b"1 "), urgent=True)
        self._pump.publish("cli2ser_req", envelope.encode_service(envelope.CLIENT_COUNT_REQUEST), 0)
        session = "kept" if session_present else "new"
        reports = f"{waiting} reports wait, {client.take_dropped()} were dropped"
        say("uplink", f"online as {client.client_id}, session {session}, {reports}")
        self._on_online(True)
        self._on_stage("online")

    async def _take_message(self, message):
        did, topic = self._pump.client.client_id, message.topic
        if topic == "ser2cli_res/" + did:
            self._on_service(message.payload)
        elif topic.startswith("app2dev/" + did):
            client_id = topic[len("app2dev/" + did) + 1 :]
            if len(client_id) > _MAX_CLIENT_ID or not plain(client_id):
                raise PeerError(f"a client id has up to {_MAX_CLIENT_ID} letters and digits")
            await self._on_command(message.payload, lambda sn, body: self.answer(client_id, sn, body))

    def _publish(self, end, payload):
        pump = self._pump
        if pump is None or pump.client.client_id != self._settings.did:
            say("uplink", "a report is dropped: the module is not registered yet")
            return
        pump.publish(self._topic(end), payload, 1)
        if pump.client.dropped == 1:
            say("uplink", "the queue is full: from now on old reports give way to newer ones")

    # Flash

    def _take_acknowledged(self):
        if self._spooled and not self.waiting:
            self._spool()  # what is on flash has arrived

    @rare
    def _spool(self):
        """Have on flash what is not acknowledged."""
        pump = self._pump
        kept = []
        if pump is not None and pump.client.client_id == self._settings.did:
            kept = pump.client.kept()
        ids = [message[2] for message in kept]
        if ids == self._spooled:
            return
        from module import spool  # noqa: PLC0415 - dropped after use

        try:
            if kept:
                spool.save(self._config.data, pump.client.client_id, kept)
            else:
                spool.clear(self._config.data)
            self._spooled = ids
        except OSError as error:
            say("uplink", f"{len(kept)} reports cannot be kept on flash ({error})")
        drop("module.spool")
        self._spool_at = self._port.now_ms() + _SPOOL_EVERY_MS

    @rare
    def _unspool(self, client):
        from module import spool  # noqa: PLC0415 - dropped after use

        kept, reason = spool.load(self._config.data, client.client_id)
        drop("module.spool")
        client.restore(kept)
        self._spooled = [message[2] for message in kept]
        if kept:
            say("uplink", f"{len(kept)} reports of the last run wait")
        elif reason:
            say("uplink", f"reports of the last run are dropped: {reason}")


def _backoff(base_s, cap_s, port):
    return Backoff(int(base_s * 1000), int(cap_s * 1000), port.entropy)
