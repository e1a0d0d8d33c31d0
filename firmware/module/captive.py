"""The page of the access point: a small HTTP/1.0 server that a stranger's requests cannot wear out.

    GET  /        the page, in the language of the query (/?en, /?zh), else of Accept-Language
    GET  /scan    networks in reach: [[SSID in hexadecimal, dBm, secured], ...], strongest first
    GET  /state   {"name", "state", "ssid" in hexadecimal, "reason"}
    POST /join    ssid=<hexadecimal>&key=<hexadecimal>, and the answer of /state

All else is sent to the page: phones ask for addresses of their own to see whether they must show one.
"""

import asyncio
import json
from binascii import hexlify, unhexlify

from micropython import const

from module.loading import drop, packed
from module.onboarding import is_guest

_MAX_CONNECTIONS = const(4)  # a board has ten sockets in all
_MAX_HEAD = const(2048)  # bytes of request line and headers; phones send 300..900
_MAX_BODY = const(256)  # bytes; the longest right one has 202
_MAX_NETWORKS = const(30)
_MAX_SSID = const(32)  # bytes; IEEE 802.11
_MIN_KEY = const(8)  # bytes, unless the network is open
_MAX_KEY = const(64)  # bytes; the longest form of a WPA key
_REQUEST_MS = const(5000)  # for a whole request to come
_ANSWER_MS = const(10_000)  # for an answer to be taken
_READ = const(256)  # bytes at once
_BLOCK = const(512)  # bytes of a file sent at once

_HTML = "text/html; charset=utf-8"
_JSON = "application/json"
_TEXT = "text/plain"
_ANSWERS = {
    200: "OK",
    302: "Found",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    413: "Content Too Large",
    431: "Request Header Fields Too Large",
}


class _Refused(Exception):
    """The request is answered with this status."""


async def serve(sock, set_up, address, port, network):
    """Serve the page on a listening socket for ever.

    address, port: of the page. network: first three numbers of those who may see it, `10.10.100.`.
    """
    home = address if port == 80 else f"{address}:{port}"
    await _Captive(set_up, home).run(sock, network)


class _Captive:
    def __init__(self, set_up, home):
        self._set_up = set_up
        self._home = home
        self._connections = []
        self._scan = None  # the task of a scan that goes on; its networks serve all who ask meanwhile
        self._networks = []

    async def run(self, listener, network):
        wait = asyncio.StreamReader(listener)
        try:
            while True:
                await wait.read(0)
                try:
                    sock, guest = listener.accept()
                except OSError:  # the phone has gone already
                    continue
                if len(self._connections) >= _MAX_CONNECTIONS or not is_guest(guest, network):
                    sock.close()
                    continue
                sock.setblocking(False)
                self._connections.append(asyncio.create_task(self._serve(sock)))
        finally:
            for task in self._connections:
                task.cancel()

    async def _serve(self, sock):
        stream = asyncio.StreamReader(sock)
        try:
            try:
                answer = await self._answer(*await asyncio.wait_for_ms(_read(stream), _REQUEST_MS))
            except asyncio.TimeoutError:
                answer = _plain(408)
            except _Refused as error:
                answer = _plain(error.args[0])
            await asyncio.wait_for_ms(_write(stream, *answer), _ANSWER_MS)
        except (
            OSError,
            EOFError,
            asyncio.TimeoutError,
            MemoryError,
        ):  # it went, takes nothing, or is one too many
            pass
        finally:
            sock.close()
            self._connections.remove(asyncio.current_task())

    async def _answer(self, method, target, fields, body):
        """(status, headers, pieces of the body) for a request."""
        path, _, fields["query"] = target.partition("?")
        if fields["host"] != self._home or path not in _PATHS:
            return _redirect(self._home) if method != "POST" else _plain(404)
        wanted, handle = _PATHS[path]
        if method != wanted:
            return _plain(405)
        return await handle(self, fields, body)

    async def _page(self, fields, _):
        language = _language(fields)
        try:
            return 200, None, open(packed("page." + language), "rb")
        except OSError:  # not packed: this is no chip
            from module import captive_page  # noqa: PLC0415 - see above

            drop(captive_page.__name__)
            return 200, captive_page.HEADERS, captive_page.pieces(language)

    async def _list(self, *_):
        if self._scan is None:
            self._scan = asyncio.create_task(self._look())
        scan = self._scan
        await scan
        return _json(self._networks)

    async def _look(self):
        seen = set()
        networks = []
        try:
            for ssid, rssi, secure in await self._set_up.scan():
                name = hexlify(ssid).decode()
                if (
                    name and name not in seen and len(networks) < _MAX_NETWORKS
                ):  # the strongest of each comes first
                    seen.add(name)
                    networks.append((name, rssi, bool(secure)))
        except OSError:  # the radio is busy: the page offers to ask again
            pass
        self._networks = networks
        self._scan = None

    async def _state(self, *_):
        set_up = self._set_up
        if set_up.state == "joined":
            set_up.seen = True
        told = {"name": set_up.name, "state": set_up.state, "ssid": hexlify(set_up.ssid).decode()}
        told["reason"] = set_up.reason
        return _json(told)

    async def _join(self, _, body):
        given = {}
        for part in body.split("&"):
            name, _, value = part.partition("=")
            try:
                given[name] = unhexlify(value)
            except ValueError:
                raise _Refused(400) from None
        ssid, key = given.get("ssid", b""), given.get("key", b"")
        if not 0 < len(ssid) <= _MAX_SSID or (key and not _MIN_KEY <= len(key) <= _MAX_KEY):
            raise _Refused(400)
        if not self._set_up.join(ssid, key, True):
            raise _Refused(409)
        return await self._state()


_PATHS = {
    "/": ("GET", _Captive._page),
    "/scan": ("GET", _Captive._list),
    "/state": ("GET", _Captive._state),
    "/join": ("POST", _Captive._join),
}


async def _read(stream):
    """(method, target, fields, body) of one request; _Refused, EOFError when the peer went."""
    data = b""
    end = -1
    while end < 0:
        if len(data) > _MAX_HEAD:
            raise _Refused(431)
        data = await _more(stream, data)
        end = data.find(b"\r\n\r\n")
    try:
        head = str(data[:end], "utf-8")
    except UnicodeError:
        raise _Refused(400) from None
    body = data[end + 4 :]
    lines = head.split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise _Refused(400)
    fields = {"host": "", "accept-language": "", "content-length": "0"}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        name = name.lower()
        if name in fields:
            fields[name] = value.strip()
    size = fields["content-length"]
    if not size.isdigit() or len(size) > 9:
        raise _Refused(400)
    if int(size) > _MAX_BODY:
        raise _Refused(413)
    while len(body) < int(size):
        body = await _more(stream, body)
    try:
        return words[0], words[1], fields, str(body[: int(size)], "utf-8")
    except UnicodeError:
        raise _Refused(400) from None


async def _more(stream, data):
    more = await stream.read(_READ)
    if not more:
        raise EOFError
    return data + more


async def _write(stream, status, headers, pieces):
    """Send one answer; `pieces` are texts, or without `headers` a file that holds the whole answer."""
    if headers is None:
        with pieces:
            data = pieces.read(_BLOCK)
            while data:
                stream.write(data)
                await stream.drain()
                data = pieces.read(_BLOCK)
        return
    size = 0
    for piece in pieces:
        size += len(piece.encode())
    head = f"HTTP/1.0 {status} {_ANSWERS[status]}\r\n{headers}Content-Length: {size}\r\n"
    stream.write((head + "Cache-Control: no-store\r\nConnection: close\r\n\r\n").encode())
    await stream.drain()
    for piece in pieces:  # one by one: a page is longer than what the heap likes to give at once
        stream.write(piece.encode())
        await stream.drain()


def _json(value):
    return 200, f"Content-Type: {_JSON}\r\n", (json.dumps(value),)


def _plain(status):
    return status, f"Content-Type: {_TEXT}\r\n", (_ANSWERS[status] + "\n",)


def _redirect(home):
    return 302, f"Location: http://{home}/\r\n", ()


def _language(fields):
    """zh, or en for a phone that prefers another language to Chinese."""
    wanted = fields["query"] or fields["accept-language"].lower()
    return "zh" if not wanted or wanted[:1] == "*" or wanted.startswith("zh") else "en"
