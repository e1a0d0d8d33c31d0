"""The relay at rest: memory once it is ready, and the time until then."""

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.figure import Figure
from bench.relay_process import relay_process, resident_bytes

ROUNDS = 5
SETTLED_S = 1.0
MIB = 1024 * 1024
LIBRARIES = (
    "aiohttp.web, aiosqlite, alembic, cryptography.x509, msgspec, nats, "
    "paho.mqtt.client, prometheus_client, sqlalchemy.ext.asyncio"
)
BARE = f"import {LIBRARIES}, sys; print(flush=True); sys.stdin.readline()"


def measure() -> list[Figure]:
    """`wxlink relay` beside a process that imports the same libraries and does nothing, in turns."""
    ours, peers = [], []
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_relay(Path(folder)))  # makes the store, which later starts find
        for _ in range(ROUNDS):
            ours.append(asyncio.run(_relay(Path(folder))))
            peers.append(_bare())
    peer = "a Python that imports the same libraries"
    ready_s, memory = zip(*ours, strict=True)
    bare_s, bare_memory = zip(*peers, strict=True)
    return [
        Figure(
            "relay at rest, resident memory",
            median(memory) / MIB,
            "MiB",
            peer,
            median(bare_memory) / MIB,
            "less",
            f"median of {ROUNDS}; the broker is a process of its own",
        ),
        Figure(
            "relay, from start to ready",
            median(ready_s),
            "s",
            peer,
            median(bare_s),
            "less",
            f"median of {ROUNDS}, in turns; with its broker started and its session with it",
        ),
    ]


async def _relay(folder: Path) -> tuple[float, int]:
    async with relay_process(folder) as relay:
        await asyncio.sleep(SETTLED_S)
        return relay.ready_s, resident_bytes(relay.pid)


def _bare() -> tuple[float, int]:
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-c", BARE], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        if process.stdout is None:
            raise RuntimeError("it has a standard output")
        process.stdout.readline()
        took = time.monotonic() - began
        resident = resident_bytes(process.pid)
        process.communicate(b"\n")
    return took, resident
