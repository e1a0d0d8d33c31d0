"""The program of the simulated board: any product on a serial line, without a C compiler.

Same answers and same log as the C program protocol/csdk/examples/board; beside its options, --product.
Run it as `python -m wxlink.bench.mcu --port TTY`.
"""

import argparse
import os
import re
import select
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from wxlink.assets import asset
from wxlink.bench.board import Mcu
from wxlink.bench.frame_log import Log
from wxlink.bench.serial_line import open_line, write_line
from wxlink.product import read
from wxproto.product import ProductError

WAIT_MS = 20  # longest time without looking at the clock
READ_SIZE = 255

_SECRET_SIZE = 32


class BadSecret(ValueError):
    """The file holds no product secret; the text says what it must hold."""


def read_secret(path: Path) -> str:
    """The product secret in the first line of a file. BadSecret or OSError when it is not there."""
    with path.open("rb") as file:
        text = file.read(_SECRET_SIZE + 1)  # a byte more than the digits tells where the line ends
    if not re.fullmatch(rb"[0-9a-f]{%d}[\r\n]?" % _SECRET_SIZE, text):
        raise BadSecret(f"{path}: the first line must be {_SECRET_SIZE} lower-case hex digits")
    return text[:_SECRET_SIZE].decode("ascii")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the board until SIGTERM or SIGINT; exit status 0 then, 1 when a file cannot be used."""
    arguments = _arguments(argv)
    stopped: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _frame: stopped.append(got))
    secret_file: Path | None = arguments.product_secret_file
    try:
        product = read(arguments.product)
        secret = read_secret(secret_file) if secret_file else None
        output = arguments.log.open("a", encoding="utf-8") if arguments.log else sys.stdout
        line = open_line(arguments.port)
        log = Log(output)
        mcu = Mcu(
            product,
            log,
            _milliseconds(),
            secret=secret,
            seed=arguments.seed,
            drift_ms=arguments.drift_ms,
            memory=arguments.memory,
        )
        log.line(f"ready {arguments.port}")
        _serve(line, mcu, log, stopped)
    except (BadSecret, ProductError) as error:
        sys.stderr.write(f"wxlink.bench.mcu: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"wxlink.bench.mcu: {error.filename or arguments.port}: {error.strerror or error}\n")
        return 1
    log.line("stopped")
    return 0


def _serve(line: int, mcu: Mcu, log: Log, stopped: list[int]) -> None:
    """Work until a signal comes. OSError when the line is gone."""
    waiting = select.poll()
    waiting.register(line, select.POLLIN)
    while not stopped:
        data = b""
        if waiting.poll(WAIT_MS):
            data = os.read(line, READ_SIZE)
            if not data:
                raise OSError("the other end of the line is gone")
        out = mcu.work(data, _milliseconds())
        if not write_line(line, out):
            log.line("line takes no bytes")


def _milliseconds() -> int:
    return time.monotonic_ns() // 1_000_000


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m wxlink.bench.mcu",
        description="A board on a serial line: answers the Wi-Fi module, logs every frame and what its"
        " simulated hardware does.",
        epilog="example: python -m wxlink.bench.mcu --port /dev/ttyUSB0 --log mcu.log",
    )
    parser.add_argument("--port", required=True, metavar="TTY", help="serial line to the module")
    parser.add_argument("--log", type=Path, metavar="FILE", help="append the log here instead of printing it")
    parser.add_argument(
        "--product-secret-file",
        type=Path,
        metavar="FILE",
        help="its first line is the product secret, 32 lower-case hex digits; without it the module gets"
        " the form with no secret",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        metavar="N",
        help="where the simulated hardware begins, and how it goes on (%(default)s)",
    )
    parser.add_argument(
        "--drift-ms",
        type=_drift,
        default=5000,
        metavar="N",
        help="milliseconds between two steps of the simulation (%(default)s)",
    )
    parser.add_argument("--memory", type=Path, metavar="FILE", help="what outlives a restart is kept here")
    parser.add_argument(
        "--product",
        type=Path,
        default=asset("protocol/products/gokit.json"),
        metavar="FILE",
        help="product file of the board (default: a GoKit)",
    )
    return parser.parse_args(argv)


def _drift(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a number of milliseconds, 1 or more")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
