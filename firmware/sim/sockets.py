"""Sockets of a simulated chip: the host's, but without a network nothing can be reached."""

import errno
import io
import select
import socket as real

_LOOPBACK = b"\x7f\x00\x00\x01"
_ACCESS_POINT = b"\x0a\x0a\x64\xfe"  # the chip's address in its own network
_GUEST = b"\x0a\x0a\x64\x02"  # who has joined that
_POLL, _CLOSE, _GET_FILENO = 3, 4, 10  # MP_STREAM_POLL, MP_STREAM_CLOSE, MP_STREAM_GET_FILENO

world = None  # set by chip.py
online = None  # the same


class Socket(io.IOBase):
    """As socket.socket(); connect() and sendto() fail as on a chip while it has no network."""

    def __init__(self, *arguments):
        self._real = real.socket(*arguments)
        self._ours = False

    def __getattr__(self, name):
        return getattr(self._real, name)

    def bind(self, address):
        """Bind; the chip's own addresses are the host's loopback, its ports those of the world's `ports`."""
        port = int.from_bytes(address[2:4], "big")
        port = world.get("ports", {}).get(str(port), port)
        self._real.bind(address[:2] + port.to_bytes(2, "big") + _LOOPBACK + address[8:])

        self._ours = address[4:8] == _ACCESS_POINT

    def accept(self):
        """Take a connection; from the host's loopback comes one who has joined the access point."""
        sock, sender = self._real.accept()
        return sock, self._shown(sender)

    def recvfrom(self, size):
        """Take a datagram, as accept()."""
        data, sender = self._real.recvfrom(size)
        return data, self._shown(sender)

    def connect(self, address):
        """Connect."""
        _need_network()
        self._real.connect(address)

    def sendto(self, data, address):
        """Send one datagram."""
        _need_network()
        if address[4:8] == _GUEST:
            address = address[:4] + _LOOPBACK + address[8:]
        return self._real.sendto(data, address)

    def readinto(self, buffer, *size):
        """Read what is there."""
        return self._real.readinto(buffer, *size)

    def read(self, *size):
        """Read."""
        return self._real.read(*size)

    def write(self, data, *size):
        """Write what fits."""
        return self._real.write(data, *size)

    def close(self):
        """Close it."""
        self._real.close()

    def ioctl(self, request, argument):
        """Let poll() wait for the host's socket; TLS asks for its state."""
        if request == _GET_FILENO:
            return self._real.fileno()
        if request == _POLL:
            poll = select.poll()
            poll.register(self._real, argument)
            found = poll.poll(0)
            return found[0][1] if found else 0
        if request == _CLOSE:
            self._real.close()
        return 0

    def _shown(self, sender):
        return sender[:4] + _GUEST + sender[8:] if self._ours else sender


def _need_network():
    if not online():
        raise OSError(errno.EHOSTUNREACH)
