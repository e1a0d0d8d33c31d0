"""`wxlink codegen`: writes the C files of a product."""

import argparse
import json
import sys
from pathlib import Path

from wxlink.codegen.product_c import write
from wxproto.product import ProductError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `wxlink codegen`."""
    parser.add_argument("product", type=Path, help="product file (JSON, see protocol/products)")
    parser.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="folder to write to")
    parser.add_argument("--json", action="store_true", help="print the paths as one line of JSON")


def run(arguments: argparse.Namespace) -> int:
    """Write the files and print their paths; 1 when the product file or the folder cannot be used."""
    try:
        paths = write(arguments.product, arguments.out)
    except ProductError as error:
        sys.stderr.write(f"wxlink codegen: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"wxlink codegen: {error.filename}: {error.strerror}\n")
        return 1
    lines = [str(path) for path in paths]
    sys.stdout.write(json.dumps({"files": lines}) + "\n" if arguments.json else "\n".join(lines) + "\n")
    return 0
