"""The door's listener: takes connections of old modules, and closes those whose product is closed."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Sequence
from typing import Final

from wxlink.relay.auth_callout import Refused
from wxlink.relay.ingest import Endpoint
from wxlink.relay.metrics import Metrics
from wxlink.relay.mqtt_door.admission import Admission
from wxlink.relay.mqtt_door.conversation import Conversation
from wxlink.relay.mqtt_door.guests import Guests
from wxlink.relay.mqtt_door.packets import BadPacket
from wxlink.relay.mqtt_door.side import READ_AHEAD, Over, Side
from wxlink.relay.rates import owner_of
from wxlink.relay.service import Throttle
from wxlink.relay.store import Store

LOOK_EVERY_S: Final = 2.0  # for products that were closed by another process
LINES_OF_ADDRESS: Final = 10  # of our log about one address...
LINES_WINDOW_S: Final = 60  # ...in this time; whoever knocks again and again does not fill the disk

log = logging.getLogger(__name__)


class Door:
    """Serves modules with the vendor's firmware on a port of its own.

    listener: a bound socket; the door closes it. endpoints: the broker's nodes; each module logs
    in there as itself.
    """

    def __init__(
        self,
        listener: socket.socket,
        endpoints: Sequence[Endpoint],
        store: Store,
        clock: Callable[[], float],
        metrics: Metrics,
        *,
        guests: Guests | None = None,
    ) -> None:
        self._listener = listener
        self._endpoints = endpoints
        self._store = store
        self._clock = clock
        self._admission = Admission(store, clock)
        self._metrics = metrics
        self._guests = guests or Guests()
        self._lines = Throttle(LINES_OF_ADDRESS, LINES_WINDOW_S)
        self._open: dict[Conversation, Side] = {}
        self._serving: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def connections(self) -> int:
        """Connections, those that have said nothing yet too."""
        return len(self._guests)

    async def start(self) -> None:
        """Begin to listen."""
        self._metrics.gauge("door_connections", "Connections of old modules.", lambda: self.connections)
        self._server = await asyncio.start_server(self._take, sock=self._listener, limit=READ_AHEAD)
        self._watching = asyncio.create_task(self._watch(), name="door watch")

    async def stop(self) -> None:
        """Close the port and all connections; the broker then tells that those modules went."""
        if self._watching:
            self._watching.cancel()
            await asyncio.wait((self._watching,))
        if self._server:
            self._server.close()
        serving = tuple(self._serving)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("asyncio serves a connection in a task of its own")
        self._serving.add(task)
        side = Side(reader, writer)
        try:
            # Cancelled by `stop`: asyncio's own callback would log that.
            with contextlib.suppress(asyncio.CancelledError):
                await self._serve(side, str(writer.get_extra_info("peername", ("?",))[0]))
        finally:
            self._serving.discard(task)

    async def _serve(self, side: Side, address: str) -> None:
        guest = self._guests.enter(owner_of(address), side.cut)
        if guest is None:
            self._metrics.refused.labels("connections").inc()
            self._complain(address, "there is no room for more connections")
            side.cut()
            return
        conversation = Conversation(side, address, self._endpoints, self._admission)
        self._open[conversation] = side
        try:
            await conversation.run(lambda: self._guests.spoke(guest))
        except (Over, BadPacket, Refused, OSError) as error:
            if isinstance(error, Refused):
                self._metrics.logins.labels("refused").inc()
            if conversation.device is None:
                self._complain(address, f"a connection ended: {error}")
            else:
                log.info("device %s of %s went: %s", conversation.device.did, address, error)
        except Exception:
            log.exception("a connection of %s broke", address)
        finally:
            del self._open[conversation]
            self._guests.leave(guest)
            await side.close()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                is_open = await self._store.doors.all()
            except Exception:
                log.exception("which products are open could not be seen; tried again soon")
                continue
            for conversation, side in tuple(self._open.items()):
                device = conversation.device
                if device is not None and device.product_key not in is_open:
                    log.warning("device %s is cut: its product was closed to old modules", device.did)
                    side.cut()

    def _complain(self, address: str, text: str) -> None:
        now = self._clock()
        if not self._lines.is_full(address, now):
            self._lines.count(address, now)
            log.warning("door, %s: %s", address, text)
