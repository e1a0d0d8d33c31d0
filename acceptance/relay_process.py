"""A relay as a process of its own: settings as JSON on the command line, `ready` on its output."""

import asyncio
import json
import logging
import signal
import sys
from pathlib import Path

from wxlink.relay.app import Relay
from wxlink.relay.settings import RelaySettings


async def serve(settings: RelaySettings) -> None:
    """Run until SIGTERM."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with Relay(settings):
        print("ready", flush=True)
        await ended.wait()


def main() -> None:
    """Read the settings and serve."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    words = json.loads(sys.argv[1])
    for name in ("data_dir", "nats_secrets"):
        if words.get(name):
            words[name] = Path(words[name])
    for name in ("nats_urls", "nats_mqtt_urls"):
        words[name] = tuple(words.get(name, ()))
    asyncio.run(serve(RelaySettings(**words)))


if __name__ == "__main__":
    main()
