"""One client of the LAN protocol (app-api 5), without I/O: bytes in, bytes and events out, time is given.

Frames are envelopes (wxproto.envelope). What the module can answer from what it knows is answered here; the
rest comes out as events. Whoever breaks the protocol is ended with a reason, and nothing more is read of him.
"""

from binascii import unhexlify

from module import version
from module.loading import rare
from wxproto import commands, envelope
from wxproto.actions import MODULE_P0
from wxproto.errors import PeerError

# What clients send; the answer to each is one number higher.
PASSCODE = 0x0006
LOGIN = 0x0008
NETWORKS = 0x000C
INFO = 0x0013
HEARTBEAT = 0x0015
END_TEST = 0x0017

STRANGERS = (PASSCODE, LOGIN, NETWORKS, INFO, END_TEST)
"""Commands that need no login; any other one of a stranger ends him."""
EVENTS = (NETWORKS, END_TEST, envelope.NOTIFY, envelope.REQUEST)
"""Commands that receive() hands out."""

STRANGER_BODY = 64  # bytes of a stranger's frame; the longest login has 18
IDLE_MS = 14_000  # an app sends a heartbeat every 4 s and gives up after three (app-api 5)
SOFT_AP_IDLE_MS = 70_000  # while the access point is open, whose user is typing a Wi-Fi password
WRONG_PASSCODE_MS = 1000  # a wrong passcode is answered, and its place free, so much later: README, LAN
MAX_NETWORKS = 32  # of a list of networks: 1.1 KB with the longest names
MAX_ANNOUNCEMENT = 127  # the length of an announcement is one byte, below 128


class LanSession:
    """`unsent` are bytes for the client; the owner takes them away as they go.

    `ended` is None, or why the client is to be closed behind them; `hold_ms` is how long both must wait.
    settings: passcode, product_key. status: the word of command 0D. info(): the MCU's McuInfo, or None.
    """

    def __init__(self, settings, status, info, now):
        self._settings = settings
        self._status = status
        self._info = info
        self._buffer = b""
        self._heard = now
        self.logged_in = False
        self.unsent = b""
        self.ended = None
        self.hold_ms = 0

    def receive(self, data):
        """Take bytes of the client; gives the events in them, each (command of EVENTS, frame)."""
        events = []
        self._buffer += bytes(data)
        try:
            while self.ended is None:
                found, used = envelope.split(self._buffer, MODULE_P0 if self.logged_in else STRANGER_BODY)
                if found is None:
                    break
                if not self.logged_in and found.cmd not in STRANGERS:
                    raise PeerError("command %04X before login" % found.cmd)
                if found.cmd in EVENTS:
                    events.append((found.cmd, self._buffer[:used]))
                elif found.cmd == HEARTBEAT:
                    self.send(found.cmd + 1)
                elif found.cmd in _ANSWERS:
                    self.send(found.cmd + 1, _ANSWERS[found.cmd](self, found.p0))
                self._buffer = self._buffer[used:]
        except PeerError as error:
            self.ended = str(error)
        return events

    def touch(self, now):
        """Begin the idle time anew, unless the client is a stranger: his began when he came."""
        if self.logged_in:
            self._heard = now

    def overdue(self, now):
        """True when the client has been silent, or a stranger, for too long."""
        soft_ap = self._status.word & commands.STATUS_SOFTAP
        return now - self._heard > (SOFT_AP_IDLE_MS if soft_ap else IDLE_MS)

    def send(self, cmd, body=b"", sn=None):
        """Queue one frame."""
        self.unsent += envelope.encode(cmd, body, sn)

    @rare
    def send_networks(self, networks):
        """Answer NETWORKS with rows (ssid in bytes, dBm, ...), strongest first; it is the last answer."""
        body = b""
        for row in networks[:MAX_NETWORKS]:
            body += _text(row[0]) + bytes((max(0, min(100, 2 * (row[1] + 100))),))  # percent of -100..-50
        self.send(NETWORKS + 1, body)
        self.ended = "it has the list of networks"

    # Bodies of answers

    def _tell_passcode(self, _):
        if self._status.word & commands.STATUS_BINDING:
            return _text(self._settings.passcode.encode())
        self.ended = "it asked for the passcode outside the binding window"
        return _text(b"")

    def _log_in(self, body):
        size = int.from_bytes(body[:2], "big")
        self.logged_in = _same(body[2 : 2 + size], self._settings.passcode.encode())
        if self.logged_in:
            return b"\0"
        self.hold_ms = WRONG_PASSCODE_MS
        self.ended = "wrong passcode"
        return b"\1"

    def _tell_versions(self, _):
        mcu = self._info()
        texts = [version.HARDWARE, version.SOFTWARE]
        texts += [mcu.hardware_version, mcu.software_version, mcu.p0_version] if mcu else ["", "", ""]
        body = b"".join([(text.encode() + bytes(8))[:8] for text in texts])
        return body + bytes(10) + _text((self._settings.product_key or "").encode())


_ANSWERS = {
    PASSCODE: LanSession._tell_passcode,
    LOGIN: LanSession._log_in,
    INFO: LanSession._tell_versions,
}


def announcement(cmd, settings, mcu, relay):
    """A datagram that says who the module is: did, MAC address and product key, each empty while unknown.

    mcu: McuInfo or None. relay: "host:port"; left out when it would make the datagram too long.
    """
    try:
        mac = unhexlify(settings.mac) if len(settings.mac) == 12 else b""
    except ValueError:  # a name in place of an address
        mac = b""
    body = _text((settings.did or "").encode()) + _text(mac)
    body += _text(b"")  # firmware version: modules that send the tail leave it empty
    body += _text((settings.product_key or "").encode())
    body += (((mcu and mcu.attributes) or b"") + bytes(8))[:8]
    tail = b"\0" + version.SOFTWARE.encode() + b"\0"
    if 3 + len(body) + len(relay) + len(tail) <= MAX_ANNOUNCEMENT:
        body += relay.encode()
    return envelope.encode(cmd, body + tail)


def _text(data):
    return len(data).to_bytes(2, "big") + data


def _same(given, wanted):
    """Compare in a time that tells no more than the length of `given`."""
    other = len(given) ^ len(wanted)
    for i in range(len(given)):
        other |= given[i] ^ wanted[i % len(wanted)]
    return not other
