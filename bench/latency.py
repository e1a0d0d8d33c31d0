"""How long a user waits: from `c2s_write` at the app to the `s2c_noti` that shows the new value."""

import asyncio
from contextlib import AsyncExitStack
from statistics import quantiles

from bench.figure import Figure
from bench.ground import PEER_TOPIC, Ground, Helper, ground
from bench.uplinks import senders_of

ROUNDS = 500
NEIGHBOURS = 4  # devices that report meanwhile
UPLINKS_PER_S = 500
THERE, BACK = f"{PEER_TOPIC}/there", f"{PEER_TOPIC}/back"


def measure() -> list[Figure]:
    """p50 and p99 beside one round trip through the same broker: a message to another client and its echo."""
    return asyncio.run(_measure())


async def _measure() -> list[Figure]:
    return [*await _loaded(0), *await _loaded(UPLINKS_PER_S)]


async def _loaded(per_s: int) -> list[Figure]:
    """The figures while other devices report so often."""
    async with ground(1 + NEIGHBOURS) as on, AsyncExitStack() as parts:
        if per_s:
            senders = senders_of(on)[1:]
            neighbours = Helper("trickle", port=on.login["port"], senders=senders, per_s=per_s)
            await parts.enter_async_context(neighbours)
            await neighbours.begin()
        trips = quantiles(await _trips(on), n=100)
        writes = quantiles(await _writes(on), n=100)
    when = f"at {per_s} uplinks/s" if per_s else "at idle"
    return [
        Figure(
            f"c2s_write to s2c_noti {when}, p{percent}",
            writes[percent - 1] * 1000,
            "ms",
            f"one round trip through the same broker {when}, p{percent}",
            trips[percent - 1] * 1000,
            "less",
            "the device answers at once; ours holds the commit of the report",
        )
        for percent in (50, 99)
    ]


async def _trips(on: Ground) -> list[float]:
    login = on.login
    port = login["port"]
    relay = {"user": login["user"], "password": login["password"]}
    echo, ping = {**relay, "client_id": "bench-echo"}, {**relay, "client_id": "bench-ping"}
    async with (
        Helper("echo", port=port, sender=echo, there=THERE, back=BACK),
        Helper("ping", port=port, sender=ping, there=THERE, back=BACK, count=ROUNDS) as client,
    ):
        return list(await client.go())


async def _writes(on: Ground) -> list[float]:
    async with (
        Helper("obey", port=on.login["port"], sender=senders_of(on)[0]),
        Helper("switch", **on.watcher(), count=ROUNDS) as app,
    ):
        return list(await app.go())
