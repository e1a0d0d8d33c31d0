"""The LAN server: apps on the same network find the module and control it without relay or internet.

TCP for a few apps at once, each a LanSession; UDP for discovery, and for announcing a start. A port that
cannot be opened is named, and the module goes on without it.
"""

import asyncio
import gc
import socket

from micropython import const

from module import lan_session
from module.console import say
from module.loading import rare
from wxproto import envelope
from wxproto.errors import PeerError

_CLIENT_HEAP = const(6144)  # bytes that must be free for one more client: it takes 2 KB, reports need some
_READ_SIZE = const(256)  # bytes taken at once of one client; answers to them are at most 12 times as many
_MAX_UNSENT = const(3072)  # bytes that may wait for a client that reads slowly: one frame of the longest fits
_DISCOVER = const(0x0003)  # datagrams (app-api 5)
_DISCOVERED = const(0x0004)
_STARTED = const(0x0005)
_MAX_DATAGRAM = const(128)  # bytes; what apps send for discovery has 8
_BREATH_MS = const(100)  # after a client that could not be admitted: another one may be waiting already
_TICK_MS = const(1000)  # between looks at who is silent or slow; also between announcements
_ANNOUNCEMENTS = const(30)  # after a start (app-api 5)
_ANNOUNCE_PORT = const(2415)  # UDP, where apps listen for them
_LOST = "it cannot be told any more"
_SCAN_EVERY_MS = const(10_000)  # a scan takes the radio off its channel, and strangers may ask for one


class Lan:
    """`tasks()` serve for ever, `close()` gives the ports back, `report(p0)` tells all logged in.

    info(): the MCU's McuInfo or None. `await on_command(data, answer)` takes one envelope and the function
    `answer(sn, body)` that replies to its sender; it raises PeerError for what makes no sense.

    Set by those who can: `wifi`, the Wifi; `end_test()` ends a production test, True if one ran;
    `on_clients()` is told when `logged_in`, a number, has changed.
    """

    def __init__(self, config, settings, port, status, *, info, on_command):
        self._config = config
        self._settings = settings
        self._port = port
        self._status = status
        self._info = info
        self._on_command = on_command
        self.wifi = self.end_test = self.on_clients = None
        self.logged_in = 0
        self._clients = {}  # LanSession -> (socket, task)
        self._buffer = memoryview(bytearray(_READ_SIZE))
        self._networks = ()
        self._scanned = None
        self._tcp = self._udp = None
        self._tasks = []

    @rare
    def tasks(self):
        """Open the ports; what serves them for ever."""
        self._tcp = self._open(socket.SOCK_STREAM, self._config.lan_port)
        self._udp = self._open(socket.SOCK_DGRAM, self._config.lan_udp_port)
        tasks = self._tasks = [asyncio.create_task(self._watch())]
        if self._tcp is not None:
            self._tcp.listen(self._port.LAN_CLIENTS)
            tasks.append(asyncio.create_task(self._accept()))
        if self._udp is not None:
            self._udp.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            tasks.append(asyncio.create_task(self._answer_datagrams()))
        return tasks

    @rare
    def close(self):
        """Close every socket; the event loop is given up."""
        for task in self._tasks:
            task.cancel()
        for sock, task in self._clients.values():
            task.cancel()
            sock.close()
        for sock in (self._tcp, self._udp):
            if sock is not None:
                sock.close()
        self._clients = {}

    def report(self, p0):
        """Tell every client that is logged in."""
        for session in self._clients:
            if session.logged_in:
                self._send(session, envelope.REPORT, p0)

    @rare
    def _open(self, kind, port):
        if not port:
            return None
        host = self._config.lan_host
        sock = socket.socket(socket.AF_INET, kind)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setblocking(False)
            sock.bind(socket.getaddrinfo(host, port)[0][-1])
        except OSError as error:
            sock.close()
            why = f"cannot be opened (error {error.errno}): end the program that has it, or configure another"
            say("lan", f"port {port} of {host} {why}")
            return None
        return sock

    # TCP

    async def _accept(self):
        waiting = asyncio.StreamReader(self._tcp)
        while True:
            await waiting.read(0)  # only waits
            sock = None
            try:
                sock = self._tcp.accept()[0]
                if gc.mem_free() < _CLIENT_HEAP:
                    gc.collect()
                if gc.mem_free() >= _CLIENT_HEAP and len(self._clients) < self._port.LAN_CLIENTS:
                    asyncio.create_task(self._serve(sock))  # noqa: RUF006 - the event loop keeps it
                    continue
                say("lan", f"no room for one more app beside {len(self._clients)}: it is closed")
            except (OSError, MemoryError):  # it went away meanwhile, or there is no room to tell
                pass
            if sock is not None:
                sock.close()
            await asyncio.sleep_ms(_BREATH_MS)

    async def _serve(self, sock):
        session = None
        try:
            sock.setblocking(False)
            self._port.send_at_once(sock)
            reader = asyncio.StreamReader(sock)
            session = lan_session.LanSession(self._settings, self._status, self._info, self._port.now_ms())
            self._clients[session] = (sock, asyncio.current_task())
            while session.ended is None:
                size = await reader.readinto(self._buffer)
                if size is None:  # woken without cause
                    continue
                if not size:
                    break
                events = session.receive(self._buffer[:size])
                session.touch(self._port.now_ms())
                await asyncio.sleep_ms(session.hold_ms)
                self._flush(session)
                self._count()
                for cmd, frame in events:
                    await self._take(session, cmd, frame)
                    session.touch(self._port.now_ms())
            # Bytes left unread would turn the close into a reset, which takes the last answer away.
            sock.readinto(self._buffer)
        except (OSError, MemoryError):  # reset by the client, or no room for what it wants
            pass
        finally:
            sock.close()
            self._clients.pop(session, None)
            self._count()
            if session is not None and session.ended is not None:
                say("lan", f"a client is closed: {session.ended}")

    async def _take(self, session, cmd, frame):
        if cmd == lan_session.NETWORKS:
            now = self._port.now_ms()
            if self.wifi is not None and (self._scanned is None or now - self._scanned >= _SCAN_EVERY_MS):
                self._scanned = now
                self._networks = await self.wifi.scan()
            session.send_networks(self._networks)
        elif cmd == lan_session.END_TEST:
            if self.end_test is not None and self.end_test():
                session.send(cmd + 1)
            else:
                say("lan", "a client wants to end a production test: none runs, so it is not answered")
        else:
            try:
                await self._on_command(frame, lambda sn, body: self._send(session, envelope.ANSWER, body, sn))
            except PeerError as error:
                say("lan", f"a command is dropped: {error}")
        self._flush(session)

    def _send(self, session, cmd, body, sn=None):
        if session not in self._clients or session.ended is not None:
            return
        try:
            session.send(cmd, body, sn)
        except MemoryError:  # it reads the state anew when it comes again
            self._drop(session, _LOST)
        self._flush(session)

    def _flush(self, session):
        """Hand the network what it takes at once; who leaves too much unread is dropped."""
        if not session.unsent or session not in self._clients:
            return
        try:
            session.unsent = session.unsent[self._clients[session][0].write(session.unsent) or 0 :]
            if len(session.unsent) > _MAX_UNSENT:
                self._drop(session, "it does not read what it is told")
        except (OSError, MemoryError):  # it is gone, or some went out and what follows is not known
            self._drop(session, _LOST)

    def _drop(self, session, reason):
        session.ended = reason
        task = self._clients[session][1]
        if task is not asyncio.current_task():
            task.cancel()

    def _count(self):
        logged_in = 0
        for session in self._clients:
            logged_in += session.logged_in
        if logged_in != self.logged_in:
            say("lan", f"apps logged in: {logged_in}")
            self.logged_in = logged_in
            if self.on_clients is not None:
                self.on_clients()

    async def _watch(self):
        """Once a second: drop the silent, try the slow again, announce the start."""
        left = _ANNOUNCEMENTS if self._udp is not None else 0
        target = socket.getaddrinfo("255.255.255.255", _ANNOUNCE_PORT)[0][-1]
        while True:
            if left:
                try:
                    self._udp.sendto(self._announcement(_STARTED), target)
                    left -= 1
                except (OSError, MemoryError):  # no network yet
                    pass
            await asyncio.sleep_ms(_TICK_MS)
            now = self._port.now_ms()
            for session in self._clients:
                if session.ended is None and session.overdue(now):
                    self._drop(session, "it was silent for too long")
                elif session.ended is None:
                    self._flush(session)

    # UDP

    async def _answer_datagrams(self):
        waiting = asyncio.StreamReader(self._udp)
        while True:
            await waiting.read(0)  # only waits
            try:
                data, sender = self._udp.recvfrom(_MAX_DATAGRAM)
                if envelope.decode(data, _MAX_DATAGRAM).cmd == _DISCOVER:
                    self._udp.sendto(self._announcement(_DISCOVERED), sender)
            except (OSError, PeerError, MemoryError):  # nobody to answer, nothing to understand, no room
                pass

    def _announcement(self, cmd):
        relay = f"{self._config.relay_host}:{self._config.relay_port}"
        return lan_session.announcement(cmd, self._settings, self._info(), relay)
