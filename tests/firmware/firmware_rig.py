"""The other ends of a module: an MCU on a pty and the relay's registration."""

import asyncio
import os
import pty
import ssl
import time
import tty

from aiohttp import web
from release_desk import ReleaseDesk

from wxproto import commands
from wxproto.courier import Courier
from wxproto.device_info import DeviceInfo
from wxproto.events import Answered, Asked, LinkUp
from wxproto.session import Session

ANSWER_WITHIN_S = 30.0
PRODUCT_KEY = "0123456789abcdef0123456789abcdef"


class Mcu:
    """The MCU end of a pty: wxproto's MCU session, with a two-byte state of a fixed-length product.

    Control `01 <byte>` sets the state, read `02` gives `03 <state>`; `silent` stops answering and listening.
    """

    def __init__(self) -> None:
        self.product_key = PRODUCT_KEY
        self.bindable_s = 0
        self.software_version = "00000002"
        self.extra: str | None = None
        self.state = 7
        self.controls: list[bytes] = []
        self.status_words: list[int] = []
        self.asked: list[int] = []
        self.payloads: dict[int, bytes] = {}
        """The last payload of each command that came."""
        self._answers: dict[int, asyncio.Future[bytes]] = {}
        self.silent = False
        self.transfer: Courier | None = None
        """Takes the events of big data."""
        self.deaf_to: set[int] = set()
        self.noisy = False
        """True when it says what a module complains of."""
        self._master, slave = pty.openpty()
        tty.setraw(self._master)
        tty.setraw(slave)
        os.set_blocking(self._master, False)
        self.tty = os.ttyname(slave)
        self._slave = slave  # held open so that the line survives the module
        self.session = Session(commands.MCU)
        self._timer: asyncio.Task[None]

    async def __aenter__(self) -> "Mcu":
        asyncio.get_running_loop().add_reader(self._master, self._readable)
        self._timer = asyncio.create_task(self._tick())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._timer.cancel()
        await asyncio.gather(self._timer, return_exceptions=True)
        self.hang_up()

    def hang_up(self) -> None:
        """Take the line away, as when a USB adapter is pulled out."""
        if self._master >= 0:
            asyncio.get_running_loop().remove_reader(self._master)
            os.close(self._master)
            os.close(self._slave)
            self._master = -1

    def report(self) -> None:
        """Send the state, as after a button press."""
        self.session.ask(commands.P0_UP, bytes((4, self.state)), now=self._now())
        self._flush()

    async def ask(self, cmd: int, payload: bytes = b"") -> bytes:
        """Ask the module and wait for its acknowledgement; gives its payload."""
        answer = asyncio.get_running_loop().create_future()
        self._answers[self.session.ask(cmd, payload, now=self._now())] = answer
        self._flush()
        return await asyncio.wait_for(answer, ANSWER_WITHIN_S)

    def write(self, data: bytes) -> None:
        """Put bytes on the line as they are."""
        os.write(self._master, data)

    def reboot(self) -> None:
        """Start again as after power-on."""
        self.session = Session(commands.MCU)

    def _now(self) -> int:
        return int(time.monotonic() * 1000)

    def _readable(self) -> None:
        data = os.read(self._master, 4096)
        if self.silent:
            return
        for event in self.session.receive(data, self._now()):
            if self.transfer and self.transfer.handle(event, self._now()):
                continue
            if isinstance(event, Asked):
                self._take(event)
            elif isinstance(event, Answered):
                waiting = self._answers.pop(event.ticket, None)
                if waiting is not None:
                    waiting.set_result(event.payload)
            else:
                assert self.noisy or isinstance(event, LinkUp), event
        self._flush()

    def _take(self, asked: Asked) -> None:
        self.asked.append(asked.cmd)
        self.payloads[asked.cmd] = asked.payload
        if asked.cmd == commands.GET_DEVICE_INFO:
            info = DeviceInfo(
                product_key=self.product_key,
                hardware_version="00000001",
                software_version=self.software_version,
                bindable_s=self.bindable_s,
                attributes=bytes(8),
                product_secret="secret-of-the-product-0123456789",
                extra=self.extra,
            )
            self.session.answer(asked, info.encode())
        elif asked.cmd == commands.MODULE_STATUS:
            self.status_words.append(int.from_bytes(asked.payload))
        elif asked.wants_answer:
            self.session.answer(asked, bytes((3, self.state)))
        elif asked.cmd == commands.P0_DOWN:
            self.controls.append(asked.payload)
            self.state = asked.payload[-1]

    def _flush(self) -> None:
        data = self.session.data_to_send()
        if data and self._master >= 0 and not (len(data) > 4 and data[4] - 1 in self.deaf_to):
            os.write(self._master, data)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(0.02)
            if not self.silent:
                self.session.poll(self._now())
                if self.transfer:
                    self.transfer.poll(self._now())
                self._flush()


class Registrar:
    """The relay's two HTTP calls; `known` maps (product key, mac) to (passcode, did)."""

    def __init__(self, mqtt_port: int, tls: ssl.SSLContext | None = None, mqtts_port: int = 8883) -> None:
        self.mqtt_port = mqtt_port
        self.mqtts_port = mqtts_port
        self._tls = tls
        self.known: dict[tuple[str, str], tuple[str, str]] = {}
        self.registrations: list[dict[str, str]] = []
        self.issued = 0
        self.refuse: str | None = None
        self.retired: list[dict[str, str]] = []
        self.url = ""
        self.desk = ReleaseDesk(self.registrations)
        self._runner: web.AppRunner

    async def __aenter__(self) -> "Registrar":
        application = web.Application()
        application.add_routes(
            [
                web.post("/dev/devices", self._register),
                web.delete("/dev/devices", self._retire),
                web.get("/dev/devices/{did}", self._locate),
                *self.desk.routes(),
            ]
        )
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _register(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.registrations.append(form)
        if self.refuse:
            return web.Response(status=400, text=self.refuse)
        key = form["product_key"], form["mac"]
        passcode, did = self.known.get(key, ("", ""))
        if passcode != form["passcode"]:
            self.issued += 1
            did = f"did{self.issued:019d}"
            self.known[key] = form["passcode"], did
        return web.Response(status=201, text=f"did={did}")

    async def _retire(self, request: web.Request) -> web.Response:
        self.retired.append({name: str(value) for name, value in (await request.post()).items()})
        return web.Response()

    async def _locate(self, request: web.Request) -> web.Response:
        if request.match_info["did"] not in [did for _, did in self.known.values()]:
            return web.Response(status=404, text="no such device")
        ports = f"port={self.mqtt_port}&server_ts={int(time.time())}&port_s={self.mqtts_port}"
        text = f"host=127.0.0.1&{ports}\r\n"
        return web.Response(text=text)
