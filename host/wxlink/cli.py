"""The command `wxlink`: one verb a subcommand, each imported when used."""

import argparse
import errno
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple, TextIO

from wxlink import __version__


class Verb(NamedTuple):
    """A subcommand: `module` offers add_arguments(parser) and run(arguments) -> exit status."""

    name: str
    module: str
    summary: str
    example: str


VERBS = (
    Verb(
        "demo",
        "wxlink.demo.command",
        "run the whole chain on this machine: MCU, module, broker, relay and a WeChat sandbox",
        "wxlink demo --fresh",
    ),
    Verb(
        "relay",
        "wxlink.relay.commands.serve",
        "run the relay until it is told to stop",
        "wxlink relay --config /etc/wxlink/relay.toml",
    ),
    Verb(
        "product",
        "wxlink.product.commands",
        "write, check, compare and convert product files",
        "wxlink product new lamp.toml --en Lamp",
    ),
    Verb(
        "codegen",
        "wxlink.codegen.command",
        "write C files, a protocol book and more from a product file, or check that they are up to date",
        "wxlink codegen protocol/products/gokit.json -o my-firmware/wxlink --for c",
    ),
    Verb(
        "release",
        "wxlink.relay.commands.release",
        "add new software for modules and MCUs, roll it out step by step, see who took it",
        "wxlink release add app-1.1.0.tgz --type module --version 1.1.0",
    ),
    Verb(
        "maker",
        "wxlink.relay.commands.maker",
        "add makers to a relay, with members, products and quotas",
        "wxlink maker product add lamp.toml",
    ),
    Verb(
        "app",
        "wxlink.relay.commands.app",
        "let client programs call a relay's app APIs",
        "wxlink app add 'Acme Home'",
    ),
    Verb(
        "device",
        "wxlink.relay.commands.device",
        "list the devices of a relay, show, lock, hand over or remove one",
        "wxlink device list",
    ),
    Verb(
        "snoti",
        "wxlink.relay.commands.snoti",
        "make and take back the keys of servers that listen to server push, see how full their queues are",
        "wxlink snoti list",
    ),
    Verb(
        "token",
        "wxlink.relay.commands.token",
        "make and end tokens with which programs use a maker's API",
        "wxlink token list",
    ),
    Verb(
        "audit",
        "wxlink.relay.commands.audit",
        "who changed what on a relay, and who logged in",
        "wxlink audit --failed --since 7d",
    ),
    Verb(
        "doors",
        "wxlink.relay.commands.doors",
        "let existing modules with the vendor's firmware in, product by product, unencrypted as they are",
        "wxlink doors on 0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    ),
    Verb(
        "cluster",
        "wxlink.relay.commands.cluster",
        "make the secrets that the NATS nodes and the relays of one cluster share",
        "wxlink cluster init secrets",
    ),
    Verb(
        "frame",
        "wxlink.frame_tool.command",
        "take captures of the serial link apart, and make frames by name",
        "wxlink frame decode FF FF 00 05 07 01 00 00 0D",
    ),
    Verb(
        "flash",
        "wxlink.flash.command",
        "make products of blank ESP32 modules: identities, factory images, writing, testing, release files",
        "wxlink flash boards",
    ),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit status.

    0 done, 1 failed, 2 wrong usage, 130 interrupted, 141 when nobody reads the output any longer.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Chinese stops nothing
    if sys.stdout is None:  # started with >&-
        sys.stdout = _nowhere()
    try:
        status = _run(sys.argv[1:] if argv is None else list(argv))
        sys.stdout.flush()  # here, where an error can be said; Python's own flush comes too late
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stdout = _nowhere()  # `| head` has gone, and what was to come with it
        return 141
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename is not None:
            raise
        sys.stderr.write("wxlink: no space left for the output\n")
        sys.stdout = _nowhere()
        return 1
    return status


def _nowhere() -> TextIO:
    """An output that nobody reads; the old one is closed without a word."""
    nowhere = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    if sys.stdout is not None:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())  # what is left to flush goes there too
    return nowhere


def _run(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="wxlink",
        description="Put a product MCU into WeChat: serial link, module, relay and pages, self-hosted.",
        epilog="`wxlink VERB --help` tells more of each.",
    )
    parser.add_argument("--version", action="version", version=f"wxlink {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb in VERBS:
        sub = verbs.add_parser(
            verb.name, help=verb.summary, description=verb.summary, epilog=f"example: {verb.example}"
        )
        if words and words[0] == verb.name:
            importlib.import_module(verb.module).add_arguments(sub)
    arguments = parser.parse_args(words)
    chosen = next(verb for verb in VERBS if verb.name == arguments.verb)
    status: int = importlib.import_module(chosen.module).run(arguments)
    return status


if __name__ == "__main__":
    sys.exit(main())
