"""Ports of the loopback address, for what must be told its port before it opens it."""

import os
import random
import socket
from collections.abc import Iterator
from itertools import cycle
from typing import Final

PORTS: Final = range(16_000, 32_000)  # below those that the system gives out by itself (ip(7))
SHARES: Final = 16  # workers of pytest-xdist: each has a thousand


def _all_from_anywhere() -> Iterator[int]:
    """This process's share for ever; two runs on one machine begin apart."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % SHARES
    share = PORTS[worker::SHARES]
    first = random.SystemRandom().randrange(len(share))
    return cycle([*share[first:], *share[:first]])


_ports = _all_from_anywhere()


def free_port() -> int:
    """A port that nobody has, neither for TCP nor for UDP; no other test gets it meanwhile."""
    return next(port for port in _ports if _is_free(port))


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(type=kind) as sock:
            try:
                sock.bind(("", port))
            except OSError:
                return False
    return True
