"""Devices behind an MCU (README 4.8): their address in 03 to 05, and the P0 actions 71, 72 and 73.

The payloads of their registration (53, 55) are not public: wxlink carries them as bytes.
"""

from .actions import SUB_DEVICES_DOWN, SUB_DEVICES_ONLINE, SUB_DEVICES_UP
from .commands import SUB_DEVICE
from .errors import LocalError, PeerError
from .fields import Reader, counted, number
from .record import Record

MAX_SUB_DEVICES = 256
"""Entries of one list; a gateway of this kind serves a house, and each side keeps the list in memory."""
MAX_DID = 32
"""Bytes of a did; those of the cloud have 22, and their field elsewhere in the protocol 32."""
MAX_ENTRY_P0 = 2048
"""Bytes of P0 for one device, as much as a module carries for the MCU itself (actions.MODULE_P0)."""


class Online(Record):
    """One entry of action 71: the device `did` (bytes) came or went."""

    fields = ("did", "online")

    def __init__(self, did, online):
        self.did = did
        self.online = online


class Entry(Record):
    """One entry of actions 72 and 73: `p0` (bytes, from its action on) of or for the device `did` (bytes)."""

    fields = ("did", "p0")

    def __init__(self, did, p0):
        self.did = did
        self.p0 = p0


def encode_online(entries):
    """P0 71 of Online entries. LocalError when there are too many or a did is too long."""
    out = _head(SUB_DEVICES_ONLINE, entries)
    for one in entries:
        out.extend(counted("did", one.did, 1, MAX_DID))
        out.append(1 if one.online else 0)
    return bytes(out)


def encode_list(action, entries):
    """P0 72 (SUB_DEVICES_DOWN) or 73 (SUB_DEVICES_UP) of Entry entries. LocalError as above."""
    if action not in (SUB_DEVICES_DOWN, SUB_DEVICES_UP):
        raise LocalError("P0 of sub-devices has action 72 or 73, not %r" % (action,))
    out = _head(action, entries)
    for one in entries:
        if not one.p0:
            raise LocalError("the P0 of a sub-device begins with its action")
        out.extend(counted("did", one.did, 1, MAX_DID))
        out.extend(counted("p0", one.p0, 2, MAX_ENTRY_P0))
    return bytes(out)


def decode(p0):
    """The entries of a P0 71 (a list of Online), 72 or 73 (lists of Entry). PeerError when malformed."""
    reader = Reader("P0 of sub-devices", p0)
    action = reader.number("action", 1)
    if action not in (SUB_DEVICES_ONLINE, SUB_DEVICES_DOWN, SUB_DEVICES_UP):
        raise PeerError("P0 of sub-devices with action %02X" % action)
    count = reader.number("count", 2)
    if count > MAX_SUB_DEVICES:
        raise PeerError("P0 of sub-devices: %d entries, over %d" % (count, MAX_SUB_DEVICES))
    entries = []
    for _ in range(count):
        did = reader.counted("did", 1, MAX_DID)
        if action == SUB_DEVICES_ONLINE:
            entries.append(Online(did, reader.number("online", 1) != 0))
        else:
            data = reader.counted("p0", 2, MAX_ENTRY_P0)
            if not data:
                raise PeerError("P0 of sub-devices: an entry without action")
            entries.append(Entry(did, data))
    return entries


def encode_address(did, p0):
    """Payload of a 03, 04 or 05 for or of one sub-device; its frame carries the flag SUB_DEVICE."""
    return counted("did", did, 1, MAX_DID) + bytes(p0)


def decode_address(flags, payload):
    """(did, P0) of a 03, 04 or 05; did is None without the flag SUB_DEVICE. PeerError when malformed."""
    if not flags & SUB_DEVICE:
        return None, bytes(payload)
    reader = Reader("P0 of a sub-device", payload)
    return reader.counted("did", 1, MAX_DID), reader.rest()


def _head(action, entries):
    if len(entries) > MAX_SUB_DEVICES:
        raise LocalError("%d entries; %d at most" % (len(entries), MAX_SUB_DEVICES))
    return bytearray(bytes((action,)) + number("count", len(entries), 2))
