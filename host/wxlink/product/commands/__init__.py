"""`wxlink product`: writes, checks, compares and converts product files; one module a verb."""

import argparse
import importlib
from typing import Any, NamedTuple


class Verb(NamedTuple):
    """A verb: `module` offers add_arguments(parser) and run(arguments) -> exit status."""

    name: str
    module: str
    summary: str
    example: str


VERBS = (
    Verb("new", "new", "write a product file to begin with", "wxlink product new lamp.toml --en Lamp"),
    Verb("check", "check", "find every mistake in product files", "wxlink product check lamp.toml"),
    Verb(
        "diff",
        "diff",
        "say what a change means to boards and apps in the field: exit status 0 safe, 3 needs an MCU update,"
        " 4 breaks apps",
        "wxlink product diff released.toml lamp.toml",
    ),
    Verb(
        "import",
        "to_toml",
        "turn Gizwits' published JSON into wxlink's TOML, without loss",
        "wxlink product import gokit.json --out gokit.toml",
    ),
    Verb(
        "export",
        "to_json",
        "turn wxlink's TOML into Gizwits' JSON, without loss",
        "wxlink product export lamp.toml --out lamp.json",
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of `wxlink product`."""
    verbs = parser.add_subparsers(dest="product_verb", metavar="VERB", required=True)
    for verb in VERBS:
        sub = verbs.add_parser(
            verb.name, help=verb.summary, description=verb.summary, epilog=f"example: {verb.example}"
        )
        _module(verb).add_arguments(sub)


def run(arguments: argparse.Namespace) -> int:
    """Run one verb: 0 done, 1 when a file cannot be used, and what the verb itself says."""
    chosen = next(verb for verb in VERBS if verb.name == arguments.product_verb)
    status: int = _module(chosen).run(arguments)
    return status


def _module(verb: Verb) -> Any:
    return importlib.import_module(f"{__name__}.{verb.module}")
