"""How apps hand over a network by the access point, GAgent's datagrams (app-api 5).

0001  app to UDP 12414, until it is answered and often longer: u16 length and SSID, u16 length and key
0002  the answer, empty
0019  broadcast to UDP 2415 in the network joined, 30 times: mac (6 bytes), product key and did (text), each
      after its u16 length
"""

import asyncio
import socket
from binascii import unhexlify

from micropython import const

from module.console import say
from wxproto import envelope
from wxproto.errors import PeerError

_NETWORK = const(0x0001)
_TAKEN = const(0x0002)
_JOINED = const(0x0019)
_MAX_SSID = const(32)  # bytes; IEEE 802.11
_MAX_KEY = const(64)  # bytes; the longest form of a WPA key
_MAX_BODY = const(2 + _MAX_SSID + 2 + _MAX_KEY)
_MAX_DATAGRAM = const(256)  # bytes; the longest good one has 106
_ANNOUNCE_PORT = const(2415)
_ANNOUNCEMENTS = const(30)  # one a second; app-api 5
_EVERYBODY = "255.255.255.255"


def decode(datagram):
    """(SSID, key), both bytes, of a datagram 0001. Raises PeerError."""
    frame = envelope.decode(datagram, _MAX_BODY)
    if frame.cmd != _NETWORK:
        raise PeerError("command %04X is not for set-up" % frame.cmd)
    body = frame.p0
    size = int.from_bytes(body[:2], "big")
    ssid = body[2 : 2 + size]
    key = body[4 + size :]
    if not 0 < len(ssid) <= _MAX_SSID or len(ssid) != size:
        raise PeerError("an SSID has 1..%d bytes" % _MAX_SSID)
    if len(body) < 4 + size or int.from_bytes(body[2 + size : 4 + size], "big") != len(key):
        raise PeerError("the length of the key is not that of the datagram's rest")
    if len(key) > _MAX_KEY:
        raise PeerError("a key has at most %d bytes" % _MAX_KEY)
    return ssid, key


async def serve(sock, network, on_network):
    """Take networks from a bound datagram socket for ever.

    network: first three numbers of the access point's addresses, `10.10.100.`; only they are answered.
    on_network(ssid, key): a network came, as bytes; called for repeats too.
    """
    wait = asyncio.StreamReader(sock)
    while True:
        await wait.read(0)  # waits; recvfrom() then takes one datagram
        try:
            datagram, sender = sock.recvfrom(_MAX_DATAGRAM)
            if not is_guest(sender, network):
                continue
            ssid, key = decode(datagram)
            sock.sendto(envelope.encode(_TAKEN, b""), sender)
        except PeerError:  # anybody may send anything here; discovery of the LAN (0003) comes too
            continue
        except OSError:  # the app is gone; it repeats itself
            continue
        on_network(ssid, key)


async def announce(settings, port=_ANNOUNCE_PORT, to=_EVERYBODY, times=_ANNOUNCEMENTS):
    """Tell apps in the network joined that this module has arrived; the did once it is known."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    target = socket.getaddrinfo(to, port)[0][-1]
    told = False
    try:
        for _ in range(times):
            try:
                sock.sendto(envelope.encode(_JOINED, _identity(settings)), target)
            except OSError as error:
                if not told:
                    told = True
                    say("set-up", f"apps cannot be told of the new network: error {error.errno}")
            await asyncio.sleep(1)
    finally:
        sock.close()


def _identity(settings):
    fields = settings.product_key or "", settings.did or ""
    body = b"\0\6" + unhexlify(settings.mac)
    for field in fields:
        body += len(field).to_bytes(2, "big") + field.encode()
    return body


def is_guest(sender, network):
    """True for the address of one who joined the access point; others come through the router.

    A board tells (address, port), the unix build a packed sockaddr.
    """
    host = sender[0] if isinstance(sender, tuple) else "%d.%d.%d.%d" % tuple(sender[4:8])
    return host.startswith(network)
