"""How long a user waits: from `c2s_write` at the app to the `s2c_noti` that shows the new value."""

import asyncio
from statistics import quantiles

from bench.figure import Figure
from bench.ground import PEER_TOPIC, Helper, ground

ROUNDS = 500
THERE, BACK = f"{PEER_TOPIC}/there", f"{PEER_TOPIC}/back"


def measure() -> list[Figure]:
    """p50 and p99 beside one round trip through the same broker: a message to another client and its echo."""
    return asyncio.run(_measure())


async def _measure() -> list[Figure]:
    async with ground(1) as on:
        login = on.login
        relay = {"user": login["user"], "password": login["password"]}
        async with (
            Helper(
                "echo",
                port=login["port"],
                sender={**relay, "client_id": "bench-echo"},
                there=THERE,
                back=BACK,
            ),
            Helper(
                "ping",
                port=login["port"],
                sender={**relay, "client_id": "bench-ping"},
                there=THERE,
                back=BACK,
                count=ROUNDS,
            ) as client,
        ):
            trips = quantiles(await client.go(), n=100)
        did, passcode = on.devices[0]
        device = {"user": did, "password": passcode, "client_id": did, "topic": f"dev2app/{did}"}
        async with (
            Helper("obey", port=login["port"], sender=device),
            Helper("switch", **on.watcher(), count=ROUNDS) as app,
        ):
            writes = quantiles(await app.go(), n=100)
    return [
        Figure(
            f"c2s_write to s2c_noti, p{percent}",
            writes[percent - 1] * 1000,
            "ms",
            f"one round trip through the same broker, p{percent}",
            trips[percent - 1] * 1000,
            "less",
            "the device answers at once; ours holds the commit of the report",
        )
        for percent in (50, 99)
    ]
