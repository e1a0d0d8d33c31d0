"""The first read of a device that comes on-line, for the products whose module cannot do it alone."""

import asyncio
import logging

from wxlink.relay.downlink import Downlink
from wxlink.relay.errors import ApiError
from wxlink.relay.store import Store

log = logging.getLogger(__name__)


class FirstReads:
    """Asks each variable-length device for its whole state when it comes on-line.

    A module knows no product. The read of a fixed-length one is a single byte, which the module sends by
    itself at each connection; that of a variable-length one has a flag a data point, and only the relay can
    count them.
    """

    def __init__(self, store: Store, downlink: Downlink) -> None:
        self._store = store
        self._downlink = downlink
        self._running: set[asyncio.Task[None]] = set()

    def came_online(self, did: str) -> None:
        """Send the read soon; its answer is a report like any other."""
        task = asyncio.create_task(self._read(did), name="first read")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def stop(self) -> None:
        """Send no more."""
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _read(self, did: str) -> None:
        try:
            device = await self._store.devices.get(did)
            product = await self._store.products.get(device.product_key) if device else None
            if product and product.points.variable:
                await self._downlink.send(did, product.codec.encode_read())
        except ApiError as error:
            log.info("device %s was not read: %s", did, error)
        except Exception:
            log.exception("device %s was not read", did)
