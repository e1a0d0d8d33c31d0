"""One MQTT 3.1.1 client session, without I/O: bytes and messages in -> packets out and events.

A session outlives its connections: QoS 1 messages wait in a bounded queue until the broker has acknowledged
them; on the next connection those that were sent before go out first, in order and marked DUP (4.4).
Time is an argument, in milliseconds that never run backwards.
"""

from collections import namedtuple

from module import mqtt_packet as packet
from module.backoff import Refusal
from module.loading import drop, rare
from wxproto.errors import LocalError, PeerError

WINDOW = 4  # QoS 1 messages sent and not yet acknowledged; keeps a slow link busy and a resend short
MAX_QUEUED = 16  # QoS 1 messages not yet sent; when full the oldest gives way: the newest state is worth most
MAX_QUEUED_BYTES = 8192  # payload bytes of them, about a tenth of the smallest heap this runs in
MAX_UNSENT = 8192  # bytes of packets the socket has not taken; a peer that reads nothing is given up
CONNACK_TIMEOUT_MS = 10_000  # from CONNECT to SUBACK
ACK_TIMEOUT_MS = 20_000  # from a QoS 1 PUBLISH to its PUBACK: four times the broker's own resend interval
PING_TIMEOUT_MS = 10_000  # from PINGREQ to any packet; never more than half the keep-alive

OFFLINE = 0
CONNECTING = 1
SUBSCRIBING = 2
READY = 3


class Refused(Refusal):
    """The broker refuses this client or a subscription."""


class PeerSilent(PeerError):
    """The broker did not answer, or takes nothing more, within the time allowed."""


class Unexpected(PeerError):
    """The broker sent a packet that has no place here."""


Ready = namedtuple("Ready", ("session_present",))
"""Event: connected and subscribed. `session_present`: the broker had kept the session."""

Delivered = namedtuple("Delivered", ("packet_id",))
"""Event: the broker has acknowledged the QoS 1 message `packet_id`."""


class _Message:
    def __init__(self, topic, payload, packet_id, urgent):
        self.topic = topic
        self.payload = payload
        self.packet_id = packet_id
        self.urgent = urgent
        self.sent = False  # at least once, on any connection


class Client:
    """A persistent session. `filters` is a sequence of (topic filter, QoS), subscribed on each connection.

    Use: open() when the transport is up, receive() what comes, send what data_to_send() gives, poll() at
    next_deadline(), lost() when the transport is gone; acknowledge() each received message when it is safe.
    """

    def __init__(
        self,
        client_id,
        user,
        password,
        filters,
        *,
        keep_alive_s=60,
        window=WINDOW,
        max_queued=MAX_QUEUED,
        max_queued_bytes=MAX_QUEUED_BYTES,
        max_packet=packet.MAX_PACKET,
        ack_timeout_ms=ACK_TIMEOUT_MS,
    ):
        self.client_id = client_id
        self.state = OFFLINE
        self.dropped = 0  # messages that gave way to newer ones
        self._login = (user, password)
        self._filters = tuple(filters)
        self._keep_alive_s = keep_alive_s
        self._idle_ms = int(keep_alive_s * 750)  # early, so that the ping arrives within the keep-alive
        self._ping_timeout_ms = min(PING_TIMEOUT_MS, int(keep_alive_s * 500))
        self._ack_timeout_ms = ack_timeout_ms
        self._window = window
        self._max_queued = max_queued
        self._max_queued_bytes = max_queued_bytes
        self._queue = []  # in the order of sending; the first `_in_flight` were sent on this connection
        self._in_flight = 0
        self._last_id = 0
        self._out = []
        self._out_size = 0
        self._decoder = packet.Decoder(max_packet)
        self._session_present = False
        self._last_sent = self._last_received = self._answer_due = self._subscribe_id = None
        self._ack_due = None

    @property
    def queued(self):
        """Number of QoS 1 messages not yet acknowledged."""
        return len(self._queue)

    @rare
    def take_dropped(self):
        """Number of messages that gave way since the last call."""
        dropped, self.dropped = self.dropped, 0
        return dropped

    @rare
    def kept(self):
        """What is to survive a restart, in order: (topic, payload, packet id, sent before) for each."""
        return [(m.topic, m.payload, m.packet_id, m.sent) for m in self._queue if not m.urgent]

    @rare
    def restore(self, messages):
        """Take over what kept() gave before a restart; before the first open(). The limits hold."""
        for topic, payload, packet_id, sent in messages:
            self._make_room(len(payload))
            message = _Message(topic, payload, packet_id, False)
            message.sent = sent
            self._queue.append(message)
            self._last_id = packet_id

    @rare
    def open(self, now, will=None):
        """Begin a connection on a fresh transport; `will` is None or (topic, payload, qos)."""
        from module import mqtt_login  # noqa: PLC0415 - for this call alone, however it ends

        drop("module.mqtt_login")
        if self.state != OFFLINE:
            raise LocalError("this session has a connection; call lost() first")
        self._decoder.reset()
        self.state = CONNECTING
        self._last_sent = self._last_received = now
        self._answer_due = now + CONNACK_TIMEOUT_MS
        # A keep-alive below one second exists in tests only; 0 would switch it off at the broker.
        keep_alive = max(1, int(self._keep_alive_s))
        self._send(
            mqtt_login.connect(self.client_id, *self._login, keep_alive_s=keep_alive, clean=False, will=will),
            now,
        )

    @rare
    def lost(self):
        """The transport is gone: what was in flight waits, in order, for the next open()."""
        self.state = OFFLINE
        self._in_flight = 0
        self._answer_due = self._ack_due = self._subscribe_id = None
        self._out = []
        self._out_size = 0

    def publish(self, topic, payload, qos, now, *, urgent=False):
        """Send a message; returns its packet id, or None for QoS 0.

        QoS 1 is queued and survives a lost connection; `urgent` goes before all unsent, never gives way and
        replaces an unsent urgent message of its topic. QoS 0 needs a ready connection. Raises LocalError
        when there is none or the message is too long to be held.
        """
        if qos == 0:
            if self.state != READY:
                raise LocalError("a QoS 0 message needs a ready connection")
            self._send(packet.publish(topic, payload), now)
            return None
        if len(payload) > self._max_queued_bytes:
            raise LocalError(f"a message of {len(payload)} bytes is above {self._max_queued_bytes}")
        if urgent:
            self._drop_unsent_urgent(topic)
        else:
            self._make_room(len(payload))
        message = _Message(topic, payload, self._next_id(), urgent)
        self._queue.insert(self._first_unsent() if urgent else len(self._queue), message)
        self._fill_window(now)
        return message.packet_id

    def acknowledge(self, message, now):
        """Tell the broker that a received Publish or Oversize is taken over (nothing to do for QoS 0)."""
        if message.qos and self.state >= SUBSCRIBING:
            self._send(packet.puback(message.packet_id), now)

    @rare
    def close(self, now):
        """End the connection so that the broker does not publish the will; drain data_to_send() once more."""
        if self.state != OFFLINE:
            self._send(packet.DISCONNECT, now)

    def receive(self, data, now):
        """Take bytes of the transport; return events: Ready, Delivered, mqtt_packet's Publish, Oversize.

        Raises a PeerError (Refused, Unexpected, PeerSilent, mqtt_packet's MalformedPacket and
        PacketTooLarge): close the transport and call lost().
        """
        if self.state == OFFLINE:
            raise LocalError("bytes for a session without a connection")
        events = []
        for received in self._decoder.feed(data):
            self._last_received = now
            if self.state == READY:
                self._answer_due = None
            if isinstance(received, packet.Control):
                self._take_control(received, now, events)
            elif self.state < SUBSCRIBING:
                raise Unexpected("a message came before the broker had accepted us")
            else:
                events.append(received)
        return events

    def poll(self, now):
        """Do what is due: ping an idle connection. Raises PeerSilent when an answer is overdue."""
        if self.state == OFFLINE:
            return
        if self._answer_due is not None and now >= self._answer_due:
            raise PeerSilent("the broker does not answer")
        if self._ack_due is not None and now >= self._ack_due:
            raise PeerSilent("the broker does not acknowledge a message")
        idle_since = min(self._last_sent, self._last_received)
        if self.state == READY and self._answer_due is None and now >= idle_since + self._idle_ms:
            self._answer_due = now + self._ping_timeout_ms
            self._send(packet.PINGREQ, now)

    def next_deadline(self):
        """When poll() has something to do, or None."""
        if self.state == OFFLINE:
            return None
        due = self._answer_due
        if due is None:
            due = min(self._last_sent, self._last_received) + self._idle_ms
        return due if self._ack_due is None else min(due, self._ack_due)

    def data_to_send(self):
        """The bytes to put on the transport now; b"" when there are none. The caller now owns them."""
        data = b"".join(self._out)
        self._out = []
        self._out_size = 0
        return data

    def _take_control(self, control, now, events):
        if control.kind == packet.PUBACK and self.state >= SUBSCRIBING:
            self._on_puback(int.from_bytes(control.body, "big"), now, events)
        elif control.kind != packet.PINGRESP or self.state != READY:
            self._log_in(control, now, events)

    @rare
    def _log_in(self, control, now, events):
        """Take the broker's answer to CONNECT or SUBSCRIBE; Unexpected for all else."""
        from module import mqtt_login  # noqa: PLC0415 - for this call alone, however it ends

        drop("module.mqtt_login")
        kind, body = control
        if kind == packet.CONNACK and self.state == CONNECTING:
            if body[0] > 1:
                raise packet.MalformedPacket("malformed CONNACK")
            if body[1]:
                reason = mqtt_login.REFUSALS.get(body[1], body[1])
                raise Refused(f"the broker refuses the connection: {reason}")
            self._session_present = body[0] == 1
            self.state = SUBSCRIBING
            self._fill_window(now)
            self._subscribe_id = self._next_id()
            self._send(mqtt_login.subscribe(self._subscribe_id, self._filters), now)
        elif kind == packet.SUBACK and self.state == SUBSCRIBING:
            codes = body[2:]
            if int.from_bytes(body[:2], "big") != self._subscribe_id or len(codes) != len(self._filters):
                raise Unexpected("a SUBACK does not fit the SUBSCRIBE")
            for (topic_filter, _), code in zip(self._filters, codes):  # noqa: B905 - MicroPython has no strict=
                if code == mqtt_login.SUBSCRIPTION_REFUSED:
                    raise Refused(f"the broker refuses the subscription {topic_filter}")
            self._subscribe_id = self._answer_due = None
            self.state = READY
            events.append(Ready(self._session_present))
            self._fill_window(now)
        else:
            raise Unexpected(f"a packet of type {kind} came in state {self.state}")

    def _on_puback(self, packet_id, now, events):
        for i in range(self._in_flight):
            if self._queue[i].packet_id == packet_id:
                self._queue.pop(i)
                self._in_flight -= 1
                self._ack_due = now + self._ack_timeout_ms if self._in_flight else None
                events.append(Delivered(packet_id))
                self._fill_window(now)
                return  # an id that is not in flight was acknowledged before: nothing to do

    def _fill_window(self, now):
        """Send queued messages; until we are subscribed only those sent before: they come first (4.4)."""
        while self.state >= SUBSCRIBING and self._in_flight < min(self._window, len(self._queue)):
            message = self._queue[self._in_flight]
            if not message.sent and self.state != READY:
                return
            data = packet.publish(message.topic, message.payload, 1, message.sent, message.packet_id)
            message.sent = True
            self._in_flight += 1
            if self._ack_due is None:
                self._ack_due = now + self._ack_timeout_ms
            self._send(data, now)

    def _make_room(self, size):
        unsent = [message for message in self._queue if not message.sent and not message.urgent]
        total = sum([len(message.payload) for message in unsent])
        while unsent and (len(unsent) >= self._max_queued or total + size > self._max_queued_bytes):
            oldest = unsent.pop(0)
            self._queue.remove(oldest)
            total -= len(oldest.payload)
            self.dropped += 1

    def _drop_unsent_urgent(self, topic):
        self._queue = [m for m in self._queue if m.sent or not m.urgent or m.topic != topic]

    def _first_unsent(self):
        for i, message in enumerate(self._queue):
            if not message.sent:
                return i
        return len(self._queue)

    def _next_id(self):
        used = [message.packet_id for message in self._queue]
        while True:
            self._last_id = self._last_id % 0xFFFF + 1
            if self._last_id not in used and self._last_id != self._subscribe_id:
                return self._last_id

    def _send(self, data, now):
        self._out_size += len(data)
        if self._out_size > MAX_UNSENT:
            raise PeerSilent("the broker takes no more bytes")
        self._out.append(data)
        self._last_sent = now
