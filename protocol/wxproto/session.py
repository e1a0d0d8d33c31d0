"""The conversation on the serial link (README 3.3), for both ends: the role is a parameter.

Bytes and the time go in, events and bytes come out. Times are integer milliseconds that never go back and
never wrap. One question is outstanding at a time; while it waits, the peer's commands are acknowledged.
"""

from .actions import READS
from .commands import (
    ACK_BY_ACTION,
    ACK_DATA,
    ACK_DONE,
    BY_EITHER,
    BY_MCU,
    BY_MODULE,
    ERROR_CHECKSUM,
    ERROR_OTHER,
    ERROR_UNKNOWN_COMMAND,
    GET_DEVICE_INFO,
    HEARTBEAT,
    KINDS,
    MCU,
    MCU_NOTICE,
    MODULE,
    MODULE_NOTICE,
    NO_ACK,
    P0_DOWN,
    SUB_DEVICE,
    within_ms,
)
from .counters import Counters
from .errors import LocalError
from .events import Answered, Asked, GaveUp, PeerNotice
from .frame import CHECKSUM, MAX_PAYLOAD, BadFrame, Decoder, Frame, encode
from .line import BAUD, Line, stuffed_size
from .link_state import ANSWERED, GONE, HEARD, MISSED, SERVED, LinkState
from .question import Question, answer_size, sub_device

ACK_TIMEOUT_MS = 200
"""Milliseconds from a send to its repeat at least, as the protocol demands; wire time can make it more."""
SENDS = 3
"""Sends of one question in total, as the vendor's module program does."""
HEARTBEAT_MS = 55_000
"""Milliseconds between heartbeats, as the vendor's module program sends them."""
LOST_AFTER = 4
"""Unanswered heartbeats in a row that lose the MCU; the vendor's module program restarts after the fourth."""
MAX_QUEUE = 16
"""Questions waiting; more than a product can ask in the time that one may take is a loop gone wild."""
DUPLICATE_MS = 3500
"""Milliseconds in which an equal command of an MCU is a repeat at least; older ones repeat after 3 s."""
MAX_BACKLOG = 16_640
"""Bytes not yet fetched: two of the largest frames, stuffed throughout; what exceeds it is lost."""

_OWN = 0  # ticket of the session's own questions


class Session:
    """One end of the link; `role` is commands.MODULE or commands.MCU, `counters` what it has seen so far.

    The module asks for device information by itself until it comes (LinkUp), then sends heartbeats. A silent
    MCU is pinged at once; when `lost_after` pings stay unanswered, LinkLost is reported and the asking begins
    again. While the module's link is down its questions are given up unsent: nothing may switch minutes
    later. The MCU's questions wait for LinkUp: it must not begin before it has given its device information.

    Bytes handed out are taken to leave at `baud`, one after the other; time-outs begin when they are out.
    """

    def __init__(
        self,
        role,
        *,
        baud=BAUD,
        ack_timeout_ms=ACK_TIMEOUT_MS,
        sends=SENDS,
        heartbeat_ms=HEARTBEAT_MS,
        lost_after=LOST_AFTER,
        max_queue=MAX_QUEUE,
        max_payload=MAX_PAYLOAD,
        duplicate_ms=DUPLICATE_MS,
        max_backlog=MAX_BACKLOG,
    ):
        if min(ack_timeout_ms, sends, heartbeat_ms, lost_after, max_queue) < 1:
            raise LocalError("limits of a session must be at least 1")
        self.role = role
        self._link = LinkState(role)
        self._peer = BY_MCU if role == MODULE else BY_MODULE  # its bit in commands.KINDS
        self.counters = Counters()
        self._ack_timeout_ms = ack_timeout_ms
        self._sends = sends
        self._heartbeat_ms = heartbeat_ms
        self._lost_after = lost_after
        self._max_queue = max_queue
        self._duplicate_ms = duplicate_ms
        self._decoder = Decoder(max_payload)
        self._line = Line(baud, max_backlog)
        self._now = 0  # the time last told
        self._started = role == MCU
        self._out = bytearray()
        self._later = []  # events that happened outside receive() and poll()
        self._queue = []
        self._question = None  # the outstanding one
        self._next_sn = 0
        self._next_ticket = _OWN + 1
        self._heartbeat_at = 0
        self._missed = 0
        self._last = None  # last command of the peer, its acknowledgement (None until answered) and time
        self._last_ack = None
        self._last_at = 0
        self._longest = 0  # payload of the peer, bytes

    @property
    def up(self):
        """True while the peer is there, as far as known."""
        return self._link.up

    def ask(self, cmd, payload=b"", *, now, flags=0, service_ms=None):
        """Send a command, or queue it behind the outstanding one; gives the ticket of its Answered or GaveUp.

        `service_ms` is the time the peer may take before its answer, when commands.KINDS knows it badly.
        LocalError when this role may not ask `cmd`, the payload is too long or `max_queue` questions wait.
        """
        self._now = now
        kind = KINDS[cmd] if 0 <= cmd < len(KINDS) else 0
        if not kind & (self._peer ^ BY_EITHER) or kind & NO_ACK:
            raise LocalError("the %s cannot ask command %02X; see commands.COMMANDS" % (self.role, cmd))
        if len(self._queue) + len(self._later) >= self._max_queue:
            raise LocalError("%d questions wait already: wait for Answered or GaveUp" % self._max_queue)
        ticket = self._next_ticket
        if not self._link.up and self.role == MODULE:
            self._later.append(GaveUp(ticket, cmd))
        else:
            self._queue.append(self._new_question(ticket, cmd, payload, flags, service_ms))
            self._send_next(now)
        self._next_ticket += 1
        return ticket

    def withdraw(self, ticket, now):
        """Forget a question, sent or not: neither Answered nor GaveUp follows. Nothing when it has ended."""
        self._now = now
        self._queue = [one for one in self._queue if one.ticket != ticket]
        self._later = [one for one in self._later if not (isinstance(one, GaveUp) and one.ticket == ticket)]
        if self._question is not None and self._question.ticket == ticket:
            self._question = None
            self._send_next(now)

    def answer(self, asked, payload=b""):
        """Acknowledge an Asked whose `wants_answer` is true, with data unless commands.COMMANDS says DONE.

        It leaves at the time last told to the session. LocalError when the Asked wants no answer (any more).
        """
        frame = encode(asked.cmd + 1, asked.sn, payload, _ack_flags(asked))
        if self._reply(asked, frame):
            self._last_ack = frame
        if asked.cmd == GET_DEVICE_INFO:
            self._link.move(SERVED, self._later)

    def refuse(self, asked, error):
        """Send an error notice (a key of commands.NOTICES) in place of answer(); LocalError as there.

        The command counts as never seen: when it is repeated, it is asked again and may then be answered.
        """
        if self._reply(asked, self._notice(asked.sn, error)):
            self._last = None
        self.counters.notices_out += 1

    def receive(self, data, now):
        """Take bytes from the wire; gives the events they cause."""
        events = self._begin(now)
        counters = self.counters
        for found in self._decoder.feed(data):
            if isinstance(found, BadFrame):
                counters.bad_frames += 1
                events.append(found)
                if found.reason == CHECKSUM:
                    self._refuse(found, ERROR_CHECKSUM)
            else:
                counters.frames_in += 1
                self._longest = max(self._longest, len(found.payload))
                self._take(found, now, events)
        counters.bad_bytes = self._decoder.skipped
        counters.resyncs = self._decoder.resyncs
        self._send_next(now)
        return events

    def poll(self, now):
        """Do what time demands: repeats, giving up, heartbeats; gives the events of it."""
        events = self._begin(now)
        question = self._question
        if question is not None and now >= question.deadline:
            if question.sends < self._sends:
                self._transmit(question, now)
            else:
                self._question = None
                self.counters.given_up += 1
                self._give_up(question, events)
        if self._beating() and now >= self._heartbeat_at:
            self._ping()
            self._heartbeat_at = now + self._heartbeat_ms
        self._send_next(now)
        return events

    def data_to_send(self):
        """Bytes for the wire, each given once; empty when there is nothing."""
        out = bytes(self._out)
        if out:
            self._out = bytearray()
        return out

    def next_deadline(self):
        """Time at which poll() is due, None while nothing waits; 0 means at once."""
        if self._later or not self._started:
            return 0
        times = []
        if self._question is not None:
            times.append(self._question.deadline)
        if self._beating():
            times.append(self._heartbeat_at)
        return min(times) if times else None

    def _reply(self, asked, frame):
        """Send what settles an Asked; true when it is the peer's last command, which may be repeated."""
        if not asked.wants_answer:
            raise LocalError("command %02X was acknowledged already" % asked.cmd)
        asked.wants_answer = False
        self._send(frame)
        return self._last == Frame(asked.cmd, asked.sn, asked.flags, asked.payload)

    def _begin(self, now):
        self._started = True
        self._now = now
        events = self._later
        self._later = []
        return events

    def _beating(self):
        return self.role == MODULE and self._link.up

    def _take(self, frame, now, events):
        cmd = frame.cmd
        self._missed = 0
        self._link.move(HEARD, events)
        if cmd in (MODULE_NOTICE, MCU_NOTICE):
            self._take_notice(frame, now, events)
        elif cmd & 1:
            self._take_command(frame, now, events)
        else:
            self._take_ack(frame, now, events)

    def _take_ack(self, frame, now, events):
        question = self._question
        if question is None or frame.cmd != question.cmd + 1 or frame.sn != question.sn:
            return  # late or stray
        self._question = None
        if question.sends == 1:
            self.counters.measured(now - question.sent_at)
        if question.ticket != _OWN or question.cmd != HEARTBEAT:
            events.append(Answered(question.ticket, question.cmd, frame.sn, frame.payload))
        if question.cmd == GET_DEVICE_INFO and self._link.move(ANSWERED, events):
            self._heartbeat_at = now + self._heartbeat_ms

    def _take_notice(self, frame, now, events):
        if not KINDS[frame.cmd] & self._peer or not frame.payload:
            return  # never a notice on a notice
        self.counters.notices_in += 1
        events.append(PeerNotice(frame.payload[0], frame.sn))
        question = self._question
        if (
            question is not None
            and frame.payload[0] == ERROR_CHECKSUM
            and frame.sn == question.sn
            and question.sends < self._sends
        ):
            self._transmit(question, now)

    def _take_command(self, frame, now, events):
        kind = KINDS[frame.cmd] if frame.cmd < len(KINDS) else 0
        if not kind & self._peer:
            self._refuse(frame, ERROR_UNKNOWN_COMMAND)
            return
        if frame == self._last and now - self._last_at <= self._repeat_window(kind, frame):
            self._last_at = now
            self.counters.repeats += 1
            if self._last_ack is not None:
                self._send(self._last_ack)
            return
        wants_answer = kind & (ACK_DATA | ACK_DONE) != 0
        head = b""
        if kind & ACK_BY_ACTION:
            head = sub_device(frame.flags, frame.payload)
            if len(frame.payload) <= len(head):
                self._refuse(frame, ERROR_OTHER)
                return
            wants_answer = frame.payload[len(head)] in READS
        self._last = frame
        self._last_at = now
        self._last_ack = None
        if not wants_answer:
            self._last_ack = encode(frame.cmd + 1, frame.sn, head, _ack_flags(frame))
            self._send(self._last_ack)
        if frame.cmd != GET_DEVICE_INFO:
            self._link.move(SERVED, events)
        events.append(Asked(frame.cmd, frame.sn, frame.flags, frame.payload, wants_answer))

    def _repeat_window(self, kind, frame):
        """Milliseconds in which an equal frame is a repeat: as long as a peer with our limits goes on.

        Commands that only an MCU asks have `duplicate_ms` at least. Big data has not: its askers are no older
        programs, and one that was restarted must not pass for its own repeat.
        """
        size = len(frame.payload)
        answer = answer_size(kind, frame.flags, frame.payload, size)
        wire_ms = self._line.duration(stuffed_size(size) + stuffed_size(answer))
        least = self._duplicate_ms if not kind & BY_MODULE else 0
        return max(least, self._sends * max(self._ack_timeout_ms, wire_ms + within_ms(kind)))

    def _refuse(self, frame, error):
        """Send an error notice about a command; acknowledgements and notices are met with silence."""
        if frame.cmd & 1 and frame.cmd != MODULE_NOTICE:
            self.counters.notices_out += 1
            self._send(self._notice(frame.sn, error))

    def _notice(self, sn, error):
        return encode(MODULE_NOTICE if self.role == MODULE else MCU_NOTICE, sn, bytes((error,)))

    def _give_up(self, question, events):
        if question.ticket != _OWN:
            events.append(GaveUp(question.ticket, question.cmd))
        elif question.cmd == HEARTBEAT:
            self._missed += 1
            self._link.move(MISSED, events)
            if self._missed < self._lost_after:
                self._ping()
                return
            self._link.move(GONE, events)
            self._missed = 0
            events.extend([GaveUp(one.ticket, one.cmd) for one in self._queue if one.ticket != _OWN])
            self._queue = []

    def _ping(self):
        """Put a heartbeat at the head of the queue, unless one waits or is under way."""
        waiting = self._queue[0] if self._queue else None
        if not any(one is not None and one.ticket == _OWN for one in (self._question, waiting)):
            self._queue.insert(0, self._new_question(_OWN, HEARTBEAT))

    def _new_question(self, ticket, cmd, payload=b"", flags=0, service_ms=None):
        kind = KINDS[cmd]
        sn = self._next_sn
        frame = encode(cmd, sn, payload, flags)
        self._next_sn = (sn + 1) & 0xFF
        answer = answer_size(kind, flags, payload, self._longest)
        service_ms = within_ms(kind) if service_ms is None else service_ms
        return Question(ticket, cmd, sn, frame, answer=answer, service_ms=service_ms)

    def _send_next(self, now):
        if self._question is not None:
            return
        if self._link.up:
            if not self._queue:
                return
            self._question = self._queue.pop(0)
        elif self.role == MODULE:
            self._question = self._new_question(_OWN, GET_DEVICE_INFO)
        else:
            return
        self._transmit(self._question, now)

    def _transmit(self, question, now):
        if question.sends:
            self.counters.resends += 1
        question.sent(now, self._send(question.frame), self._line, self._ack_timeout_ms)

    def _send(self, frame):
        """Put a frame on the way; gives the time at which its last byte leaves, now when it is lost."""
        if len(self._out) + len(frame) > self._line.capacity:
            self.counters.lost_frames += 1
            return self._now
        self._out.extend(frame)
        self.counters.frames_out += 1
        return self._line.send(len(frame), self._now)


def _ack_flags(asked):
    """Flags of an acknowledgement: those of a sub-device's P0 are repeated, all others are 0."""
    return asked.flags if asked.cmd == P0_DOWN and asked.flags & SUB_DEVICE else 0
