"""`wxlink relay` as a process: started with a configuration, told to stop, and what it wrote."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from live import WITHIN_S, stock

from wxlink.relay.settings import RelaySettings
from wxlink.relay.store import Store

FREE_PORTS = "[http]\nport = 0\n[mqtt]\nport = 0\n"


class Process:
    """A running relay; `facts` is its line of JSON."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, facts: dict[str, Any]) -> None:
        self._process = process
        self._log = log
        self.facts = facts

    @property
    def http(self) -> str:
        """Where it serves HTTP."""
        return f"http://127.0.0.1:{self.facts['http_port']}"

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    async def ended(self) -> int:
        """Wait until it has ended; its exit status."""
        return await asyncio.wait_for(self._process.wait(), WITHIN_S)

    def log(self) -> str:
        """What it logged so far."""
        return self._log.read_text()


def arguments(folder: Path, *more: str) -> list[str]:
    """The command line for the configuration and data in this folder."""
    config, data = str(folder / "relay.toml"), str(folder / "data")
    return [sys.executable, "-m", "wxlink.cli", "relay", "--config", config, "--data", data, *more]


async def stocked(folder: Path) -> None:
    """Give the relay of this folder its app and products before it starts."""
    store = await Store.open(RelaySettings(folder / "data").database_url)
    await stock(store)
    await store.close()


@asynccontextmanager
async def running(folder: Path, config: str = FREE_PORTS, **environ: str) -> AsyncIterator[Process]:
    """A relay with this configuration, from its ready line on; killed at the end if it still runs."""
    (folder / "relay.toml").write_text(config)
    log = folder / "relay.log"
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *arguments(folder, "--json"),
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **environ},
        )
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), WITHIN_S)
        assert line, log.read_text()
        yield Process(process, log, json.loads(line))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def output(folder: Path, *more: str, config: str = FREE_PORTS) -> tuple[int, str, str]:
    """Run the command to its end: exit status, standard output and standard error."""
    (folder / "relay.toml").write_text(config)
    process = await asyncio.create_subprocess_exec(
        *arguments(folder, *more), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    told, errors = await asyncio.wait_for(process.communicate(), WITHIN_S)
    return process.returncode or 0, told.decode(), errors.decode()
