"""`wxlink relay`: runs the relay until SIGTERM or SIGINT; a second signal ends it at once."""

import argparse
import asyncio
import contextlib
import fcntl
import json
import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from wxlink import __version__
from wxlink.relay.app import Relay, RelayError
from wxlink.relay.commands.checkup import LOCK, Finding, run_checks, show
from wxlink.relay.config import Config, ConfigError, find_file, read_config
from wxlink.relay.logs import set_up
from wxlink.relay.notify import READY, STOPPING, Notifier

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `wxlink relay`."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="the configuration (default: ~/.config/wxlink/relay.toml or /etc/wxlink/relay.toml, if any)",
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="the data folder, instead of that of the configuration"
    )
    parser.add_argument(
        "--check", action="store_true", help="look at all that a start needs, say what to do, change nothing"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print one line of JSON on stdout when the relay is ready; with --check: the findings",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the relay: 0 after an orderly stop, 1 when it cannot start; or check: 0 when it could."""
    try:
        config = read_config(arguments.config or find_file(), data=arguments.data)
        if arguments.check:
            return run_checks(config, arguments.json)
        set_up(config.log, config.secrets)
        with _held(config.settings.data_dir):
            return asyncio.run(_serve(config, arguments.json))
    except ConfigError as error:
        if arguments.check:
            return show([Finding("configuration", False, text) for text in error.problems], arguments.json)
        sys.stderr.write("".join(f"wxlink relay: {line}\n" for line in error.problems))
        return 1
    except RelayError as error:
        sys.stderr.write(f"wxlink relay: {error}\n")
        return 1
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        where = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        sys.stderr.write(f"wxlink relay: {where}\n")
        return 1


async def _serve(config: Config, as_json: bool) -> int:
    systemd = Notifier()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, _stop, stop, number)
    stopping = asyncio.create_task(stop.wait())
    relay = Relay(config.settings, config.accounts)
    starting = asyncio.create_task(relay.__aenter__())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await starting
        return 0
    await starting
    watching = asyncio.create_task(systemd.watch(), name="watchdog")
    try:
        facts = _facts(relay)
        log.info("ready: %s", ", ".join(f"{name} {value}" for name, value in facts.items()))
        if as_json:
            sys.stdout.write(json.dumps(facts) + "\n")
            sys.stdout.flush()
        systemd.tell(READY)
        await stopping
        log.info("stopping")
        systemd.tell(STOPPING)
    finally:
        await relay.__aexit__(None, None, None)
        watching.cancel()
    log.info("stopped")
    return 0


def _stop(stop: asyncio.Event, number: int) -> None:
    if stop.is_set():
        # Nothing is lost: what is not acknowledged stays with the broker, which dies with this process.
        os._exit(128 + number)
    stop.set()


def _facts(relay: Relay) -> dict[str, Any]:
    """Where the relay is, by the ports that it really has; 0 says that there is no such listener."""
    settings = relay.settings
    return {
        "version": __version__,
        "pid": os.getpid(),
        "http_port": relay.http_port,
        "tls_port": relay.tls_port,
        "mqtt_port": relay.mqtt_port,
        "data": str(settings.data_dir),
    }


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold the data folder for this process. Raises RelayError when another relay has it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / LOCK).open("a", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RelayError(
                f"another relay runs with the data in {folder}; end it, or choose another folder"
            ) from error
        yield
