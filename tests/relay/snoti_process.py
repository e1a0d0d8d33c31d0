"""A relay with server push in a process that can be killed; run as a program, this is that relay."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from live import stock
from snoti_ground import QUICK, settings
from tls_ground import Issued

from wxlink.relay.app import Relay


class Process:
    """A running relay."""

    def __init__(self, child: asyncio.subprocess.Process, ports: dict[str, int]) -> None:
        self.snoti_port = ports["snoti"]
        self.mqtt_port = ports["mqtt"]
        self._child = child

    async def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        if self._child.returncode is None:
            self._child.kill()
        await self._child.wait()


@asynccontextmanager
async def relay_process(folder: Path, issued: Issued, store_url: str | None = None) -> AsyncIterator[Process]:
    """A relay on this folder, killed at the end if it was not before."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        __file__,
        str(folder),
        str(issued.cert),
        str(issued.key),
        *([store_url] if store_url else []),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdout
    try:
        line = await asyncio.wait_for(child.stdout.readline(), 60)
        yield (process := Process(child, json.loads(line)))
        await process.kill()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


async def main(folder: str, cert: str, key: str, store_url: str | None = None) -> None:
    """Run the relay until the test is gone."""
    wanted = settings(Path(folder), Issued(Path(cert), Path(key)), store_url=store_url)
    async with Relay(wanted, snoti_limits=QUICK) as relay:
        await stock(relay.store)
        print(json.dumps({"snoti": relay.snoti_port, "mqtt": relay.mqtt_port}), flush=True)
        await asyncio.to_thread(sys.stdin.read)  # ends when the test does


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
