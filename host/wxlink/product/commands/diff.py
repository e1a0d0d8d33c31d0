"""`wxlink product diff`: the gate before a release, for people and for CI."""

import argparse
import json
import sys
from pathlib import Path

from wxlink.product.commands.output import complain
from wxlink.product.diff import Change, changes, level_of
from wxlink.product.reading import read
from wxproto.product import ProductError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `wxlink product diff`."""
    parser.add_argument("old", type=Path, metavar="OLD", help="product file of boards and apps in the field")
    parser.add_argument("new", type=Path, metavar="NEW", help="product file that is to replace it")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Compare two files: 0 safe, 3 needs an MCU update, 4 breaks apps, 1 when a file cannot be used."""
    try:
        found = changes(read(arguments.old), read(arguments.new))
    except ProductError as error:
        return complain("diff", error)
    level = level_of(found)
    if arguments.json:
        rows = [{**change._asdict(), "level": change.level.words} for change in found]
        sys.stdout.write(json.dumps({"level": level.words, "changes": rows}, ensure_ascii=False) + "\n")
    else:
        sys.stdout.writelines(f"{_line(change)}\n" for change in found)
        sys.stdout.write(f"{level.words}\n" if found else "no difference\n")
    return int(level)


def _line(change: Change) -> str:
    point = f"{change.point}: " if change.point else ""
    return f"{change.level.words:<16}  {point}{change.text} ({change.reason})"
