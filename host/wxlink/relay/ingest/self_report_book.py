"""Keeps what modules tell of themselves."""

from collections.abc import Callable, Sequence
from functools import partial

from wxlink.relay.ingest.retry import until_stored
from wxlink.relay.ingest.self_report import Condition, UpdateNews
from wxlink.relay.store import Health, Progress, Release, Store


class SelfReportBook:
    """The latest condition of each module, and how far it is with each release."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    async def keep_conditions(self, told: Sequence[Condition]) -> None:
        """Keep conditions of known devices in one transaction."""
        now = self._clock()
        rows = [Health(one.did, now, one.words) for one in told]
        await until_stored(partial(self._store.devices.set_health, rows))

    async def keep_news(self, news: UpdateNews) -> bool:
        """Keep how far a known device is; False when no release is meant."""
        release = await until_stored(partial(self._release, news))
        if release is None:
            return False
        progress = Progress(news.did, release.id, news.state, news.percent, news.reason, self._clock())
        await until_stored(partial(self._store.updates.note, progress))
        return True

    async def _release(self, news: UpdateNews) -> Release | None:
        """The release that is meant: the one that the device was offered, else the latest for its product."""
        device = await self._store.devices.get(news.did)
        if device is None:
            return None
        fitting = {
            release.id: release
            for release in await self._store.releases.all(news.type)
            if release.version == news.version and release.product_key in ("", device.product_key)
        }
        if not fitting:
            return None
        offered = [one.release for one in await self._store.updates.of_device(news.did)]
        return fitting[max(set(offered) & fitting.keys(), default=max(fitting))]
