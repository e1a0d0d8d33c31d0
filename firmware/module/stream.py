"""One TCP or TLS connection that never stops the rest of the program."""

import asyncio

from module.loading import drop


class Unreachable(OSError):
    """The peer could not be reached; the text says how far it came."""


class Stream:
    """One TCP connection, with TLS for `host` if there is a tls.Trust.

    Reads and writes raise OSError when it is lost, tls.Untrusted when the other end is not the right one.
    """

    def __init__(self, sock, trust=None, host=""):
        self._socket = sock
        self._trust = trust
        self._host = host
        self._wrapped = trust.wrap(sock, host) if trust else sock
        self._stream = asyncio.StreamReader(self._wrapped)

    async def read_into(self, buffer):
        """Wait for bytes and put them into `buffer`; returns how many, 0 when the peer has closed."""
        while True:
            try:
                size = await self._stream.readinto(buffer)
            except (OSError, ValueError) as error:
                raise self._explained(error) from None
            if size is not None:  # None: woken without cause, or in the midst of a handshake
                return size

    async def write(self, data, timeout_ms):
        """Hand all of `data` to the network; Unreachable when that takes longer than `timeout_ms`."""
        try:
            self._stream.write(data)
            await asyncio.wait_for_ms(self._stream.drain(), timeout_ms)
        except asyncio.TimeoutError:
            raise Unreachable("the peer takes no bytes") from None
        except (OSError, ValueError) as error:
            raise self._explained(error) from None

    def close(self):
        """Close at once; unsent bytes are left to the network stack."""
        if self._trust:
            self._wrapped.close()  # frees its buffers; after a failed handshake it leaves the socket open
        self._socket.close()

    def _explained(self, error):
        return self._trust.explain(error, self._host) if self._trust else error


async def connect(host, port, timeout_ms, network, trust=None):
    """Look up `host` and connect; `network` is the port, it knows name servers. Unreachable, DnsError.

    `trust` is a tls.Trust or None; the handshake comes with the first write.
    """
    from module import connecting  # noqa: PLC0415 - 4 KB of heap, for a moment

    try:
        sock = await connecting.connect(host, port, timeout_ms, network)
    finally:
        del connecting
        drop("module.connecting", "module.dns")
    try:
        return Stream(sock, trust, host)
    except BaseException:
        sock.close()
        raise
