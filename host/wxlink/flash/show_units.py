"""`wxlink flash units`: what the ledger holds."""

import argparse
import csv
import io
import json
import sys
import time
from pathlib import Path
from typing import Final

from wxlink.flash import ledger
from wxlink.flash.label import write_private
from wxlink.flash.ledger import Unit
from wxlink.flash.problem import FlashError

_PUBLIC: Final = ("mac", "product_key", "did", "ssid", "state", "board", "version", "made_at")
_SECRET: Final = ("passcode", "ap_password", "update_key")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `wxlink flash units`."""
    parser.add_argument("--mac", metavar="MAC", help="this unit only, with what happened to it")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--export", type=Path, metavar="FILE", help="write all units as CSV")
    parser.add_argument(
        "--secrets", action="store_true", help="with --export: passcodes, passwords and update keys as well"
    )
    ledger.add_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the units, or write them as CSV. Secrets only go to a file, with mode 0600."""
    if arguments.secrets and not arguments.export:
        raise FlashError("--secrets only goes with --export FILE: secrets are not shown on a screen")
    book = ledger.Ledger(arguments.ledger)
    units = book.units()
    if arguments.mac:
        unit = book.unit(arguments.mac)
        if unit is None:
            raise FlashError(
                f"unit {arguments.mac} is not in {arguments.ledger}: `wxlink flash units` lists all"
            )
        units = [unit]
    if arguments.export:
        fields = (*_PUBLIC, *_SECRET) if arguments.secrets else _PUBLIC
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, fields, extrasaction="ignore")
        table.writeheader()
        table.writerows({**_shown(unit), **_hidden(unit)} for unit in units)
        write_private(arguments.export, text.getvalue().encode())
        sys.stdout.write(f"{arguments.export}: {len(units)} units\n")
        return 0
    if arguments.json:
        told = [_shown(unit) for unit in units]
        if arguments.mac:
            told[0]["history"] = [
                {"at": one.at, "event": one.event, "detail": one.detail}
                for one in book.history(arguments.mac)
            ]
        sys.stdout.write(json.dumps(told) + "\n")
        return 0
    for unit in units:
        shown = _shown(unit)
        sys.stdout.write("  ".join(str(shown[name] or "-") for name in _PUBLIC[:-1]) + "\n")
    for one in book.history(arguments.mac) if arguments.mac else ():
        sys.stdout.write(
            f"    {time.strftime('%Y-%m-%d %H:%M:%SZ', time.gmtime(one.at))}  {one.event}  {one.detail}\n"
        )
    return 0


def _shown(unit: Unit) -> dict[str, object]:
    who = unit.identity
    return {
        "mac": who.mac,
        "product_key": who.product_key,
        "did": who.did,
        "ssid": who.ssid,
        "state": unit.state,
        "board": unit.board,
        "version": unit.version,
        "made_at": unit.made_at,
    }


def _hidden(unit: Unit) -> dict[str, object]:
    who = unit.identity
    return {"passcode": who.passcode, "ap_password": who.ap_password, "update_key": who.update_key.hex()}
