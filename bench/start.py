"""How long a relay takes from its start until it is ready to serve."""

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final

from acceptance.site import RelayProcess, serving

from bench.figure import Figure

ROUNDS: Final = 5
PEER: Final = "from aiohttp import web; import sqlalchemy.ext.asyncio, paho.mqtt.client, alembic.command"


def measure() -> list[Figure]:
    """A relay with its broker and a database that is there already, beside Python loading the libraries."""
    ours, peers = [], []
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_ready(Path(folder)))  # not counted: it makes the database
        for _ in range(ROUNDS):
            began = time.monotonic()
            subprocess.run([sys.executable, "-c", PEER], check=True)
            peers.append(time.monotonic() - began)
            ours.append(asyncio.run(_ready(Path(folder))))
    return [
        Figure(
            "relay, from start to ready",
            median(ours),
            "s",
            "Python starting and importing the relay's libraries",
            median(peers),
            "less",
            f"with its nats-server, SQLite; median of {ROUNDS} turns",
        )
    ]


async def _ready(folder: Path) -> float:
    began = time.monotonic()
    relay = RelayProcess("relay", folder, mqtt_port=0)
    relay.start()
    try:
        await serving(relay)
        return time.monotonic() - began
    finally:
        relay.stop()
