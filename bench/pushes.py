"""How many messages a second reach 1,000 apps that watch one device."""

import asyncio
import dataclasses
import json
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

from bench.crowd import Account
from bench.figure import Figure
from bench.ground import WITHIN_S, Helper
from bench.relay_process import cpu_s, enrol, relay_process

APPS = 1_000
USERS = 40  # a user may have 32 sockets
BURST = 200  # reports, as fast as they go: a full batch of the relay
SINGLE = 100  # reports with time between them: each is pushed alone
EVERY_S = 0.08  # well above the 1,000 writes of one report
ROUNDS = 3
LOOK_EVERY_S = 0.1
SETTLED_S = 1.0
VALUE = 100  # in each report: all are of one length, and bytes tell how many came
HEADER_BYTES = 4  # of a WebSocket frame of 126 to 65,535 bytes

Send = Callable[[], Awaitable[Any]]
Source = Callable[[int, float], AbstractAsyncContextManager[Send]]
"""Something that can send `count` messages, one in `every_s`, once it is told to."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rates:
    """Pushes a second: in a burst by the clock, one report at a time by the server's processor time."""

    burst: float
    single: float


def measure() -> list[Figure]:
    """The relay, from a device's report to the app, beside a bare server, in turns, a fresh process each."""
    return asyncio.run(_measure())


async def _measure() -> list[Figure]:
    ours, peers = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            rates, message = await _relay(Path(folder))
        ours.append(rates)
        peers.append(await _bare(message))
    peer = "bare aiohttp server that encodes once and loops send_str over the sockets"
    note = (
        f"{APPS:,} sockets, median of {ROUNDS} runs in turns; ours begins with the device's report over MQTT"
    )
    return [
        Figure(
            "WebSocket pushes, a burst of one device to 1,000 apps",
            median(one.burst for one in ours),
            "pushes/s",
            peer,
            median(one.burst for one in peers),
            "more",
            f"{note}; {BURST} reports, decoded and committed; those of one batch leave in one write",
        ),
        Figure(
            "WebSocket pushes, one report at a time to 1,000 apps",
            median(one.single for one in ours),
            "pushes in a second of processor time",
            peer,
            median(one.single for one in peers),
            "more",
            f"{note}; one report in {EVERY_S:g} s, decoded and committed",
        ),
    ]


async def _relay(folder: Path) -> tuple[Rates, Any]:
    (unit,), accounts = await enrol(folder, 1, USERS)
    sender = {"user": unit.did, "password": unit.passcode, "client_id": unit.did}
    sender["topic"] = f"dev2app/{unit.did}"
    async with relay_process(folder) as relay, Helper("crowd") as apps:

        @asynccontextmanager
        async def source(count: int, every_s: float) -> AsyncIterator[Send]:
            given = {
                "port": relay.mqtt_port,
                "senders": [sender],
                "count": count,
                "every_s": every_s,
                "value": VALUE,
            }
            async with Helper("flood", **given) as device:
                yield device.go

        await _gather(apps, relay.http_port, accounts)
        async with source(1, 0) as send:
            await send()
            message = json.loads((await _settled(apps))["sample"][HEADER_BYTES:])
        return await _rates(apps, relay.pid, message, source), message


async def _bare(message: Any) -> Rates:
    async with Helper("push") as server, Helper("crowd") as apps:

        @asynccontextmanager
        async def source(count: int, every_s: float) -> AsyncIterator[Send]:
            yield lambda: server.go({"message": message, "count": count, "every_s": every_s})

        await _gather(apps, await server.go("port"), [Account("", "", "")])
        return await _rates(apps, server.pid, message, source)


async def _gather(apps: Helper, port: int, accounts: list[Account]) -> None:
    everyone = [accounts[number % len(accounts)] for number in range(APPS)]
    await apps.go({"port": port, "apps": everyone})
    async with asyncio.timeout(WITHIN_S):
        while (await apps.go())["up"] < APPS:  # noqa: ASYNC110 - another process
            await asyncio.sleep(LOOK_EVERY_S)


async def _rates(apps: Helper, pid: int, message: Any, source: Source) -> Rates:
    size = len(json.dumps(message, separators=(",", ":"))) + HEADER_BYTES
    async with source(BURST, 0) as send:
        due = (await _settled(apps))["bytes"] + BURST * APPS * size
        began = time.monotonic()
        await send()
        burst_s = (await _until(apps, due))["pushed_at"] - began
    async with source(SINGLE, EVERY_S) as send:
        due = (await _settled(apps))["bytes"] + SINGLE * APPS * size
        began = cpu_s(pid)
        await send()
        await _until(apps, due)
        single_s = cpu_s(pid) - began
    return Rates(BURST * APPS / burst_s, SINGLE * APPS / single_s)


async def _settled(apps: Helper) -> Any:
    """The state of the apps once nothing comes any more."""
    while True:
        before = await apps.go()
        await asyncio.sleep(SETTLED_S)
        after = await apps.go()
        if before["bytes"] == after["bytes"]:
            return after


async def _until(apps: Helper, due: int) -> Any:
    """The state of the apps when they have as many bytes."""
    async with asyncio.timeout(WITHIN_S):
        while (state := await apps.go())["bytes"] < due:  # noqa: ASYNC110 - another process
            await asyncio.sleep(LOOK_EVERY_S)
    if state["bytes"] > due:
        raise RuntimeError(f"the apps got {state['bytes'] - due} bytes too many")
    return state
