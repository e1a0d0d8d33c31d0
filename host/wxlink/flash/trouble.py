"""What esptool and the serial port say when something fails, as the step that failed and what to do next."""

import errno
import re
from typing import Final, NamedTuple

from wxlink.flash.problem import FlashError


class Trouble(FlashError):
    """A unit cannot be made. step: where it failed. again: whether another try may help."""

    def __init__(self, step: str, what: str, todo: str, *, again: bool = False) -> None:
        super().__init__(f"{what}: {todo}")
        self.step = step
        self.what = what
        self.todo = todo
        self.again = again


class _Row(NamedTuple):
    said: str
    what: str
    todo: str
    again: bool


LINE_TODO: Final = "use a shorter USB cable and a port of the computer itself, or a lower --baud"
LOADER_TODO: Final = "hold BOOT, press and release RESET, let go of BOOT, and run this again"

_OPENING: Final = {
    errno.ENOENT: (
        "there is no such port",
        "plug the board in with a data cable; `--all` takes every USB port",
    ),
    errno.ENXIO: ("there is nothing behind this port", "plug the board in anew"),
    errno.EACCES: (
        "this user may not use the port",
        "run `sudo usermod -aG dialout $USER` and log in again",
    ),
    errno.EBUSY: ("another program uses the port", "close the serial monitor or the other station"),
    errno.EAGAIN: ("another program uses the port", "close the serial monitor or the other station"),
}

_SAID: Final = (
    _Row(r"Wrong boot mode", "the chip runs its program and not its loader", LOADER_TODO, False),
    _Row(
        r"Download mode successfully detected",
        "the chip hears us and we do not hear it",
        "check the wire from the chip's TX to the adapter's RX",
        False,
    ),
    _Row(r"Failed to connect to", "no chip answers at this port", LOADER_TODO, True),
    _Row(
        r"Unexpected chip",
        "the chip is none that wxlink knows",
        "take an ESP32, S2, S3, C3 or C6",
        False,
    ),
    _Row(r"not fit in", "the image is larger than the flash", "take the board that this module is", False),
    _Row(
        r"does not contain an|is not an ESP",
        "the image is for another chip",
        "take the board that this module is, or the other image",
        False,
    ),
    _Row(
        r"requires chip revision",
        "the image needs another revision of the chip",
        "take firmware that supports this revision",
        False,
    ),
    _Row(
        r"Secure Boot|[Ff]lash encryption|Secure Download",
        "the chip is locked by secure boot or flash encryption",
        "such chips need firmware signed by their owner; take another module",
        False,
    ),
    _Row(
        r"flash region is empty|Failed to verify flash chip|flash chip connection",
        "the flash takes nothing",
        "it is broken or write-protected: take another module",
        True,
    ),
    _Row(r"MD5 of file", "what the flash holds is not what was sent", LINE_TODO, True),
    _Row(r"Flash write error|result was 0108", "the flash did not take a block", LINE_TODO, True),
    _Row(r"disconnected|readiness to read|Input/output error|write failed", "the device went away",
         "check cable and power; a board needs up to 500 mA", True),
    _Row(r"", "the serial line is bad", LINE_TODO, True),
)  # fmt: skip
"""What an error's text holds, and what that means; the last row is for all others."""


def from_open(error: OSError) -> Trouble:
    """The port cannot be opened."""
    number = error.errno or _errno_in(str(error))
    what, todo = _OPENING.get(
        number, (f"the port cannot be opened ({_one_line(error)})", "plug the board in anew")
    )
    return Trouble("open the port", what, todo)


def from_esptool(step: str, error: Exception) -> Trouble:
    """An exception of esptool or pyserial in a step."""
    text = _one_line(error)
    row = next(row for row in _SAID if re.search(row.said, text))
    return Trouble(step, f"{row.what} ({text})", row.todo, again=row.again)


def _errno_in(text: str) -> int:
    """pyserial puts the number of a lock that failed into the text only."""
    found = re.search(r"\[Errno (\d+)\]", text)
    return int(found[1]) if found else 0


def _one_line(error: Exception) -> str:
    """The first line of an error, without esptool's address for further reading."""
    return (
        str(error).strip().split("\n")[0].split(", for troubleshooting")[0].rstrip(".")
        or type(error).__name__
    )
