"""The SoC scheme: a line whose other end is no MCU but a product in this very program.

The product's end speaks the serial link like an MCU (wxproto.session in its role), so the module treats both
alike, and a product may ask the module all that an MCU may. Bytes pass in memory: nothing is lost or delayed.
"""

import asyncio
import sys

from module.console import say
from wxproto import actions, commands
from wxproto.device_info import DeviceInfo
from wxproto.errors import LocalError, PeerError
from wxproto.events import Answered, Asked, GaveUp, LinkUp
from wxproto.reports import Reports
from wxproto.session import Session

BAUD = 115200  # what the session counts with: the fastest link there is
ATTRIBUTES = b"\0\0\0\0\0\0\0\2"  # as every generated MCU program sends it
MAX_ASKED = 8  # questions of the product that wait for their answers; the session takes twice as many
IDLE_MS = 60_000  # longest sleep; it is woken when something becomes due earlier


class ProductStopped(OSError):
    """The product's own run() raised; what was printed. An OSError, like that of a lost serial port."""


class _Waiting:
    def __init__(self):
        self.done = asyncio.Event()
        self.payload = None


class Soc:
    """Serves `product`, a SocProduct; read_into(), write() and close() are the module's side of the line."""

    def __init__(self, product, now_ms):
        self._product = product
        self._now_ms = now_ms
        self._session = Session(commands.MCU, baud=BAUD, max_payload=actions.MODULE_P0)
        self._reports = Reports(product.codec, now_ms())
        self._reporting = None  # ticket of the report that waits for its acknowledgement
        self._waiting = {}  # ticket -> _Waiting of a question of the product
        self._out = bytearray()
        self._readable = asyncio.Event()
        self._work = asyncio.Event()
        self._asked = []  # commands to obey: their acknowledgements go first
        product.soc = self

    # The module's side: a line like a serial port

    async def read_into(self, buffer):
        """Wait for bytes and put them into `buffer`; returns how many."""
        while not self._out:
            self._readable.clear()
            await self._readable.wait()
        size = min(len(buffer), len(self._out))
        buffer[:size] = self._out[:size]
        self._out = self._out[size:]
        return size

    def write(self, data):
        """Take bytes of the module; returns how many: all."""
        self._take(self._session.receive(data, self._now_ms()))
        return len(data)

    def close(self):
        """Part from the product; another line may serve it."""
        self._product.soc = None

    # The product's side

    async def run(self):
        """Serve for ever, and run the product's own work beside. Raises ProductStopped when that fails."""
        await asyncio.gather(self._serve(), self._run_product())

    def wake(self):
        """A value of the product may have changed."""
        self._work.set()

    def report_all(self):
        """Report everything next."""
        self._reports.want_all()
        self._work.set()

    def send(self, data):
        """Send transparent data. LocalError when too many questions wait."""
        self._question(commands.P0_UP, bytes((actions.TRANSPARENT_UP,)) + data)

    async def ask(self, cmd, payload):
        """Ask the module and wait: the payload of its acknowledgement, None when it gave none."""
        waiting = self._question(cmd, payload)
        await waiting.done.wait()
        return waiting.payload

    def _question(self, cmd, payload):
        if len(self._waiting) >= MAX_ASKED:
            raise LocalError(f"{MAX_ASKED} questions wait for the module already")
        waiting = _Waiting()
        self._waiting[self._session.ask(cmd, payload, now=self._now_ms())] = waiting
        self._flush()
        return waiting

    async def _serve(self):
        while True:
            now = self._now_ms()
            self._take(self._session.poll(now))
            while self._asked:
                self._obey(self._asked.pop(0))
            self._report(now)
            try:
                await asyncio.wait_for_ms(self._work.wait(), self._idle_ms(now))
            except asyncio.TimeoutError:
                pass
            self._work.clear()

    async def _run_product(self):
        try:
            await self._product.run()
        except Exception as error:  # noqa: BLE001 - the maker's code may raise anything; it is shown to the maker
            sys.print_exception(error)
            raise ProductStopped(repr(error)) from None

    def _idle_ms(self, now):
        deadlines = [now + IDLE_MS, self._reports.next_deadline()]
        if self._session.next_deadline() is not None:
            deadlines.append(self._session.next_deadline())
        return max(0, min(deadlines) - now)

    def _report(self, now):
        if not self._session.up or self._reporting is not None:
            return
        p0 = self._reports.take(self._product.values, now)
        if p0 is not None:
            self._reporting = self._session.ask(commands.P0_UP, p0, now=now)
            self._flush()

    def _take(self, events):
        for event in events:
            if isinstance(event, Asked):
                self._take_asked(event)
            elif isinstance(event, (Answered, GaveUp)):
                self._take_end(event)
            elif isinstance(event, LinkUp):
                self._reports.want_all()
        self._flush()
        self._work.set()

    def _take_asked(self, asked):
        self._reports.heard()
        if asked.cmd == commands.GET_DEVICE_INFO:
            self._session.answer(asked, self._device_info())
        elif asked.wants_answer and asked.cmd == commands.P0_DOWN:
            self._session.answer(asked, self._read_reply(asked.payload))
        elif asked.wants_answer:  # big data: there is no MCU whose software it could be
            self._session.refuse(asked, commands.ERROR_OTHER)
        else:
            self._asked.append(asked)

    def _take_end(self, event):
        given_up = isinstance(event, GaveUp)
        if event.ticket == self._reporting:
            self._reporting = None
            if given_up:
                self._reports.given_up(self._now_ms())
        elif event.ticket in self._waiting:
            waiting = self._waiting.pop(event.ticket)
            waiting.payload = None if given_up else event.payload
            waiting.done.set()

    def _device_info(self):
        product = self._product
        self._reports.want_all()
        return DeviceInfo(
            product_key=product.KEY,
            hardware_version=product.HARDWARE_VERSION,
            software_version=product.SOFTWARE_VERSION,
            bindable_s=product.BINDABLE_S,
            attributes=ATTRIBUTES,
        ).encode()

    def _read_reply(self, p0):
        codec = self._product.codec
        try:
            names = codec.decode_read(p0)
        except PeerError as error:
            say("product", f"a read does not fit: {error}")
            return b""
        return codec.encode_report({name: self._product.values[name] for name in names}, reply=True)

    def _obey(self, asked):
        try:
            if asked.cmd == commands.MODULE_STATUS:
                self._product.on_status(int.from_bytes(asked.payload, "big"))
            elif asked.cmd == commands.P0_DOWN and not asked.flags & commands.SUB_DEVICE:
                self._obey_p0(asked.payload)
        except (PeerError, LocalError) as error:
            say("product", f"command {asked.cmd:02X} changes nothing: {error}")
        except Exception as error:  # noqa: BLE001 - a mistake in the maker's callback must not end the product
            say("product", f"its callback failed: {error!r}")
            sys.print_exception(error)

    def _obey_p0(self, p0):
        if p0[0] == actions.TRANSPARENT_DOWN:
            self._product.on_transparent(p0[1:])
            return
        asked = self._product.take_control(p0)
        self._reports.want(asked)
        for name, value in asked.items():
            self._product.on_control(name, value)

    def _flush(self):
        data = self._session.data_to_send()
        if data:
            self._out.extend(data)
            self._readable.set()


def load(name, folder):
    """The `product` of the maker's module `name`, looked for in `folder` first. LocalError without one."""
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        product = getattr(__import__(name), "product", None)
    except ImportError as error:
        raise LocalError(f"the product's module {name} cannot be imported: {error}") from None
    if product is None:
        raise LocalError(f"the module {name} has no `product`: an instance of a class of wxlink codegen")
    return product
