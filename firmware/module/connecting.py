"""How a connection is made: name look-ups, datagrams and TCP that never stop the rest of the program.

Each has a time limit. Loaded while the module connects or looks at the time, and dropped after it.
"""

import asyncio
import errno
import socket

from module.stream import Unreachable

_DNS_PORT = 53  # unless a name server's address has another
CONNECT_POLL_MS = 10  # a Wi-Fi round trip takes about as long
EISCONN = (106, 127)  # "connected already" on Linux and in lwIP; MicroPython's errno does not name it
MAX_DATAGRAM = 512  # bytes; RFC 1035, 4.2.1; an SNTP answer has 48
DNS_TRY_MS = 2000  # wait for one name server's answer before the next is asked


async def connect(host, port, timeout_ms, network):
    """The connected socket; see stream.connect(), which wraps it."""
    try:
        address = await asyncio.wait_for_ms(look_up(host, network), timeout_ms)
    except asyncio.TimeoutError:
        raise Unreachable(f"no name server answers for {host}") from None
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        network.send_at_once(sock)
        await asyncio.wait_for_ms(_handshake(sock, address, port), timeout_ms)
        return sock
    except asyncio.TimeoutError:
        sock.close()
        raise Unreachable(f"{host}:{port} does not answer") from None
    except OSError as error:
        sock.close()
        raise Unreachable(f"{host}:{port} cannot be reached ({_name(error)})") from None
    except BaseException:
        sock.close()
        raise


async def exchange(address, port, question, decode):
    """Send one datagram and wait for the answer: the first that `decode(data)` gives anything but None for.

    The caller limits the time. OSError when nobody listens there; what decode() raises.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        await _handshake(sock, address, port)  # others than this address are not heard from now on
        sock.send(question)
        reader = asyncio.StreamReader(sock)
        while True:
            await reader.read(0)  # waits; recv() then takes one datagram, where read() would join several
            answer = decode(sock.recv(MAX_DATAGRAM))
            if answer is not None:
                return answer
    finally:
        sock.close()


async def look_up(host, network):
    """IPv4 address of `host` as text: itself, from the port's own table, or asked from its name servers."""
    if is_address(host):
        return host
    known = network.known_host(host)
    if known is not None:
        return known
    from module import dns  # noqa: PLC0415 - dropped with this file

    servers = network.name_servers()
    if not servers:
        raise Unreachable(f"{host} cannot be looked up: there is no name server")
    while True:  # the caller limits the time
        for server in servers:
            try:
                address = await asyncio.wait_for_ms(_ask(server, host, network), DNS_TRY_MS)
            except (asyncio.TimeoutError, OSError):
                continue
            except dns.DnsError as error:
                raise dns.DnsError(f"{host}: {error}") from None
            return address
        await asyncio.sleep_ms(100)


def is_address(name):
    """True for a dotted IPv4 address, which needs no question."""
    parts = name.split(".")
    return len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)


async def _ask(server, host, network):
    from module import dns  # noqa: PLC0415 - see above

    query_id = int.from_bytes(network.entropy(2), "big")
    query = dns.encode_query(query_id, host)
    address, _, port = server.partition(":")
    return await exchange(
        address, int(port or _DNS_PORT), query, lambda data: dns.decode_answer(data, query_id)
    )


async def _handshake(sock, address, port):
    """Connect without blocking: asking again is the portable way to learn how a pending connect() went."""
    target = socket.getaddrinfo(address, port, 0, socket.SOCK_STREAM)[0][-1]  # a number: nothing to wait for
    while True:
        try:
            sock.connect(target)
            return
        except OSError as error:
            if error.errno in EISCONN:
                return
            if error.errno not in (errno.EINPROGRESS, errno.EALREADY):
                raise
        await asyncio.sleep_ms(CONNECT_POLL_MS)


def _name(error):
    return errno.errorcode.get(error.errno, str(error.errno))
