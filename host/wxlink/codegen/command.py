"""`wxlink codegen`: writes what a product file is turned into, or checks what is there."""

import argparse
import json
import sys
from pathlib import Path

from wxlink.codegen.targets import DEFAULT, TARGETS
from wxlink.codegen.tree import Tree
from wxlink.product import read
from wxproto.product import ProductError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `wxlink codegen`."""
    parser.add_argument("product", type=Path, metavar="PRODUCT", help="product file (see protocol/products)")
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        default=Path(),
        metavar="DIR",
        help="folder of the files (default: this folder)",
    )
    summaries = "; ".join(f"{target.name}: {target.summary}" for target in TARGETS.values())
    parser.add_argument(
        "--for",
        dest="targets",
        action="append",
        choices=TARGETS,
        metavar="TARGET",
        help=f"what to write, more than once if wanted (default: {DEFAULT}). {summaries}",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; print the files that are missing, out of date or generated no more, and fail if "
        "there are any",
    )
    parser.add_argument("--json", action="store_true", help="print the paths as one line of JSON")


def run(arguments: argparse.Namespace) -> int:
    """Write or check the files and print their paths.

    1 when the product file or the folder cannot be used, or when a checked file differs.
    """
    try:
        names = dict.fromkeys(arguments.targets or [DEFAULT])
        tree = Tree(read(arguments.product), names, arguments.out)
        if not arguments.check:
            tree.write()
        stale = tree.stale()
        paths = [*tree.differing(), *stale] if arguments.check else tree.paths
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
    if arguments.check and len(lines) > len(stale):
        sys.stderr.write("wxlink codegen: out of date; the same command without --check writes them\n")
    for path in stale:
        sys.stderr.write(f"wxlink codegen: {path} is generated no more: delete it\n")
    return 1 if arguments.check and lines else 0
