"""`wxlink flash image`: one unit's factory image as a file."""

import argparse
import json
import sys
from pathlib import Path

from wxlink.flash import ledger, recipe
from wxlink.flash.identity import parse_mac
from wxlink.flash.label import write_private
from wxlink.flash.problem import FlashError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `wxlink flash image`."""
    recipe.add_options(parser)
    ledger.add_option(parser)
    parser.add_argument(
        "--mac", required=True, metavar="MAC", help="the unit, as `wxlink flash identity` made it"
    )
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="default: BOARD-MAC.bin")
    parser.add_argument("--json", action="store_true", help="print what the file holds as one line of JSON")


def run(arguments: argparse.Namespace) -> int:
    """Build the image and write it with mode 0600: it holds the unit's secrets."""
    unit = ledger.Ledger(arguments.ledger).unit(parse_mac(arguments.mac))
    if unit is None:
        raise FlashError(
            f"unit {arguments.mac} is not in {arguments.ledger}: run `wxlink flash identity` first"
        )
    chosen = recipe.of(arguments)
    made = chosen.image(unit.identity)
    out = arguments.out or Path(f"{chosen.board.name}-{unit.identity.mac}.bin")
    write_private(out, made.merged)
    if arguments.json:
        told = {
            "file": str(out),
            "board": chosen.board.name,
            "mac": unit.identity.mac,
            "version": chosen.application.version,
            "size": made.flash_size,
            "parts": [{"offset": at, "size": len(data), "name": name} for at, data, name in made.parts],
        }
        sys.stdout.write(json.dumps(told) + "\n")
        return 0
    for at, data, name in made.parts:
        sys.stdout.write(f"{at:#08x}  {len(data):8}  {name}\n")
    sys.stdout.write(
        f"{out}: {made.flash_size} bytes for offset 0, application {chosen.application.version}\n"
    )
    return 0
