"""Who is connected to a cluster, asked of all its nodes; devices that went without a word are found out."""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from typing import Any, Final

import nats.errors

from wxlink.relay.broker import CONNZ_PAGE, CONNZ_TIMEOUT_S, DEVICE_ACCOUNT
from wxlink.relay.ingest.presence import PresenceBook
from wxlink.relay.nats_link import Msg, NatsLink
from wxlink.relay.store import Store

EVERY_S: Final = 20.0
ANSWER_WITHIN_S: Final = 3.0  # of every node that is alive
LEASE: Final = "presence"
LEASE_S: Final = 3 * EVERY_S

log = logging.getLogger(__name__)


class Census:
    """Compares the store with the nodes now and then; of all relays the one that holds the lease does.

    A device that two lists in a row do not have, and that did not come anew in between, is off-line: its will
    died with its node. link: as the system user.
    """

    def __init__(
        self,
        link: NatsLink,
        store: Store,
        book: PresenceBook,
        *,
        holder: str,
        clock: Callable[[], float] = time.time,
        every_s: float = EVERY_S,
    ) -> None:
        self._link = link
        self._store = store
        self._book = book
        self._holder = holder
        self._clock = clock
        self._every_s = every_s
        self._missing: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="census")

    async def stop(self) -> None:
        """End, and let another relay do it. Safe to call twice."""
        if self._task and not self._task.done():
            self._task.cancel()
            await asyncio.wait((self._task,))
            try:
                await self._store.leases.give_up(LEASE, self._holder)
            except Exception:
                log.exception("the lease %s was not given up; it ends by itself", LEASE)

    async def connected_clients(self) -> set[str]:
        """Client ids of the MQTT connections at all nodes. Raises nats.errors.Error, OSError, ValueError."""
        found: set[str] = set()
        first = await self._gather()
        if not first:
            raise nats.errors.TimeoutError
        for page in first:
            server, data = page["server"]["id"], page["data"]
            offset = 0
            while True:
                rows = data["connections"]
                found.update(row["mqtt_client"] for row in rows if row.get("mqtt_client"))
                offset += len(rows)
                if not rows or offset >= data["total"]:
                    break
                reply = await self._link.client.request(
                    f"$SYS.REQ.SERVER.{server}.CONNZ", _query(offset), timeout=CONNZ_TIMEOUT_S
                )
                data = json.loads(reply.data)["data"]
        return found

    async def _gather(self) -> list[dict[str, Any]]:
        """The first page of each node."""
        pages: list[dict[str, Any]] = []

        async def came(message: Msg) -> None:
            pages.append(json.loads(message.data))

        client = self._link.client
        inbox = client.new_inbox()
        subscription = await client.subscribe(inbox, cb=came)
        try:
            await client.publish("$SYS.REQ.SERVER.PING.CONNZ", _query(0), reply=inbox)
            await asyncio.sleep(ANSWER_WITHIN_S)
        finally:
            await subscription.unsubscribe()
        return pages

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            try:
                if await self._store.leases.take(LEASE, self._holder, self._clock(), LEASE_S):
                    await self._compare()
                else:
                    self._missing.clear()
            except (nats.errors.Error, OSError, ValueError, KeyError) as error:
                log.warning("the nodes do not list their connections: %s", error or type(error).__name__)
            except Exception:
                log.exception("presence could not be compared with the nodes; tried again soon")

    async def _compare(self) -> None:
        connected = await self.connected_clients()
        missing = {
            device.did: device.connection
            for device in await self._store.devices.all(online=True)
            if device.did not in connected
        }
        for did, connection in missing.items():
            if self._missing.get(did) == connection:
                await self._book.went(did, connection)
        self._missing = missing


def _query(offset: int) -> bytes:
    return json.dumps({"sort": "cid", "limit": CONNZ_PAGE, "offset": offset, "acc": DEVICE_ACCOUNT}).encode()
