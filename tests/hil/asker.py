"""An MCU that does what a test says, in place of the board: it asks the module, and takes files."""

import hashlib
import threading
import time
from typing import Self

import serial

from wxproto import commands, data_receiver
from wxproto.courier import Courier
from wxproto.data_receiver import OFFERED, Receiver
from wxproto.device_info import DeviceInfo
from wxproto.events import Answered, Asked
from wxproto.session import Session

POLL_S = 0.02
ANSWER_WITHIN_S = 5.0
FILE_MAX = 1 << 20  # bytes
READ_REPLY = bytes((3,))


class Asker:
    """A module's peer on `tty`: it acknowledges what comes, and takes every file that it is offered.

    status: the last module status word. file: content of the file so far. receiver: how that goes.
    """

    def __init__(self, tty: str, product_key: str, software_version: str) -> None:
        self.status = 0
        self.file = bytearray()
        self.receiver = Receiver(self._write, FILE_MAX, new_digest=lambda: hashlib.md5(usedforsecurity=False))
        self._info = DeviceInfo(
            product_key=product_key,
            hardware_version="03010100",
            software_version=software_version,
            bindable_s=0,
            attributes=b"\0\0\0\0\0\0\0\2",
        ).encode()
        self._line = serial.Serial(tty, 9600, timeout=POLL_S)
        self._session = Session(commands.MCU)
        self._courier = Courier(self._session, self.receiver, data_receiver.COMMANDS)
        self._lock = threading.Lock()
        self._answers: dict[int, bytes] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="asker")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._line.close()

    def ask(self, cmd: int, payload: bytes = b"") -> bytes:
        """Ask the module; the payload of its acknowledgement. AssertionError when none comes."""
        deadline = time.monotonic() + ANSWER_WITHIN_S
        with self._lock:
            ticket = self._session.ask(cmd, payload, now=_now())
            self._flush()
        while ticket not in self._answers:
            assert time.monotonic() < deadline, f"the module did not acknowledge command {cmd:02X}"
            time.sleep(POLL_S)
        return self._answers.pop(ticket)

    def _run(self) -> None:
        while not self._stop.is_set():
            data = self._line.read(256)
            with self._lock:
                for event in self._session.receive(data, _now()) if data else ():
                    self._take(event)
                self._session.poll(_now())
                self._courier.poll(_now())
                self._flush()

    def _take(self, event: object) -> None:
        if self._courier.handle(event, _now()):  # type: ignore[arg-type]
            if self.receiver.state == OFFERED:
                self.receiver.accept(_now())
                self._courier.ask(_now())
        elif isinstance(event, Answered):
            self._answers[event.ticket] = event.payload
        elif isinstance(event, Asked):
            if event.cmd == commands.MODULE_STATUS:
                self.status = int.from_bytes(event.payload, "big")
            if event.wants_answer:
                answers = {commands.GET_DEVICE_INFO: self._info, commands.P0_DOWN: READ_REPLY}
                self._session.answer(event, answers.get(event.cmd, b""))

    def _write(self, offset: int, content: bytes) -> None:
        self.file[offset:] = content

    def _flush(self) -> None:
        self._line.write(self._session.data_to_send())


def _now() -> int:
    return int(time.monotonic() * 1000)
