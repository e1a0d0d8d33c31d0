"""MicroPython's prompt at a serial port, through mpremote's transport."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from wxlink.flash.crew import Stopped
from wxlink.flash.trouble import Trouble, from_open

KNOCK_S: Final = 12.0  # reset, boot loader, and the 2 s in which a development image hears Ctrl-C
PULSE_S: Final = 0.1  # on EN, as esptool does it
CHUNK: Final = 1024  # bytes of a file in one command: four times mpremote's, with heap to spare
ANSWER_S: Final = 10.0  # for the hashes of a whole slot
_KNOCK_EVERY_S: Final = 0.1
_PROMPT: Final = b">>> "
_RAW: Final = b"raw REPL; CTRL-B to exit\r\n"
_HEARD_MAX: Final = 4096  # bytes kept of what a talkative program says

SHUT: Final = (
    "the module does not open MicroPython's prompt",
    (
        "a production image keeps it shut: bring that one up to date with `wxlink release`, or write it anew "
        "with `wxlink flash write`; on a development board press RESET and run this again"
    ),
)


class Prompt:
    """A board that executes what it is told. Calls raise Trouble."""

    def __init__(self, transport: SerialTransport) -> None:
        self._transport = transport

    def ask(self, step: str, code: str) -> Any:
        """Run code that prints one line of JSON last; what that line holds."""
        try:
            printed, said = self._transport.exec_raw(code, timeout=ANSWER_S)
        except (TransportError, OSError) as error:
            raise _lost(step, error) from error
        if said:
            raise _failed(step, said.decode("utf-8", "replace"))
        lines = printed.decode("utf-8", "replace").strip().splitlines()
        try:
            return json.loads(lines[-1]) if lines else None
        except ValueError as error:
            raise Trouble(
                step, "the module answers with something else", "press RESET, run this again"
            ) from error

    def write(self, path: str, data: bytes, progress: Callable[[int], None]) -> None:
        """Write a file whole; `progress` is told the bytes done."""
        try:
            self._transport.fs_writefile(path, data, CHUNK, lambda done, _total: progress(done))
        except OSError as error:
            raise _failed(f"write {path}", f"OSError: {error}") from error
        except TransportExecError as error:
            raise _failed(f"write {path}", error.error_output) from error
        except TransportError as error:
            raise _lost(f"write {path}", error) from error

    def restart(self) -> None:
        """Reset the chip; it does not answer."""
        with contextlib.suppress(TransportError, OSError):
            self._transport.exec_raw_no_follow("import machine\nmachine.reset()")


@contextlib.contextmanager
def opened(port: str, stop: threading.Event) -> Iterator[Prompt]:
    """The prompt of the board at `port`, after a reset. Raises Trouble, and Stopped once `stop` is set."""
    deadline = time.monotonic() + KNOCK_S
    transport = _open(port)
    try:
        _pulse(transport.serial)
        while not _knock(transport.serial, stop, deadline):
            transport.close()  # a chip's own USB goes away with the reset
            _await(port, stop, deadline)
            transport = _open(port)
        _enter_raw(transport)
        yield Prompt(transport)
        transport.exit_raw_repl()
    except TransportError as error:
        raise Trouble("open the prompt", *SHUT) from error
    finally:
        with contextlib.suppress(OSError):
            transport.close()


def _open(port: str) -> SerialTransport:
    try:
        transport = SerialTransport(port, timeout=ANSWER_S)
    except TransportError as error:
        cause = error.__context__
        raise from_open(cause if isinstance(cause, OSError) else OSError(0, str(error))) from error
    transport.serial.write_timeout = ANSWER_S
    return transport


def _pulse(line: Any) -> None:
    """Reset the chip into its program; a port without modem lines is left as it is."""
    with contextlib.suppress(OSError):
        line.dtr, line.rts = False, True
        time.sleep(PULSE_S)
        line.rts = False


def _knock(line: Any, stop: threading.Event, deadline: float) -> bool:
    """Send Ctrl-C until the prompt comes; False when the device went away."""
    heard, next_knock = b"", 0.0
    while time.monotonic() < deadline:
        if stop.is_set():
            raise Stopped
        try:
            if time.monotonic() >= next_knock:
                line.write(b"\r\x03")
                next_knock = time.monotonic() + _KNOCK_EVERY_S
            heard = (heard + line.read(line.in_waiting))[-_HEARD_MAX:]
        except OSError:
            return False
        if heard.endswith(_PROMPT):
            return True
        stop.wait(_KNOCK_EVERY_S / 10)
    raise Trouble("open the prompt", *SHUT)


def _enter_raw(transport: SerialTransport) -> None:
    """Ctrl-A; mpremote's own way prints what it heard when it fails."""
    transport.serial.write(b"\r\x01")
    if not transport.read_until(1, _RAW, timeout_overall=ANSWER_S).endswith(_RAW):
        raise TransportError("no raw prompt")
    transport.in_raw_repl = True


def _await(port: str, stop: threading.Event, deadline: float) -> None:
    while "/" in port and not Path(port).exists() and time.monotonic() < deadline:
        if stop.wait(_KNOCK_EVERY_S):
            raise Stopped


def _failed(step: str, said: str) -> Trouble:
    """An exception on the board; its last line says which."""
    last = said.strip().splitlines()[-1] if said.strip() else "no reason given"
    if "ENOSPC" in last or "Errno 28" in last:
        return Trouble(
            step, "the module's file system is full", "write the module anew with `wxlink flash write`"
        )
    return Trouble(step, f"the module says {last}", "press RESET and run this again")


def _lost(step: str, error: Exception) -> Trouble:
    return Trouble(step, f"the module stopped answering ({error})", "check the cable and run this again")
