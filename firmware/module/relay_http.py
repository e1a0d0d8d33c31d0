"""One question to the relay by HTTP, or HTTPS where the uplink has it.

Requests are HTTP/1.0, one a connection: the answer then ends with the connection and is never chunked.
Loaded when the relay is to be asked and dropped after it.
"""

import asyncio

from module import stream
from wxproto.errors import PeerError

MAX_ANSWER = 2048  # bytes of status line, headers and body; a relay's answer has about 400


class RelayError(PeerError):
    """The relay's answer cannot be used; the text names status and reason."""


class Relay:
    """The relay at `host`:`port`, over TLS if there is a tls.Trust.

    `where`: what stream.connect() takes, for who connects without this file; its last part is the Trust.
    """

    def __init__(self, host, port, timeout_ms, network, trust=None):
        self.where = host, port, timeout_ms, network, trust

    async def exchange(self, method, path, body):
        """(status, body text) of one request. Raises OSError (not reachable, too slow) or RelayError."""
        host, port, timeout_ms = self.where[:3]
        authority = f"{host}:{port}"
        connection = await stream.connect(*self.where)
        try:
            head = f"{method} {path} HTTP/1.0\r\nHost: {authority}\r\n"
            if body:
                head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
            await connection.write((head + "\r\n" + body).encode(), timeout_ms)
            answer = await asyncio.wait_for_ms(_read_all(connection), timeout_ms)
        except asyncio.TimeoutError:
            raise stream.Unreachable(f"the relay at {authority} does not answer") from None
        finally:
            connection.close()
        return decode_answer(answer)


def decode_answer(data):
    """(status, body text) of a whole HTTP answer; RelayError when it is none."""
    head, gap, body = data.partition(b"\r\n\r\n")
    words = head.split(b"\r\n")[0].split(b" ")
    if not gap or not words[0].startswith(b"HTTP/1.") or len(words) < 2 or not words[1].isdigit():
        raise RelayError("the relay's answer is no HTTP; is the relay's address right?")
    try:
        return int(words[1]), str(body, "utf-8")
    except UnicodeError:
        raise RelayError("the relay's answer is not text") from None


def encode_form(pairs):
    """`key=value&key=value`, with everything but letters and digits escaped in the values."""
    return "&".join([name + "=" + _escaped(value) for name, value in pairs])


def decode_form(text):
    """The pairs of `key=value&key=value`, lines or parts; values are taken as they are."""
    pairs = {}
    for part in text.replace("\r", "&").replace("\n", "&").split("&"):
        name, _, value = part.partition("=")
        if name:
            pairs[name] = value
    return pairs


def _escaped(value):
    out = bytearray()  # see letters.py
    for byte in value.encode():
        if 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122:
            out.append(byte)
        else:
            out.extend(b"%%%02X" % byte)
    return str(out, "ascii")


async def _read_all(connection):
    data = b""
    buffer = bytearray(256)
    while not _is_whole(data):
        size = await connection.read_into(buffer)
        if not size:
            break
        data += buffer[:size]
        if len(data) > MAX_ANSWER:
            raise RelayError(f"the relay's answer is longer than {MAX_ANSWER} bytes")
    return data


def _is_whole(data):
    """True when the body is as long as the headers say; not every server ends a TLS connection in form."""
    head, gap, body = data.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n") if gap else ():
        if line.startswith(b"content-length:") and line[15:].strip().isdigit():
            return len(body) >= int(line[15:])
    return False
