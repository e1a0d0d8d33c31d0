"""kill -9 of relay, broker and database under load: what was acknowledged is stored, once, and counts."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from bench.postgres import Postgres
from live import KIT, stock, until, until_async
from process_ground import Process, running
from qos1_device import Qos1Device, number_of
from relay_ground import PASSCODE

from wxlink.relay.settings import RelaySettings
from wxlink.relay.store import Store

DEVICES = 8
PAUSE_S = 0.02
BETWEEN = 400  # acknowledged reports between one kill and the next
WITHIN_S = 60.0

pytestmark = pytest.mark.timeout(240)


class Site:
    """A relay that is started anew after each kill, on the same data and port."""

    def __init__(self, folder: Path, config: str, parts: AsyncExitStack) -> None:
        self._folder = folder
        self._config = config
        self._parts = parts
        self._relay: Process | None = None

    async def start(self) -> None:
        """Start the relay."""
        self._relay = await self._parts.enter_async_context(running(self._folder, self._config))

    async def kill_relay(self) -> None:
        """Kill the relay, and its broker with it, and start it anew."""
        assert self._relay
        self._relay.signal(signal.SIGKILL)
        await self._relay.ended()
        await self.start()

    async def kill_broker(self) -> None:
        """Kill the broker; the relay starts it anew."""
        assert self._relay
        os.kill(_broker_of(int(self._relay.facts["pid"])), signal.SIGKILL)


def _broker_of(relay: int) -> int:
    children = Path(f"/proc/{relay}/task/{relay}/children").read_text("ascii").split()
    names = {child: Path(f"/proc/{child}/comm").read_text("ascii").strip() for child in children}
    return next(int(child) for child, name in names.items() if name == "nats-server")


async def test_relay_and_broker_on_sqlite(tmp_path: Path, free_port: Callable[[], int]) -> None:
    url = RelaySettings(tmp_path / "data").database_url
    port = free_port()
    async with AsyncExitStack() as parts:
        site = Site(tmp_path, f"[http]\nport = 0\n[mqtt]\nport = {port}\n", parts)
        await _live(site, url, port, (site.kill_broker, site.kill_relay, site.kill_broker, site.kill_relay))


async def test_relay_and_database_on_postgresql(
    tmp_path: Path, free_port: Callable[[], int], postgres: Postgres
) -> None:
    url = postgres.fresh()
    port = free_port()

    async def kill_database() -> None:
        postgres.kill()
        postgres.start()

    async with AsyncExitStack() as parts:
        config = f'[http]\nport = 0\n[mqtt]\nport = {port}\n[store]\nurl = "{url}"\n'
        site = Site(tmp_path, config, parts)
        await _live(site, url, port, (kill_database, site.kill_relay, kill_database))


async def _live(site: Site, url: str, port: int, kills: tuple[Callable[[], object], ...]) -> None:
    store = await Store.open(url)
    await stock(store)
    registered = [
        await store.devices.register(KIT, f"{number:012x}", PASSCODE, 0.0) for number in range(DEVICES)
    ]
    await site.start()
    devices = [Qos1Device(one.did, PASSCODE, port, PAUSE_S) for one in registered]
    running_devices = [asyncio.create_task(device.run()) for device in devices]

    def acknowledged() -> int:
        return sum(len(device.acknowledged) for device in devices)

    for kill in (*kills, None):
        goal = acknowledged() + BETWEEN
        await until(lambda goal=goal: acknowledged() >= goal, WITHIN_S)
        if kill:
            await kill()
    for device in devices:
        device.stop()
    await asyncio.gather(*running_devices)
    for device in devices:
        await _check(store, device)
    await store.close()


async def _check(store: Store, device: Qos1Device) -> None:
    async def stored() -> list[bytes]:
        kept: list[bytes] = []
        while page := await store.states.reports(device.did, 0, 1e12, 1_000, len(kept)):
            kept += [one.p0 for one in page]
        return kept

    async def all_stored() -> bool:
        return set(device.acknowledged) <= set(await stored())

    await until_async(all_stored, WITHIN_S)
    kept = Counter(await stored())
    assert [p0.hex() for p0, times in kept.items() if times > 1] == []
    assert set(kept) <= {*device.acknowledged, *device.unsure}
    last = max(map(number_of, kept))

    async def last_counts() -> bool:
        attrs = (await store.states.latest(device.did)).attrs
        return (attrs["LED_R"], attrs["LED_G"], attrs["LED_B"]) == (
            last // 62_500,
            last // 250 % 250,
            last % 250,
        )

    await until_async(last_counts, WITHIN_S)
