"""`wxlink product new`: a commented product file to begin with, under a product key of its own."""

import argparse
import json
import secrets
import shlex
import sys
from pathlib import Path
from string import Template

from wxlink.assets import asset
from wxlink.product.commands.output import NoOutput, add_force, complain, ending, write
from wxlink.product.spec import LENGTHS
from wxlink.product.toml_reader import spec_of_toml
from wxlink.product.toml_writer import SCHEMA, quoted

TEMPLATE = "protocol/templates/product.toml.in"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `wxlink product new`."""
    parser.add_argument("file", type=ending(".toml"), metavar="FILE", help="file to write, ending in .toml")
    parser.add_argument("--zh", metavar="TEXT", help="the product's Chinese name (default: the file's name)")
    parser.add_argument("--en", metavar="TEXT", help="the product's English name (default: the file's name)")
    parser.add_argument(
        "--length",
        choices=LENGTHS,
        default=LENGTHS[0],
        help="whether a frame carries all data points or only those it needs (default %(default)s)",
    )
    add_force(parser)
    parser.add_argument("--json", action="store_true", help="print file and product key as one line of JSON")


def run(arguments: argparse.Namespace) -> int:
    """Write the file, and beside it the schema for editors; 1 when one cannot be written."""
    path: Path = arguments.file
    key = secrets.token_hex(16)
    try:
        write(path, _text(arguments, key), force=arguments.force)
        schema = path.with_name(SCHEMA)
        write(schema, asset(f"protocol/products/{SCHEMA}").read_text("utf-8"), force=True)
    except NoOutput as error:
        return complain("new", error)
    if arguments.json:
        sys.stdout.write(json.dumps({"file": str(path), "schema": str(schema), "product_key": key}) + "\n")
    else:
        check = shlex.join(["wxlink", "product", "check", str(path)])
        sys.stdout.write(f"{path}: product key {key}; edit it, then: {check}\n")
    return 0


def _text(arguments: argparse.Namespace, key: str) -> str:
    """The text of the file, which can be read back. NoOutput when a name is none."""
    text = Template(asset(TEMPLATE).read_text("utf-8")).substitute(
        schema=SCHEMA,
        key=key,
        zh=quoted(arguments.zh or arguments.en or arguments.file.stem),
        en=quoted(arguments.en or arguments.file.stem),
        length=arguments.length,
    )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NoOutput("the product's name is no UTF-8 text: give another --zh and --en") from None
    _, problems = spec_of_toml(text)
    if problems:
        raise NoOutput(f"the product's name, {problems[0].text}: {problems[0].remedy}")
    return text
