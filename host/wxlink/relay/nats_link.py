"""A connection to the nodes of a NATS cluster that comes back by itself, at whichever node there is."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

import nats
import nats.errors
from nats.aio.client import Client as NatsClient
from nats.aio.msg import Msg

from wxlink.relay.broker import Login

CONNECT_WITHIN_S = 5.0  # at one node
RECONNECT_AFTER_S = 0.2
PING_EVERY_S = 5.0  # a node that is cut off without a word is left after two of them

log = logging.getLogger(__name__)

__all__ = ["Msg", "NatsClient", "NatsLink"]


class NatsLink:
    """One NATS client.

    urls: of the nodes; others that they know of are tried too. name: for the nodes' own lists.
    """

    def __init__(self, urls: Sequence[str], login: Login, name: str) -> None:
        self._urls = list(urls)
        self._login = login
        self._name = name
        self._hooks: list[Callable[[], None]] = []
        self._client = NatsClient()
        self._stopping = False

    @property
    def client(self) -> NatsClient:
        """The client itself."""
        return self._client

    @property
    def connected(self) -> bool:
        """True while the connection stands."""
        return self._client.is_connected

    def on_back(self, hook: Callable[[], None]) -> None:
        """Call `hook` each time the connection stands again; what was asked of a node may be lost with it."""
        self._hooks.append(hook)

    async def start(self, within_s: float) -> None:
        """Connect. Raises ConnectionError when no node lets us in within that time."""
        try:
            async with asyncio.timeout(within_s):
                await self._client.connect(self._urls, **self._options())
        except (OSError, TimeoutError, nats.errors.Error) as error:
            await self.stop()
            raise ConnectionError(
                f"no node of the NATS cluster lets {self._name} in: {error or type(error).__name__}"
            ) from error

    def _options(self) -> dict[str, Any]:
        return {
            "name": self._name,
            "user": self._login.user,
            "password": self._login.password,
            "no_echo": True,  # what we tell other relays we know
            "connect_timeout": CONNECT_WITHIN_S,
            "max_reconnect_attempts": -1,
            "reconnect_time_wait": RECONNECT_AFTER_S,
            "ping_interval": PING_EVERY_S,
            "error_cb": self._failed,
            "disconnected_cb": self._lost,
            "reconnected_cb": self._back,
        }

    async def stop(self) -> None:
        """Send what waits and close. Safe to call twice."""
        self._stopping = True
        await self._client.close()

    async def _failed(self, error: Exception) -> None:
        if not self._stopping:
            log.info("%s: %s", self._name, error or type(error).__name__)

    async def _lost(self) -> None:
        if not self._stopping:
            log.warning("%s: the NATS node is away; another is tried", self._name)

    async def _back(self) -> None:
        log.info("%s: a NATS node is back", self._name)
        for hook in self._hooks:
            hook()
