"""A board of any product without its tty: wxproto's session in the MCU's role, with simulated hardware."""

from collections.abc import Callable, Sequence
from pathlib import Path

from wxlink.bench.frame_log import Log
from wxlink.bench.hardware import Hardware
from wxlink.bench.memory import Memory
from wxlink.bench.reports import Reports
from wxlink.product import ProductFile
from wxproto.commands import (
    GET_DEVICE_INFO,
    MCU,
    MODULE_STATUS,
    P0_DOWN,
    RESTART_MCU,
    STATUS_APP,
    STATUS_CLOUD,
    STATUS_ROUTER,
    STATUS_SIGNAL_MASK,
    STATUS_SIGNAL_SHIFT,
)
from wxproto.device_info import DeviceInfo
from wxproto.errors import PeerError
from wxproto.events import Answered, Asked, GaveUp
from wxproto.frame import Decoder
from wxproto.p0 import READ, V_READ, Codec
from wxproto.session import Session

HARDWARE_VERSION = "03010100"
SOFTWARE_VERSION = "03030000"
ATTRIBUTES = b"\0\0\0\0\0\0\0\2"  # as every generated program sends it

RESTART_MS = 600  # from the ack of a restart command to the restart
REPEAT_MS = 600  # the same command again within this time is a repeat: three sends, 200 ms apart


class Mcu:
    """The board: bytes and milliseconds in, bytes and log lines out. `hardware` is what it controls."""

    def __init__(
        self,
        file: ProductFile,
        log: Log,
        now: int,
        *,
        secret: str | None,
        seed: int,
        drift_ms: int,
        memory: Path | None = None,
    ) -> None:
        self._file = file
        self._codec = Codec(file.product)
        self._memory = Memory(memory, file.product.product_key)
        self._secret = secret
        self._seed = seed
        self._drift_ms = drift_ms
        self._log = log
        self._handlers: dict[int, Callable[[Asked, int], None]] = {
            GET_DEVICE_INFO: self._on_get_device_info,
            P0_DOWN: self._on_p0,
            MODULE_STATUS: self._on_status,
            RESTART_MCU: self._on_restart,
        }
        self._boot(now)

    def _boot(self, now: int) -> None:
        self._session = Session(MCU, duplicate_ms=REPEAT_MS)
        self._reports = Reports(self._codec, self._session, now)
        self.hardware = Hardware(
            self._file, self._seed, self._drift_ms, now, self._log.line, memory=self._memory
        )
        self._received = Decoder()  # for the log only: the session takes the same bytes
        self._sent = Decoder()
        self._status = 0
        self._restart_at: int | None = None

    def work(self, data: bytes, now: int) -> bytes:
        """One round of the main loop: take bytes, act, measure, report; gives the bytes to send."""
        out = bytearray()
        for byte in data:  # one by one, so that the log shows each answer behind its question
            piece = bytes((byte,))
            for found in self._received.feed(piece):
                self._log.frame("rx", found)
            self._handle(self._session.receive(piece, now), out, now)
        self._handle(self._session.poll(now), out, now)
        self.hardware.measure(now)
        self._reports.send_due(self.hardware.values, now)
        self._fetch(out)
        if self._restart_at is not None and now >= self._restart_at:
            self._log.line("hw restart")
            self._boot(now)
        return bytes(out)

    def _handle(self, events: Sequence[object], out: bytearray, now: int) -> None:
        self._fetch(out)
        for event in events:
            if isinstance(event, Asked):
                self._reports.heard()
                if event.cmd in self._handlers:
                    self._handlers[event.cmd](event, now)
            elif isinstance(event, Answered):
                self._reports.answered(event.ticket)
            elif isinstance(event, GaveUp):
                self._reports.given_up(event.ticket, now)
        self._fetch(out)

    def _fetch(self, out: bytearray) -> None:
        data = self._session.data_to_send()
        for found in self._sent.feed(data):
            self._log.frame("tx", found)
        out.extend(data)

    def _on_get_device_info(self, asked: Asked, now: int) -> None:
        info = DeviceInfo(
            product_key=self._codec.product.product_key,
            hardware_version=HARDWARE_VERSION,
            software_version=SOFTWARE_VERSION,
            attributes=ATTRIBUTES,
            product_secret=self._secret,
        )
        self._session.answer(asked, info.encode())
        self._reports.want_all()

    def _on_p0(self, asked: Asked, now: int) -> None:
        """P0 that does not fit the product is acknowledged, for the frame was good, and changes nothing."""
        try:
            if asked.wants_answer:
                self._session.answer(asked, self._read_reply(asked.payload))
            elif not asked.flags & 1:
                values = self._codec.decode_control(asked.payload)
                self.hardware.control(values)
                self._reports.want(values)
        except PeerError:
            if asked.wants_answer:
                self._session.answer(asked)

    def _read_reply(self, p0: bytes) -> bytes:
        if p0[0] not in (READ, V_READ):
            raise PeerError("a read for a device behind this one")
        names = self._codec.decode_read(p0)
        return self._codec.encode_report({name: self.hardware.values[name] for name in names}, reply=True)

    def _on_status(self, asked: Asked, now: int) -> None:
        if len(asked.payload) != 2:
            return
        status = int.from_bytes(asked.payload, "big")
        changed = status ^ self._status
        self._status = status
        if changed:
            self._log.line(
                f"status router={int(bool(status & STATUS_ROUTER))} cloud={int(bool(status & STATUS_CLOUD))}"
                f" app={int(bool(status & STATUS_APP))}"
                f" signal={(status & STATUS_SIGNAL_MASK) >> STATUS_SIGNAL_SHIFT}"
            )

    def _on_restart(self, asked: Asked, now: int) -> None:
        if self._restart_at is None:
            self._restart_at = now + RESTART_MS
