"""`wxlink demo`: starts the chain, shows what there is to try, and stops it on Ctrl-C."""

import argparse
import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from pathlib import Path

from wxlink.child import ChildFailed
from wxlink.demo.chain import Chain, DemoFailed
from wxlink.demo.folder import FolderError, held
from wxlink.demo.identity import DamagedIdentity
from wxlink.demo.show import table
from wxlink.product import find
from wxlink.relay.app import RelayError
from wxproto.product import ProductError

DEFAULT_PORT = (
    8080  # the documented WebSocket port of this API family, so that clients need only another host
)
LAST_PORT = 65534  # the sandbox takes the one after it
DEFAULT_PRODUCT = "gokit"
DEFAULT_HEAP_K = (
    384  # from source; a chip, whose pointers are half as wide, gets it compiled and needs about a third
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `wxlink demo`."""
    parser.add_argument(
        "--port",
        type=_port,
        default=DEFAULT_PORT,
        help="HTTP port; the sandbox takes the next one; 0 picks free ports (default %(default)s)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=_default_data(),
        metavar="DIR",
        help="where the demo keeps its data (default %(default)s)",
    )
    parser.add_argument(
        "--product",
        default=DEFAULT_PRODUCT,
        metavar="NAME",
        help="a sample of protocol/products, or the path of a product file (default %(default)s)",
    )
    parser.add_argument("--fresh", action="store_true", help="forget the kept data and begin anew")
    parser.add_argument(
        "--heap",
        type=_heap,
        default=DEFAULT_HEAP_K,
        metavar="KIB",
        help="the module's MicroPython heap in KiB (default %(default)s)",
    )
    parser.add_argument(
        "--appid",
        type=_appid,
        metavar="HEX",
        help="application id, for a client program that has its own built in (default: drawn once)",
    )
    parser.add_argument(
        "--wss-port",
        type=_tls_port,
        default=0,
        metavar="PORT",
        help="port of your TLS proxy in front of the HTTP port, told to clients (default: no TLS)",
    )
    parser.add_argument(
        "--python-mcu", action="store_true", help="use the Python MCU even where a C compiler exists"
    )
    parser.add_argument(
        "--json", action="store_true", help="print one line of JSON when all is up, nothing else, on stdout"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the demo until it is interrupted; 0 after an orderly stop, 1 when it could not be brought up."""
    try:
        return asyncio.run(_demo(arguments))
    except (DemoFailed, ChildFailed, DamagedIdentity, FolderError, ProductError, RelayError) as error:
        _say(f"wxlink demo: {error}")
        return 1
    except OSError as error:
        where = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        _say(f"wxlink demo: {where}")
        return 1


async def _demo(arguments: argparse.Namespace) -> int:
    data: Path = arguments.data.expanduser().absolute()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    chain = Chain(
        data,
        find(arguments.product),
        port=arguments.port,
        heap_k=arguments.heap,
        python_mcu=arguments.python_mcu,
        appid=arguments.appid,
        wss_port=arguments.wss_port,
        say=_say,
    )
    stopping = asyncio.create_task(stop.wait())
    with held(data, fresh=arguments.fresh):
        try:
            starting = asyncio.create_task(chain.start())
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                starting.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await starting
                return 130
            facts = await starting
            if arguments.json:
                print(json.dumps(facts), flush=True)
            else:
                print(table(facts, colour=sys.stdout.isatty()), flush=True)
            await stopping
            _say("stopping …")
        finally:
            stopping.cancel()
            await chain.stop()
    return 0


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone
        print(text, file=sys.stderr, flush=True)


def _default_data() -> Path:
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "wxlink" / "demo"


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"the port is a number from 0 to {LAST_PORT}")
    return int(text)


def _tls_port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("the port of a TLS proxy is a number from 1 to 65535")
    return int(text)


def _appid(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{32}", text):
        raise argparse.ArgumentTypeError("an application id is 32 lower-case hex digits")
    return text


def _heap(text: str) -> int:
    if not text.isdecimal() or not 48 <= int(text) <= 65536:
        raise argparse.ArgumentTypeError("the module needs 48 to 65536 KiB")
    return int(text)
