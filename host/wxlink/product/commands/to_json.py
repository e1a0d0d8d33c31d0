"""`wxlink product export`: wxlink's TOML as Gizwits' JSON."""

import argparse
import json
from pathlib import Path

from wxlink.product.commands.output import NoOutput, add_output, complain, write
from wxlink.product.reading import read
from wxproto.product import ProductError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `wxlink product export`."""
    parser.add_argument("file", type=Path, metavar="TOML", help="product file of wxlink")
    add_output(parser, ".json")


def run(arguments: argparse.Namespace) -> int:
    """Convert one file; 1 when it cannot be read or written."""
    try:
        text = json.dumps(read(arguments.file).definition, ensure_ascii=False, indent=2) + "\n"
        write(arguments.out, text, force=arguments.force)
    except (ProductError, NoOutput) as error:
        return complain("export", error)
    return 0
