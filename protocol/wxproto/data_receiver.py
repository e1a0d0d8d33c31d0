"""The receiving side of big data (README 3.10): pieces come in order and go to write().

No I/O and no clock: the program asks what question() gives, tells how it ended by answered() or gave_up(),
and hands the peer's commands COMMANDS to take(). A Courier does that on a Session.
"""

from .big_data import MAX_PIECE, MAX_PIECES, PIECE_BYTES, Announce, Piece, Ready
from .commands import (
    DATA_ANNOUNCE,
    DATA_PIECE,
    DATA_READY,
    DATA_RECEIVER_CANCEL,
    DATA_SENDER_CANCEL,
    ERROR_OTHER,
)
from .errors import LocalError, PeerError

COMMANDS = (DATA_ANNOUNCE, DATA_PIECE, DATA_SENDER_CANCEL)
"""Commands of the sender, for take()."""

QUIET_MS = 15_000
"""Milliseconds without a piece until the receiver asks again; the vendor's module program gives up then."""
ASKS = 3
"""Times that a receiver asks without a new byte before it cancels, as often as any question is sent."""

# States, and what moves them.
IDLE = "idle"
OFFERED = "offered"
WAITING = "waiting"
RECEIVING = "receiving"
DONE = "done"
STOPPED = "stopped"
ANNOUNCED = "the sender announced a file"
ACCEPTED = "the program wants it"
PIECE = "the next piece came"
QUIET = "no piece came for a while"
COMPLETE = "all pieces are here and fit"
GONE = "the sender is silent"
MISSING = "a piece is missing"
WRONG_SIZE = "the size is not the announced one"
WRONG_DIGEST = "the MD5 is not the announced one"
CANCELLED = "the sender cancelled"
REFUSED = "the receiver cancelled"

TRANSITIONS = {
    (IDLE, ACCEPTED): WAITING,
    (OFFERED, ACCEPTED): WAITING,
    (WAITING, PIECE): RECEIVING,
    (WAITING, QUIET): WAITING,
    (WAITING, GONE): STOPPED,
    (RECEIVING, PIECE): RECEIVING,
    (RECEIVING, QUIET): WAITING,
    (RECEIVING, GONE): STOPPED,
    (RECEIVING, COMPLETE): DONE,
    (RECEIVING, MISSING): STOPPED,
    (RECEIVING, WRONG_SIZE): STOPPED,
    (RECEIVING, WRONG_DIGEST): STOPPED,
    (OFFERED, WRONG_SIZE): STOPPED,
}
"""(State, what happened) -> next state; what is not listed changes nothing. IDLE comes first."""
TRANSITIONS.update(
    {(state, ANNOUNCED): OFFERED for state in (IDLE, OFFERED, WAITING, RECEIVING, DONE, STOPPED)}
)
TRANSITIONS.update({(state, CANCELLED): STOPPED for state in (OFFERED, WAITING, RECEIVING)})
TRANSITIONS.update({(state, REFUSED): STOPPED for state in (OFFERED, WAITING, RECEIVING)})


class Receiver:
    """Receives one file of at most `max_bytes`; `write(offset, content)` gets each byte once and in order.

    The sender can begin at the first piece only: what `have` covers is not written again when it does, and
    the hash is of what comes, so check the whole in its place before use. `new_digest()` makes a hash with
    update() and digest(), hashlib.md5 where there is one; without it the program checks the MD5. `bare` asks
    without MD5 and size, as the vendor's module program does.
    `state` is a state of TRANSITIONS, `reason` what stopped it, `announced` the Announce, `have` the bytes
    written, `waiting` true while the outcome of a question counts, as in a Sender.
    """

    def __init__(
        self,
        write,
        max_bytes,
        *,
        piece_bytes=PIECE_BYTES,
        hex_lines=False,
        new_digest=None,
        bare=False,
        quiet_ms=QUIET_MS,
        asks=ASKS,
    ):
        if not 0 <= piece_bytes <= MAX_PIECE:
            raise LocalError("piece_bytes must be 0..%d, not %r" % (MAX_PIECE, piece_bytes))
        if not hex_lines and (piece_bytes or PIECE_BYTES) * MAX_PIECES < max_bytes:
            raise LocalError(
                "%d pieces of %d bytes hold less than %d: ask for larger ones"
                % (MAX_PIECES, piece_bytes or PIECE_BYTES, max_bytes)
            )
        self.state = IDLE
        self.reason = None
        self.announced = None
        self.have = 0
        self.waiting = False
        self._write = write
        self._max_bytes = max_bytes
        self._piece_bytes = piece_bytes
        self._hex_lines = hex_lines
        self._new_digest = new_digest
        self._bare = bare
        self._quiet_ms = quiet_ms
        self._asks = asks
        self._asked = 0  # questions for the file since its last new byte
        self._pending = None  # code of the question to ask
        self._deadline = None
        self._number = 0  # last piece of this run
        self._offset = 0  # bytes of this run
        self._digest = None
        self._heard = False  # the last question for the file was acknowledged

    def accept(self, now, *, have=0, announced=None):
        """Ask for the announced file; its first `have` bytes are written already.

        With `announced` it needs no announcement: so a receiver that was restarted goes on. LocalError when
        nothing was announced, it is under way, or `have` and sizes cannot be.
        """
        if announced is not None and self.state == IDLE:
            self.announced = announced
        if self.announced is None or (self.state, ACCEPTED) not in TRANSITIONS:
            raise LocalError("no file to accept: %s" % self.state)
        if not 0 <= have <= self.announced.size <= self._max_bytes:
            raise LocalError("%d bytes written of %d" % (have, self.announced.size))
        self._move(ACCEPTED)
        self.have = max(self.have, have)
        self._begin_run()
        self._asked = 0
        self._ask(now)

    def cancel(self):
        """Refuse the announced file, or give it up, and tell the sender."""
        self._stop(REFUSED)

    def question(self):
        """(cmd, payload, flags) to ask now, each given once; None while there is nothing to ask."""
        pending = self._pending
        if pending is not None:
            self._pending = None
            self.waiting = True
        if pending != DATA_READY:
            return None if pending is None else (pending, b"", 0)
        md5, size = (None, 0) if self._bare else (self.announced.md5, self._piece_bytes)
        ready = Ready(md5, size, hex_lines=self._hex_lines)
        return DATA_READY, ready.encode(), ready.flags

    def answered(self, now):
        """The question was acknowledged."""
        self.waiting = False
        self._heard = True
        self._extend(now)

    def gave_up(self, now):
        """The question was not acknowledged: it is asked again when the sender stays quiet."""
        self.waiting = False

    def take(self, asked, now):
        """Take an Asked of COMMANDS; None: acknowledge it, else the error of the notice that refuses it."""
        if asked.cmd == DATA_SENDER_CANCEL:
            if self._move(CANCELLED):
                self._put(None)
            return None
        if asked.cmd not in COMMANDS:
            raise LocalError("command %02X is not for the receiver of big data" % asked.cmd)
        try:
            if asked.cmd == DATA_ANNOUNCE:
                self._take_announce(Announce.decode(asked.payload))
                return None
            return self._take_piece(Piece.decode(asked.flags, asked.payload), now)
        except PeerError:
            return ERROR_OTHER

    def poll(self, now):
        """Do what time demands: ask again, or give it up."""
        if self._deadline is None or now < self._deadline:
            return
        if self._asked < self._asks:
            self._move(QUIET)
            self._ask(now)
        else:
            self._stop(GONE)

    def next_deadline(self):
        """Time at which poll() is due, None while nothing waits."""
        return self._deadline

    def _move(self, what):
        """Follow TRANSITIONS; true when it lists this."""
        after = TRANSITIONS.get((self.state, what))
        if after is None:
            return False
        self.state = after
        self.reason = what if after == STOPPED else None
        if after not in (WAITING, RECEIVING):
            self._deadline = None
        return True

    def _stop(self, why):
        if self._move(why):
            self._put(DATA_RECEIVER_CANCEL)

    def _put(self, question):
        """Ask this next, or nothing; a question that is under way does not count any more."""
        self._pending = question
        self.waiting = False

    def _ask(self, now):
        self._put(DATA_READY)
        self._heard = False
        self._asked += 1
        self._extend(now)

    def _extend(self, now):
        if self.state in (WAITING, RECEIVING):
            self._deadline = now + self._quiet_ms

    def _take_announce(self, announced):
        self._move(ANNOUNCED)
        if announced != self.announced:
            self.have = 0
        self.announced = announced
        self._put(None)
        if not 0 < announced.size <= self._max_bytes:
            self._stop(WRONG_SIZE)

    def _take_piece(self, piece, now):
        if self.state == DONE:
            return None  # its acknowledgement was lost
        if self.state not in (WAITING, RECEIVING):
            return ERROR_OTHER
        expected = self._number + 1
        if piece.number == 1 and (self.state == WAITING or expected > 2):
            self._begin_run()
            expected = 1
        elif self.state == WAITING and not (self._number and piece.number in (expected - 1, expected)):
            # Of a run that nobody here knows. A sender that heard us begins anew after it; one that did not
            # must not take it as written.
            return None if self._heard else ERROR_OTHER
        self._move(PIECE)
        self._put(None)
        self._extend(now)
        if piece.number == expected:
            self._store(piece)
        elif piece.number != self._number:
            self._stop(MISSING)
        return None

    def _begin_run(self):
        self._number = 0
        self._offset = 0
        self._digest = None if self._new_digest is None else self._new_digest()

    def _store(self, piece):
        content = piece.content
        end = self._offset + len(content)
        if end > self.announced.size:
            self._reject(WRONG_SIZE)
            return
        if end > self.have:
            fresh = max(self.have, self._offset)
            self._write(fresh, content[fresh - self._offset :])
            self.have = end
            self._asked = 0
        if self._digest is not None:
            self._digest.update(content)
        self._offset = end
        self._number = piece.number
        if not piece.last:
            return
        if end != self.announced.size:
            self._reject(WRONG_SIZE)
        elif self._digest is not None and self._digest.digest().hex() != self.announced.md5.lower():
            self._reject(WRONG_DIGEST)
        else:
            self._move(COMPLETE)

    def _reject(self, why):
        """Stop; nothing of what came is worth keeping."""
        self.have = 0
        self._stop(why)
