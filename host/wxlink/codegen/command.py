"""`wxlink codegen`: writes the C files of a product, or checks those that are there."""

import argparse
import json
import sys
from pathlib import Path

from wxlink.codegen.product_c import differing, write
from wxproto.product import ProductError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `wxlink codegen`."""
    parser.add_argument(
        "product", type=Path, metavar="PRODUCT", help="product file (JSON, see protocol/products)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path(), metavar="DIR", help="folder of the C files (default: this folder)"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; print the files that are missing or out of date, and fail if there are any",
    )
    parser.add_argument("--json", action="store_true", help="print the paths as one line of JSON")


def run(arguments: argparse.Namespace) -> int:
    """Write or check the files and print their paths.

    1 when the product file or the folder cannot be used, or when a checked file differs.
    """
    product, out = arguments.product, arguments.out
    try:
        paths = differing(product, out) if arguments.check else write(product, out)
    except ProductError as error:
        sys.stderr.write(f"wxlink codegen: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"wxlink codegen: {error.filename}: {error.strerror}\n")
        return 1
    lines = [str(path) for path in paths]
    if arguments.json:
        sys.stdout.write(json.dumps({"differing" if arguments.check else "files": lines}) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines)
    if arguments.check and lines:
        sys.stderr.write("wxlink codegen: out of date; the same command without --check writes them\n")
        return 1
    return 0
