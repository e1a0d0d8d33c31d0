"""Set-up: the module opens an access point of its own until somebody has named a network that it can join.

Three doors lead in, all of them only while the access point is open: a page (captive), the name server that
leads phones to it (captive_dns), and the datagram of apps (onboarding). One network is tried at a time.
"""

import asyncio
import socket

from micropython import const

from module.console import say
from module.loading import drop
from module.wifi import AP_ADDRESS, AP_PREFIX

PORTS = (80, 53, 12414)  # page (TCP), name server, apps (UDP)

IDLE = "idle"
JOINING = "joining"
JOINED = "joined"
FAILED = "failed"

_FILES = ("module.onboarding", "module.captive_dns", "module.captive")
_BACKLOG = const(4)  # connections that wait until they are accepted
_JOIN_MS = const(25_000)  # a slow router with DHCP takes 10 s; a page waits 40 s
_LOOK_MS = const(500)  # how often it is seen that another way of set-up, the console's, was faster
_SEEN_MS = const(20_000)  # a phone that lost the access point, which changed its channel, is back by then
_FAREWELL_MS = const(1500)  # the page's last answer, or the repeats of an app's datagram, still get through
_REFUSED = "wrong password"


class SetUp:
    """What the page shows: `state`, the `ssid` (bytes) in question and, when FAILED, the `reason`.

    wifi, settings, port, status: the module's. address, ports: where to listen.
    """

    def __init__(self, wifi, settings, port, status, *, address=AP_ADDRESS, ports=PORTS):
        self._wifi = wifi
        self._settings = settings
        self._status = status
        self._address = address
        self._ports = ports
        self._wake = asyncio.Event()
        self._stopped = False
        self._key = None
        self._announcing = None  # goes on for half a minute after set-up
        self.name = AP_PREFIX + settings.mac[-4:].upper()
        self.state = IDLE
        self.ssid = b""
        self.reason = None
        self.from_page = False
        self.seen = False  # the page knows that the network was joined

    async def run(self, seconds):
        """Offer set-up for so long: True when a network was joined and stored, else False."""
        self._stopped = False
        self.state = IDLE
        if not self._open_access_point():
            return await self._until_joined(seconds)  # the console may be faster
        self._status.set(soft_ap=True, onboarding=True)
        doors = []
        try:
            for name in _FILES:
                __import__(name)  # one by one: the serial link is served between them
                await asyncio.sleep_ms(0)
            doors = self._open_doors()
            page = f"http://{self._address}/"
            say("set-up", f"access point {self.name} is open for {seconds} s, its page is {page}")
            joined = await self._until_joined(seconds)
            if joined:
                await self._part()
        finally:
            for door in doors:
                door.cancel()
                try:
                    await door  # its port is free from then on
                except asyncio.CancelledError:
                    pass
            self._wifi.close_access_point()
            self._status.set(soft_ap=False, onboarding=False)
            drop(*_FILES)
        say("set-up", "joined a network" if joined else "the access point closes: no network was joined")
        return joined

    def stop(self):
        """End run() soon; a network that is being tried is waited for, a page that shows its end is not."""
        self._stopped = True
        self._wake.set()

    async def scan(self):
        """Networks in reach: see Wifi.scan()."""
        return await self._wifi.scan()

    def join(self, ssid, key, from_page=False):
        """Try a network, both as bytes; False when one is being tried already or was joined."""
        if self.state in (JOINING, JOINED):
            return False
        self.state = JOINING
        self.ssid = ssid
        self._key = key
        self.reason = None
        self.from_page = from_page
        self._wake.set()
        return True

    def _open_access_point(self):
        key = self._settings.ap_password
        if not key:
            say("set-up", "no access point: this unit has no set-up password; give it an identity first")
            return False
        try:
            self._wifi.open_access_point(self.name, key)
        except OSError as error:
            say("set-up", f"no access point: the radio refuses ({error})")
            return False
        return True

    def _offer(self, ssid, key):
        """A network from an app's datagram, which repeats what has been refused."""
        if not (self.reason == _REFUSED and ssid == self.ssid and key == self._key):
            self.join(ssid, key)

    def _open_doors(self):
        from module import captive, captive_dns, onboarding  # noqa: PLC0415 - dropped when set-up ends

        page, names, apps = self._ports
        network = self._address[: self._address.rfind(".") + 1]
        doors = (
            ("the page", socket.SOCK_STREAM, page, captive.serve, (self, self._address, page, network)),
            ("the name server", socket.SOCK_DGRAM, names, captive_dns.serve, (self._address,)),
            ("set-up by apps", socket.SOCK_DGRAM, apps, onboarding.serve, (network, self._offer)),
        )
        tasks = []
        for name, kind, port, serve, arguments in doors:
            sock = socket.socket(socket.AF_INET, kind)
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(socket.getaddrinfo(self._address, port)[0][-1])
                if kind == socket.SOCK_STREAM:
                    sock.listen(_BACKLOG)
            except OSError as error:
                sock.close()
                say("set-up", f"without {name}: port {port} cannot be used (error {error.errno})")
                continue
            tasks.append(asyncio.create_task(_closing(sock, serve(sock, *arguments))))
        return tasks

    async def _until_joined(self, seconds):
        """Serve tries until one succeeds, time is over or another way of set-up stored a network."""
        settings = self._settings
        stored = settings.ssid, settings.key
        timer = asyncio.create_task(self._end_after(seconds))
        try:
            while not self._stopped:
                if self.state == JOINING:
                    await self._try()
                if self.state == JOINED or (settings.ssid, settings.key) != stored:
                    return True
                try:
                    await asyncio.wait_for_ms(self._wake.wait(), _LOOK_MS)
                except asyncio.TimeoutError:
                    pass
                self._wake.clear()
        finally:
            timer.cancel()
        return (settings.ssid, settings.key) != stored

    async def _end_after(self, seconds):
        await asyncio.sleep(seconds)
        self.stop()

    async def _try(self):
        say("set-up", f"tries {text(self.ssid)!r}")
        self.reason = await self._wifi.try_join(text(self.ssid), text(self._key), _JOIN_MS)
        if self.reason is None:
            try:
                self._settings.join(text(self.ssid), text(self._key))
            except (OSError, MemoryError) as error:
                self.reason = f"not stored: {error}"
        self.state = FAILED if self.reason else JOINED
        say("set-up", f"{text(self.ssid)!r}: {self.reason or 'joined'}")

    async def _part(self):
        """Let the page tell that all went well, and apps in the network joined that the module is there."""
        from module import onboarding  # noqa: PLC0415 - as above

        self._announcing = asyncio.create_task(onboarding.announce(self._settings))
        if self.state != JOINED:  # the network came by another way: nobody here waits for an answer
            return
        waited = 0
        while self.from_page and not self.seen and not self._stopped and waited < _SEEN_MS:
            await asyncio.sleep_ms(_LOOK_MS)
            waited += _LOOK_MS
        await asyncio.sleep_ms(_FAREWELL_MS)


def text(name):
    """A network's name or key as text where it is UTF-8, else its bytes: old routers use GBK."""
    try:
        return str(name, "utf-8")
    except UnicodeError:
        return name


async def _closing(sock, serving):
    try:
        await serving
    finally:
        sock.close()
