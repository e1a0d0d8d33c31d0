"""`wxlink flash identity`: who a unit is, and its label."""

import argparse
import json
import sys
from pathlib import Path

from wxlink.flash import label, ledger
from wxlink.flash.enrolment import register
from wxlink.flash.identity import Identity
from wxlink.flash.product_key import product_key


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `wxlink flash identity`."""
    parser.add_argument("--mac", required=True, metavar="MAC", help="the chip's; `esptool read-mac` tells it")
    parser.add_argument(
        "--product", required=True, metavar="FILE|KEY", help="product file, or its key of 32 hex digits"
    )
    parser.add_argument(
        "--relay", metavar="URL", help="register the unit there, so that its did is known before it is sold"
    )
    parser.add_argument(
        "--ca", type=Path, metavar="FILE", help="certificate that an https relay is checked by, PEM"
    )
    parser.add_argument(
        "--label", type=Path, metavar="FILE", help="write the label to FILE: .svg, .png or .txt"
    )
    parser.add_argument("--json", action="store_true", help="print the unit as one line of JSON")
    ledger.add_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Make the unit, or take it from the ledger, and print its label, or write it where --label says."""
    book = ledger.Ledger(arguments.ledger)
    unit = book.make(arguments.mac, product_key(arguments.product))
    if arguments.relay and unit.did is None:
        book.registered(unit.mac, register(arguments.relay, unit, arguments.ca))
        again = book.unit(unit.mac)
        unit = again.identity if again else unit
    if arguments.label:
        label.write(unit, arguments.label)
    if arguments.json:
        sys.stdout.write(json.dumps(_told(unit)) + "\n")
    elif arguments.label:
        sys.stdout.write(f"unit {unit.mac}, {unit.ssid}, did {unit.did or 'none yet'}: {arguments.label}\n")
    else:
        sys.stdout.write(label.text(unit))
    return 0


def _told(unit: Identity) -> dict[str, str | None]:
    return {
        "mac": unit.mac,
        "product_key": unit.product_key,
        "did": unit.did,
        "ssid": unit.ssid,
        "ap_password": unit.ap_password,
        "passcode": unit.passcode,
    }
