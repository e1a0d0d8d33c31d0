"""Which devices are connected: noted from their own messages, compared with the broker when it is back."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from wxlink.relay.broker import ACK_WAIT_S
from wxlink.relay.events import Bus, OnlineChanged
from wxlink.relay.ingest.retry import until_stored
from wxlink.relay.ingest.uplink import Presence
from wxlink.relay.store import Identity, Position, Store

# Modules that lost the broker with us are back by then, or off-line; and the broker has repeated what was not
# acknowledged, of which a stale `1` may be part.
COMPARE_AFTER_S = ACK_WAIT_S + 2.0
COMPARE_AGAIN_S = 5.0

log = logging.getLogger(__name__)

ConnectedClients = Callable[[], Awaitable[set[str]]]


class PresenceBook:
    """Stores who comes and goes and tells the bus.

    on_online: called with the did each time a connection begins. on_offline: called when a device has gone.
    connected_clients: the client ids that the broker holds now; None when it cannot be asked.
    """

    def __init__(
        self,
        store: Store,
        bus: Bus,
        *,
        on_online: Callable[[str], None],
        on_offline: Callable[[str], None],
        clock: Callable[[], float],
        connected_clients: ConnectedClients | None = None,
        compare_after_s: float = COMPARE_AFTER_S,
    ) -> None:
        self._store = store
        self._bus = bus
        self._on_online = on_online
        self._on_offline = on_offline
        self._connected_clients = connected_clients
        self._compare_after_s = compare_after_s
        self._clock = clock
        self._connections: dict[str, str] = {}  # did -> its open connection, of those seen by this process
        self._comparing: asyncio.Task[None] | None = None

    async def note(self, presence: Presence, position: Position | None = None) -> bool:
        """Store it; whether the device came or went with it. position: in a stream that relays share."""
        did, connection = presence.did, presence.connection
        now = self._clock()
        changed = await until_stored(
            partial(self._store.devices.set_presence, did, presence.online, connection, now, position)
        )
        if presence.online:
            self._connections[did] = connection
        elif self._connections.get(did) == connection:
            del self._connections[did]
        return changed

    def tell(self, presence: Presence, identity: Identity, changed: bool) -> None:
        """Tell what `note` stored."""
        if presence.online:
            self._on_online(presence.did)
        elif changed:
            self._on_offline(presence.did)
        if changed:
            event = OnlineChanged(presence.did, identity.mac, identity.passcode, presence.online)
            self._bus.publish(event)

    def link_up(self) -> None:
        """The session with the broker stands again: compare with it soon."""
        if self._connected_clients:
            self._comparing = asyncio.create_task(
                self._compare(self._connected_clients), name="compare presence"
            )

    def link_down(self) -> None:
        """The broker is away: there is nothing to compare with."""
        if self._comparing:
            self._comparing.cancel()

    async def stop(self) -> None:
        """End a comparison that is under way."""
        if self._comparing:
            self._comparing.cancel()
            await asyncio.wait((self._comparing,))

    async def _compare(self, connected_clients: ConnectedClients) -> None:
        """Note those off-line whose connection is gone: their wills died with the broker that held them."""
        await asyncio.sleep(self._compare_after_s)
        while True:
            known = dict(self._connections)
            try:
                connected = await connected_clients()
                break
            except (OSError, RuntimeError) as error:
                log.warning("presence is not compared with the broker yet: %s", error)
                await asyncio.sleep(COMPARE_AGAIN_S)
        for did, connection in known.items():
            if did not in connected and self._connections.get(did) == connection:
                await self.went(did, connection)

    async def went(self, did: str, connection: str) -> None:
        """Note and tell that a connection is gone of which no word came."""
        gone = Presence(did, False, connection)
        identities = await until_stored(partial(self._store.devices.identities, (did,)))
        if await self.note(gone) and did in identities:
            log.info("device %s went without a word", did)
            self.tell(gone, identities[did], True)
