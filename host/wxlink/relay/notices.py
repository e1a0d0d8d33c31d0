"""Tells devices on-line that there is new software for them, soon after the operator rolled it out.

`wxlink release` is another process and writes to the store only; a change of a release's revision there is
seen within LOOK_EVERY_S. Devices that are off-line ask when they connect.
"""

import asyncio
import logging
from typing import Final

from wxlink.relay.downlink import Downlink
from wxlink.relay.store import FINAL_STATES, MODULE, Release, Store

LOOK_EVERY_S: Final = 2.0
NOTICES_A_S: Final = 10  # a thousand devices come within 100 s; half a megabyte each is 5 MB a second

log = logging.getLogger(__name__)


class Notices:
    """Sends the firmware notice 0x0211, at most NOTICES_A_S a second."""

    def __init__(self, store: Store, downlink: Downlink, look_every_s: float = LOOK_EVERY_S) -> None:
        self._store = store
        self._downlink = downlink
        self._look_every_s = look_every_s
        self._seen: dict[int, int] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look; what was rolled out before is no news: devices ask when they connect."""
        self._seen = await self._store.releases.revisions()
        self._task = asyncio.create_task(self._run(), name="notices")

    async def stop(self) -> None:
        """Send no more."""
        if self._task:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._look_every_s)
            try:
                await self._look()
            except Exception:
                log.exception("whether there are new releases could not be seen; tried again soon")

    async def _look(self) -> None:
        revisions = await self._store.releases.revisions()
        changed = [number for number in revisions if revisions[number] != self._seen.get(number)]
        for number in changed:
            release = await self._store.releases.get(number)
            if release is not None:
                await self._tell(release)
                self._seen[number] = release.revision

    async def _tell(self, release: Release) -> None:
        """Tell the devices that a release is for, until it changes again."""
        told = 0
        for did in await self._waiting(release):
            now = await self._store.releases.get(release.id)
            if now is None or now.revision != release.revision:
                break
            self._downlink.tell_firmware(did, release.type)
            told += 1
            await asyncio.sleep(1 / NOTICES_A_S)
        log.info("release %d was announced to %d devices on-line", release.id, told)

    async def _waiting(self, release: Release) -> list[str]:
        """The devices on-line that the release is for and that are not through with it."""
        known = await self._store.updates.of_release(release.id)
        through = {did for did, progress in known.items() if progress.state in FINAL_STATES}
        return [
            device.did
            for device in await self._store.devices.all(online=True)
            if release.takes(device.did, device.product_key) and device.did not in through
            if device.update_key or release.type != MODULE
        ]
