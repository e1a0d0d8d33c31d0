"""How the module gets its did and the broker's address: two HTTP or HTTPS requests to the relay.

    POST /dev/devices         passcode, mac, product_key, update_key -> 201, body `did=<22 characters>`
    DELETE /dev/devices       did, passcode -> 200; after a reset
    GET  /dev/devices/<did>   -> 200, body `host=H&port=P&server_ts=T&port_s=P...`

Requests are HTTP/1.0, one a connection: the answer then ends with the connection and is never chunked.
Loaded when the relay is to be asked and dropped after it.
"""

import asyncio

from module import stream
from module.backoff import Refusal
from module.letters import plain
from wxproto.errors import PeerError

MAX_ANSWER = 2048  # bytes of status line, headers and body; a relay's answer has about 400
MAX_SHOWN = 120  # characters of the relay's error text in ours
DID_LENGTH = 22  # characters; apps cut or refuse any other length
CREATED = 201
OK = 200
MAX_TIME_DIGITS = 10  # Unix time in seconds until the year 2286
UNKNOWN_DID = (400, 404)
REFUSED = range(400, 500)


class RegistrationError(PeerError):
    """The relay's answer cannot be used; the text names status and reason."""


class RegistrationRefused(Refusal):
    """The relay does not take this product or module: trying again soon does not help."""


class UnknownDid(RegistrationError):
    """The relay does not know our did: register again."""


class Registration:
    """The relay at `host`:`port`, over TLS if there is a tls.Trust.

    `where`: what stream.connect() takes, for who connects without this file.
    Calls raise OSError (not reachable, too slow), Refusal or RegistrationError.
    """

    def __init__(self, host, port, timeout_ms, network, trust=None):
        self.authority = f"{host}:{port}"
        self._timeout_ms = timeout_ms
        self._trust = trust
        self.where = host, port, timeout_ms, network, trust

    async def register(self, settings):
        """The did for the module of these settings; another one only when the passcode is another."""
        product_key = settings.product_key
        form = encode_form(
            (
                ("passcode", settings.passcode),
                ("mac", settings.mac),
                ("product_key", product_key),
                ("update_key", settings.update_key),
            )
        )
        status, body = await self.exchange("POST", "/dev/devices", form)
        if status in REFUSED:
            reason = _shown(body)
            raise RegistrationRefused(f"the relay refuses product {product_key} (HTTP {status}): {reason}")
        if status != CREATED:
            raise RegistrationError(f"registering failed with HTTP {status}: {_shown(body)}")
        did = decode_form(body).get("did", "")
        if len(did) != DID_LENGTH or not plain(did):
            raise RegistrationError("registering gave no did of 22 letters and digits")
        return did

    async def locate(self, did):
        """The broker's (host, port) and the relay's Unix time, None if it tells none.

        The port is the one for TLS if there is a Trust. UnknownDid when the relay has forgotten this did.
        """
        status, body = await self.exchange("GET", "/dev/devices/" + did, "")
        if status in UNKNOWN_DID:
            raise UnknownDid(f"the relay does not know this did (HTTP {status}): {_shown(body)}")
        if status != OK:
            raise RegistrationError(f"asking for the broker failed with HTTP {status}: {_shown(body)}")
        fields = decode_form(body)
        name = "port_s" if self._trust else "port"
        host, port, time = fields.get("host", ""), fields.get(name, ""), fields.get("server_ts", "")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise RegistrationError(f"the relay names no broker ({name}): {_shown(body)}")
        return (host, int(port)), int(time) if time.isdigit() and len(time) <= MAX_TIME_DIGITS else None

    async def retire(self, did, passcode):
        """Tell the relay that this did has ended (app-api 4.1)."""
        form = encode_form((("did", did), ("passcode", passcode)))
        status, body = await self.exchange("DELETE", "/dev/devices", form)
        if status != OK:
            raise RegistrationError(f"HTTP {status}: {_shown(body)}")

    async def connect(self):
        """A Stream to the relay; `authority` is what HTTP calls its address."""
        return await stream.connect(*self.where)

    async def exchange(self, method, path, body):
        """(status, body text) of one request."""
        connection = await self.connect()
        try:
            head = f"{method} {path} HTTP/1.0\r\nHost: {self.authority}\r\n"
            if body:
                head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
            await connection.write((head + "\r\n" + body).encode(), self._timeout_ms)
            answer = await asyncio.wait_for_ms(_read_all(connection), self._timeout_ms)
        except asyncio.TimeoutError:
            raise stream.Unreachable(f"the relay at {self.authority} does not answer") from None
        finally:
            connection.close()
        return decode_answer(answer)


def decode_answer(data):
    """(status, body text) of a whole HTTP answer; RegistrationError when it is none."""
    head, gap, body = data.partition(b"\r\n\r\n")
    words = head.split(b"\r\n")[0].split(b" ")
    if not gap or not words[0].startswith(b"HTTP/1.") or len(words) < 2 or not words[1].isdigit():
        raise RegistrationError("the relay's answer is no HTTP; is the relay's address right?")
    try:
        return int(words[1]), str(body, "utf-8")
    except UnicodeError:
        raise RegistrationError("the relay's answer is not text") from None


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
    out = []
    for byte in value.encode():
        plain = 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122
        out.append(chr(byte) if plain else "%%%02X" % byte)
    return "".join(out)


async def _read_all(connection):
    data = b""
    buffer = bytearray(256)
    while not _is_whole(data):
        size = await connection.read_into(buffer)
        if not size:
            break
        data += buffer[:size]
        if len(data) > MAX_ANSWER:
            raise RegistrationError(f"the relay's answer is longer than {MAX_ANSWER} bytes")
    return data


def _is_whole(data):
    """True when the body is as long as the headers say; not every server ends a TLS connection in form."""
    head, gap, body = data.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n") if gap else ():
        if line.startswith(b"content-length:") and line[15:].strip().isdigit():
            return len(body) >= int(line[15:])
    return False


def _shown(body):
    return body[:MAX_SHOWN] if body else "no reason given"
