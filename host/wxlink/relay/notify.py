"""Tells systemd how the service is (sd_notify(3)): ready, stopping, and that its event loop still turns."""

import asyncio
import os
import socket
from collections.abc import Mapping
from typing import Final

READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"
WATCHDOG: Final = "WATCHDOG=1"


class Notifier:
    """Sends to the socket that systemd names in the environment; without one it does nothing."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        name = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + name[1:] if name.startswith("@") else name  # @ stands for an abstract socket
        self.every_s = _watchdog_s(environ)
        """How often `watch` tells that the relay lives, None when nobody wants to know."""

    def tell(self, *words: str) -> None:
        """Send a state. What cannot be sent is lost: it is not worth a failure."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)
                sender.sendto("\n".join(words).encode(), self._address)
        except OSError:
            return

    async def watch(self) -> None:
        """Tell again and again that the event loop turns, until cancelled."""
        while self.every_s is not None:
            self.tell(WATCHDOG)
            await asyncio.sleep(self.every_s)


def _watchdog_s(environ: Mapping[str, str]) -> float | None:
    """Half of what systemd waits, as sd_watchdog_enabled(3) advises."""
    period, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID")
    if not period.isdecimal() or int(period) == 0 or pid not in (None, str(os.getpid())):
        return None
    return int(period) / 2_000_000
