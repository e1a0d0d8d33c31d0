"""The command `wxlink`: one verb a subcommand, each imported when used."""

import argparse
import importlib
import io
import sys
from collections.abc import Sequence
from typing import NamedTuple

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
        "frame",
        "wxlink.frame_tool.command",
        "take captures of the serial link apart, and make frames by name",
        "wxlink frame decode FF FF 00 05 07 01 00 00 0D",
    ),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Chinese stops nothing
    try:
        return _run(sys.argv[1:] if argv is None else list(argv))
    except KeyboardInterrupt:
        return 130


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
