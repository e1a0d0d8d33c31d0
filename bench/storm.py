"""2,000 idle modules and 1,000 apps: what each costs, and how soon all are back when broker or relay die."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from bench.crowd import APP_WAITS_MS, WAITS_MS, Account
from bench.figure import Figure
from bench.ground import Helper
from bench.relay_process import enrol, relay_process, resident_bytes

MODULES, APPS, USERS = 2_000, 1_000, 40
ROUNDS = 2
WITHIN_S = 120.0
LOOK_EVERY_S = 0.2
SETTLED_S = 2.0  # after the last has come, until what that allocated for a moment is gone
KIB = 1024


def measure() -> list[Figure]:
    """Memory of the relay process by differences, and the time from a kill until all are back."""
    return asyncio.run(_measure())


async def _measure() -> list[Figure]:
    rounds = [await _round() for _ in range(ROUNDS)]
    bare = [await _bare() for _ in range(ROUNDS)]
    told = {name: median(one[name] for one in rounds) for name in rounds[0]}
    note = f"{MODULES:,} modules and {APPS:,} apps on one machine, median of {ROUNDS} runs"
    return [
        Figure(
            "memory of the relay for an app's WebSocket",
            told["app"] / KIB,
            "KiB",
            "a WebSocket of a bare aiohttp server",
            median(bare) / KIB,
            "less",
            note,
        ),
        Figure(
            "memory of the relay for an idle device",
            told["module"] / KIB,
            "KiB",
            "its connection in nats-server",
            told["module_at_broker"] / KIB,
            "less",
            note,
        ),
        Figure(
            "time until all are back after the broker was killed",
            told["broker_s"],
            "s",
            "longest first wait of a module, by its own back-off",
            WAITS_MS[0] / 1000,
            "less",
            f"{note}; {told['broker_refused']:.0f} log-ins refused meanwhile",
        ),
        Figure(
            "time until all are back after relay and broker were killed",
            told["relay_s"],
            "s",
            "longest first wait of a module, by its own back-off",
            WAITS_MS[0] / 1000,
            "less",
            f"{note}; apps wait {APP_WAITS_MS[0] / 1000:g} s at most at first; "
            f"{told['relay_refused']:.0f} log-ins refused meanwhile",
        ),
    ]


async def _round() -> dict[str, float]:
    told: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        units, accounts = await enrol(folder, MODULES, USERS)
        async with Helper("crowd") as modules, Helper("crowd") as apps:
            async with relay_process(folder) as relay:
                broker = relay.broker_pid
                await asyncio.sleep(SETTLED_S)
                rest, rest_broker = resident_bytes(relay.pid), resident_bytes(broker)
                await modules.go({"port": relay.mqtt_port, "units": units})
                await _up_again(modules, MODULES, MODULES)
                await _all_online(folder)
                with_modules = resident_bytes(relay.pid)
                told["module"] = (with_modules - rest) / MODULES
                told["module_at_broker"] = (resident_bytes(broker) - rest_broker) / MODULES
                await apps.go({"port": relay.http_port, "apps": _spread(accounts)})
                await _up_again(apps, APPS, APPS)
                await asyncio.sleep(SETTLED_S)
                told["app"] = (resident_bytes(relay.pid) - with_modules) / APPS
                before = await _connects(modules)
                began = time.monotonic()
                os.kill(broker, signal.SIGKILL)
                await _up_again(modules, before + MODULES, MODULES)
                await _all_online(folder)
                told["broker_s"] = time.monotonic() - began
                told["broker_refused"] = (await modules.go())["refused"]
                before, apps_before = await _connects(modules), await _connects(apps)
                began = time.monotonic()
                os.kill(relay.pid, signal.SIGKILL)  # its broker ends with it
            async with relay_process(folder, relay.http_port, relay.mqtt_port):
                await _up_again(modules, before + MODULES, MODULES)
                await _up_again(apps, apps_before + APPS, APPS)
                await _all_online(folder)
                told["relay_s"] = time.monotonic() - began
                told["relay_refused"] = (await modules.go())["refused"] - told["broker_refused"]
    return told


async def _bare() -> float:
    """Bytes of a socket of a bare server."""
    async with Helper("push") as server, Helper("crowd") as apps:
        port = await server.go("port")
        rest = resident_bytes(server.pid)
        await apps.go({"port": port, "apps": [Account("", "", "")] * APPS})
        await _up_again(apps, APPS, APPS)
        await asyncio.sleep(SETTLED_S)
        return (resident_bytes(server.pid) - rest) / APPS


def _spread(accounts: list[Account]) -> list[Account]:
    return [accounts[number % len(accounts)] for number in range(APPS)]


async def _connects(crowd: Helper) -> int:
    return int((await crowd.go())["connects"])


async def _up_again(crowd: Helper, connects: int, up: int) -> None:
    """Wait until they have connected so often in all, and are all connected."""
    state: dict[str, Any] = {}
    try:
        async with asyncio.timeout(WITHIN_S):
            while not state or state["connects"] < connects or state["up"] < up:
                await asyncio.sleep(LOOK_EVERY_S)
                state = await crowd.go()
    except TimeoutError as error:
        raise TimeoutError(f"not all came back: {state}") from error


async def _all_online(folder: Path) -> None:
    """Wait until the relay knows all modules as on-line."""
    async with asyncio.timeout(WITHIN_S):
        while _online(folder) < MODULES:  # noqa: ASYNC110 - another process
            await asyncio.sleep(LOOK_EVERY_S)


def _online(folder: Path) -> int:
    with contextlib.closing(sqlite3.connect(folder / "relay.sqlite3")) as store:
        return int(store.execute("SELECT count(*) FROM devices WHERE online").fetchone()[0])
