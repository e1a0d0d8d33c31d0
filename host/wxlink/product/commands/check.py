"""`wxlink product check`: every mistake of product files, with line, data point and remedy."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from wxlink.product.layout import layout_of
from wxlink.product.problem import ProductFileError
from wxlink.product.product_file import ProductFile
from wxlink.product.reading import read


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `wxlink product check`."""
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="product files, TOML or JSON")
    parser.add_argument("--json", action="store_true", help="print one JSON object a file, each on one line")


def run(arguments: argparse.Namespace) -> int:
    """Check the files; 1 when one has a mistake."""
    failed = False
    for path in arguments.files:
        try:
            facts = _facts(read(path))
            problems: list[dict[str, Any]] = []
        except ProductFileError as error:
            failed = True
            facts = {}
            problems = [problem._asdict() for problem in error.problems]
            if not arguments.json:
                sys.stderr.write(f"{error}\n")
        if arguments.json:
            sys.stdout.write(json.dumps({"file": str(path), **facts, "problems": problems}) + "\n")
        elif facts:
            sys.stdout.write(f"{path}: {_said(facts)}\n")
    return int(failed)


def _facts(file: ProductFile) -> dict[str, Any]:
    layout = layout_of(file.product)
    flags = layout.flag_size if file.product.variable else 0
    return {
        "product_key": file.product.product_key,
        "length": "variable" if file.product.variable else "fixed",
        "points": len(file.points),
        "control_bytes": 1 + layout.control_flag_size + layout.control_size,
        "report_bytes": 1 + flags + layout.status_size,
    }


def _said(facts: dict[str, Any]) -> str:
    most = "at most " if facts["length"] == "variable" else ""
    points = "1 data point" if facts["points"] == 1 else f"{facts['points']} data points"
    return (
        f"good: {points} of {facts['length']} length, a report takes {most}"
        f"{facts['report_bytes']} bytes, a control {most}{facts['control_bytes']}"
    )
