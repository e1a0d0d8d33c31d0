"""A GoKit board on a serial line without a C compiler: the session of wxproto in the MCU's role.

Same command line, same answers and same log as the C program protocol/csdk/examples/gokit.
Run it as `python -m wxlink.bench.mcu --port TTY`.
"""

import argparse
import json
import os
import re
import select
import signal
import sys
import termios
import time
import tty
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from wxlink.assets import asset
from wxlink.bench.gokit import GoKit
from wxlink.bench.reports import Reports
from wxproto.commands import (
    DEVICE_INFO,
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
from wxproto.frame import BadFrame, Decoder, Frame, encode
from wxproto.p0 import READ, V_READ, Codec
from wxproto.product import Product
from wxproto.session import Session

HARDWARE_VERSION = "03010100"
SOFTWARE_VERSION = "03030000"
ATTRIBUTES = b"\0\0\0\0\0\0\0\2"  # as every generated program sends it

RESTART_MS = 600  # from the ack of a restart command to the restart
REPEAT_MS = 600  # the same command again within this time is a repeat: three sends, 200 ms apart
WAIT_MS = 20  # longest time without looking at the clock
READ_SIZE = 255

_SECRET_AT = 2 * (8 + 74)  # first hex digit of the secret in frame 02, header included
_SECRET_SIZE = 32
_SECRET_DIGITS = 2 * _SECRET_SIZE


class Log:
    """One line an event: `<Unix time in ms> <what> ...`."""

    def __init__(self, output: TextIO) -> None:
        self._output = output

    def line(self, text: str) -> None:
        """Write one line at once."""
        self._output.write(f"{time.time_ns() // 1_000_000} {text}\n")
        self._output.flush()

    def frame(self, direction: str, found: Frame | BadFrame) -> None:
        """`tx FFFF...` or `rx FFFF...` as on the wire, or `bad <reason>`; the product secret is starred."""
        if isinstance(found, BadFrame):
            self.line(f"bad {found.reason}")
            return
        digits = encode(found.cmd, found.sn, found.payload, found.flags).hex().upper()
        if found.cmd == DEVICE_INFO and len(digits) >= _SECRET_AT + _SECRET_DIGITS:
            digits = digits[:_SECRET_AT] + "*" * _SECRET_DIGITS + digits[_SECRET_AT + _SECRET_DIGITS :]
        self.line(f"{direction} {digits}")


class Mcu:
    """The board: bytes and milliseconds in, bytes and log lines out. `hardware` is what it controls."""

    def __init__(
        self, product: Product, log: Log, now: int, *, secret: str | None, seed: int, drift_ms: int
    ) -> None:
        self._codec = Codec(product)
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
        self.hardware = GoKit(self._codec.product, self._seed, self._drift_ms, now, self._log.line)
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


def open_line(path: str) -> int:
    """Open a tty raw, non-blocking, 9600 baud 8N1; what waited on it is lost. OSError when it fails."""
    line = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        tty.setraw(line, termios.TCSANOW)
        settings = termios.tcgetattr(line)
        settings[4] = settings[5] = termios.B9600
        termios.tcsetattr(line, termios.TCSANOW, settings)
        termios.tcflush(line, termios.TCIFLUSH)
    except termios.error as error:
        os.close(line)
        raise OSError(error.args[0], error.args[1], path) from error
    return line


def _milliseconds() -> int:
    return time.monotonic_ns() // 1_000_000


class BadSecret(ValueError):
    """The file holds no product secret; the text says what it must hold."""


def read_secret(path: Path) -> str:
    """The product secret in the first line of a file. BadSecret or OSError when it is not there."""
    with path.open("rb") as file:
        text = file.read(_SECRET_SIZE + 1)  # a byte more than the digits tells where the line ends
    if not re.fullmatch(rb"[0-9a-f]{%d}[\r\n]?" % _SECRET_SIZE, text):
        raise BadSecret(f"{path}: the first line must be {_SECRET_SIZE} lower-case hex digits")
    return text[:_SECRET_SIZE].decode("ascii")


def _drift(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a number of milliseconds, 1 or more")
    return int(text)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m wxlink.bench.mcu",
        description="A GoKit board on a serial line: answers the Wi-Fi module, logs every frame and what its"
        " hardware does.",
        epilog="example: python -m wxlink.bench.mcu --port /dev/ttyUSB0 --log gokit.log",
    )
    parser.add_argument("--port", required=True, metavar="TTY", help="serial line to the module")
    parser.add_argument("--log", type=Path, metavar="FILE", help="append the log here instead of printing it")
    parser.add_argument(
        "--product-secret-file",
        type=Path,
        metavar="FILE",
        help="its first line is the product secret, 32 lower-case hex digits; without it the module gets"
        " the form with no secret",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        metavar="N",
        help="where the room's temperature and humidity begin, and how they drift (%(default)s)",
    )
    parser.add_argument(
        "--drift-ms",
        type=_drift,
        default=5000,
        metavar="N",
        help="milliseconds between two steps of the drift (%(default)s)",
    )
    return parser.parse_args(argv)


def _serve(line: int, mcu: Mcu, log: Log, stopped: list[int]) -> None:
    """Work until a signal comes. OSError when the line is gone."""
    waiting = select.poll()
    waiting.register(line, select.POLLIN)
    while not stopped:
        data = b""
        if waiting.poll(WAIT_MS):
            data = os.read(line, READ_SIZE)
            if not data:
                raise OSError("the other end of the line is gone")
        out = mcu.work(data, _milliseconds())
        if not _write(line, out):
            log.line("line takes no bytes")


def _write(line: int, data: bytes, limit_ms: int = 1000) -> bool:
    """Write all bytes; False when the line took none for `limit_ms`: the rest is lost, the peer resends."""
    ready = select.poll()
    ready.register(line, select.POLLOUT)
    while data:
        try:
            data = data[os.write(line, data) :]
        except BlockingIOError:
            if not ready.poll(limit_ms):
                return False
    return True


def main(argv: Sequence[str] | None = None) -> int:
    """Run the board until SIGTERM or SIGINT; exit status 0 then, 1 when a file cannot be used."""
    arguments = _arguments(argv)
    stopped: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _frame: stopped.append(got))
    product = Product.from_dict(json.loads(asset("protocol/products/gokit.json").read_text("utf-8")))
    secret_file: Path | None = arguments.product_secret_file
    try:
        secret = read_secret(secret_file) if secret_file else None
        output = arguments.log.open("a", encoding="utf-8") if arguments.log else sys.stdout
        line = open_line(arguments.port)
        log = Log(output)
        mcu = Mcu(
            product,
            log,
            _milliseconds(),
            secret=secret,
            seed=arguments.seed,
            drift_ms=arguments.drift_ms,
        )
        log.line(f"ready {arguments.port}")
        _serve(line, mcu, log, stopped)
    except BadSecret as error:
        sys.stderr.write(f"wxlink.bench.mcu: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"wxlink.bench.mcu: {error.filename or arguments.port}: {error.strerror or error}\n")
        return 1
    log.line("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
