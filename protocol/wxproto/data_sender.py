"""The sending side of big data (README 3.10): a file goes out piece by piece, from wherever read() has it.

No I/O and no clock: the program asks what question() gives, tells how it ended by answered() or gave_up(),
and hands the peer's commands COMMANDS to take(). A Courier does that on a Session.
"""

from .big_data import MAX_LINE, MAX_PIECE, MAX_PIECES, PIECE_BYTES, Announce, Piece, Ready
from .commands import (
    DATA_ANNOUNCE,
    DATA_PIECE,
    DATA_READY,
    DATA_RECEIVER_CANCEL,
    DATA_SENDER_CANCEL,
    ERROR_FILE_TYPE,
    ERROR_OTHER,
)
from .errors import LocalError, PeerError

COMMANDS = (DATA_READY, DATA_RECEIVER_CANCEL)
"""Commands of the receiver, for take()."""

OFFER_MS = 60_000
"""Milliseconds a file stays offered to one that does not ask: erasing a large flash takes tens of seconds."""

# States, and what moves them.
NEW = "new"
ANNOUNCING = "announcing"
OFFERED = "offered"
SENDING = "sending"
DONE = "done"
STOPPED = "stopped"
STARTED = "the program started it"
ACKED = "the announcement was acknowledged"
READY = "the receiver asked for it"
COMPLETE = "the last piece was acknowledged"
SILENT = "a question was given up"
LATE = "nobody asked for it in time"
CANCELLED = "the receiver cancelled"
WITHDRAWN = "the sender cancelled"

TRANSITIONS = {
    (NEW, STARTED): ANNOUNCING,
    (ANNOUNCING, ACKED): OFFERED,
    (ANNOUNCING, READY): SENDING,
    (ANNOUNCING, SILENT): STOPPED,
    (OFFERED, STARTED): ANNOUNCING,
    (OFFERED, READY): SENDING,
    (OFFERED, LATE): STOPPED,
    (SENDING, READY): SENDING,
    (SENDING, SILENT): OFFERED,
    (SENDING, COMPLETE): DONE,
    (DONE, READY): SENDING,
}
"""(State, what happened) -> next state; what is not listed changes nothing. NEW comes first."""
TRANSITIONS.update({(state, CANCELLED): STOPPED for state in (ANNOUNCING, OFFERED, SENDING, DONE)})
TRANSITIONS.update({(state, WITHDRAWN): STOPPED for state in (NEW, ANNOUNCING, OFFERED, SENDING)})


class Sender:
    """Offers `size` bytes with `md5` (hex digits) and sends them whenever the receiver asks.

    `read(offset, size)` gives that many bytes of the file; with `hex_lines` it is text that may also be asked
    for line by line. `state` is a state of TRANSITIONS, `reason` what stopped it, `sent` the bytes of `size`
    that the receiver has acknowledged in this run, `waiting` true while the outcome of a question counts.
    When that ends before the question does, the program withdraws it: what it asks next takes its place.
    """

    def __init__(self, size, md5, read, *, hex_lines=False, offer_ms=OFFER_MS):
        if not 0 < size < 1 << 32:
            raise LocalError("a file of %r bytes cannot be announced" % (size,))
        self.state = NEW
        self.reason = None
        self.size = size
        self.sent = 0
        self.waiting = False
        self._announce = Announce(size, md5.lower())
        self._read = read
        self._hex_lines = hex_lines
        self._offer_ms = offer_ms
        self._deadline = None
        self._ready = None  # the receiver's last Ready
        self._number = 0  # pieces acknowledged in this run
        self._piece_size = 0  # bytes of the piece under way
        self._cancel = False  # 1F is to be asked

    def start(self):
        """Announce the file; once more to a receiver that came back and may know nothing of it."""
        self._move(STARTED)

    def cancel(self):
        """Give it up and tell the receiver. After the last piece, or when stopped, it changes nothing."""
        self._withdraw(WITHDRAWN)

    def question(self):
        """(cmd, payload, flags) to ask now, each given once; None while there is nothing to ask."""
        if self.waiting:
            return None
        found = None
        if self.state == ANNOUNCING:
            found = (DATA_ANNOUNCE, self._announce.encode(), 0)
        elif self.state == SENDING:
            piece = self._piece()
            if piece is not None:
                found = (DATA_PIECE, piece.encode(), piece.flags)
        if found is None and self._cancel:
            self._cancel = False
            found = (DATA_SENDER_CANCEL, b"", 0)
        self.waiting = found is not None
        return found

    def answered(self, now):
        """The question was acknowledged."""
        if self._over():
            return
        if self.state == SENDING:
            self.sent += self._piece_size
            self._number += 1
            if self.sent == self.size:
                self._move(COMPLETE)
        elif self._move(ACKED):
            self._deadline = now + self._offer_ms

    def gave_up(self, now):
        """The question was not acknowledged: the receiver is silent, and may ask again when it is back."""
        if not self._over() and self._move(SILENT) and self.state == OFFERED:
            self._deadline = now + self._offer_ms

    def take(self, asked, now):
        """Take an Asked of COMMANDS; None: acknowledge it, else the error of the notice that refuses it."""
        if asked.cmd == DATA_RECEIVER_CANCEL:
            self._move(CANCELLED)
            self.waiting = False
            return None
        if asked.cmd != DATA_READY:
            raise LocalError("command %02X is not for the sender of big data" % asked.cmd)
        try:
            ready = Ready.decode(asked.flags, asked.payload)
        except PeerError:
            return ERROR_OTHER
        if ready.md5 is not None and ready.md5.lower() != self._announce.md5:
            return None  # of another file: acknowledged, and nothing follows, as the vendor's module does it
        if ready.hex_lines and not self._hex_lines:
            return ERROR_FILE_TYPE
        ready.piece_bytes = ready.piece_bytes or PIECE_BYTES
        if ready.piece_bytes > MAX_PIECE or _count(self.size, ready.piece_bytes) > MAX_PIECES:
            return ERROR_OTHER
        if (self.state, READY) in TRANSITIONS:
            self._move(READY)
            self._ready = ready
            self.waiting = False
            self._number = 0
            self.sent = 0
        return None

    def poll(self, now):
        """Do what time demands."""
        if self.state == OFFERED and now >= self._deadline:
            self._withdraw(LATE)

    def next_deadline(self):
        """Time at which poll() is due, None while nothing waits."""
        return self._deadline if self.state == OFFERED else None

    def _move(self, what):
        """Follow TRANSITIONS; true when it lists this."""
        after = TRANSITIONS.get((self.state, what))
        if after is None:
            return False
        self.state = after
        self.reason = what if after == STOPPED else None
        return True

    def _withdraw(self, why):
        """Stop, and tell the receiver when it knows of the file."""
        known = self.state != NEW
        if self._move(why):
            self._cancel = known
            self.waiting = False

    def _over(self):
        """The question has ended; true when its outcome does not count any more."""
        counts = self.waiting
        self.waiting = False
        return not counts

    def _piece(self):
        """The next piece; None when the file has no such line: then it is withdrawn."""
        rest = self.size - self.sent
        if not self._ready.hex_lines:
            size = self._ready.piece_bytes
            count = _count(self.size, size)
            piece = Piece(self._number + 1, count, self._content(min(size, rest)))
        else:
            ahead = self._content(min(MAX_LINE, rest))
            line = ahead[: ahead.find(b"\n") + 1] or ahead
            last = len(line) == rest
            if not (last or line.endswith(b"\n")) or self._number == MAX_PIECES:
                self._withdraw(WITHDRAWN)
                return None
            piece = Piece(self._number + 1, 0, line, hex_lines=True, last=last)
        self._piece_size = len(piece.content)
        return piece

    def _content(self, size):
        content = self._read(self.sent, size)
        if len(content) != size:
            raise LocalError("read() gave %d bytes instead of %d" % (len(content), size))
        return content


def _count(size, piece_bytes):
    return (size + piece_bytes - 1) // piece_bytes
