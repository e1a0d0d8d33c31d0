"""`wxlink product import`: Gizwits' published JSON as wxlink's TOML."""

import argparse
from pathlib import Path

from wxlink.product.commands.output import NoOutput, add_output, complain, write
from wxlink.product.reading import read
from wxlink.product.toml_writer import toml_of
from wxproto.product import ProductError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `wxlink product import`."""
    parser.add_argument("file", type=Path, metavar="JSON", help="product file as Gizwits publishes it")
    add_output(parser, ".toml")


def run(arguments: argparse.Namespace) -> int:
    """Convert one file; 1 when it cannot be read or written."""
    try:
        write(arguments.out, toml_of(read(arguments.file).spec), force=arguments.force)
    except (ProductError, NoOutput) as error:
        return complain("import", error)
    return 0
