"""`wxlink flash`: from a blank chip to a tested product; one word a step, each imported when used."""

import argparse
import importlib
import sys
from typing import Final, NamedTuple

from wxlink.flash.problem import FlashError


class Step(NamedTuple):
    """A word behind `wxlink flash`: `module` offers add_arguments(parser) and run(arguments) -> status."""

    name: str
    module: str
    summary: str
    example: str


STEPS: Final = (
    Step(
        "boards",
        "wxlink.flash.show_boards",
        "list the boards, their pins and what MicroPython they take",
        "wxlink flash boards esp32-c3-mini-1",
    ),
    Step(
        "identity",
        "wxlink.flash.make_identity",
        "draw a unit's identity, keep it in the ledger and make its label",
        "wxlink flash identity --mac 24:6f:28:aa:bb:cc --product lamp.toml --label unit.svg",
    ),
    Step(
        "image",
        "wxlink.flash.make_image",
        "build the factory image of one unit",
        "wxlink flash image esp32-devkitc --mac 24:6f:28:aa:bb:cc --relay http://192.168.1.10:8080",
    ),
    Step(
        "write",
        "wxlink.flash.write",
        "write factory images to any number of chips at once",
        "wxlink flash write esp32-devkitc --all --product lamp.toml --relay http://192.168.1.10:8080",
    ),
    Step(
        "deploy",
        "wxlink.flash.deploy",
        "bring only the application of a running module up to date",
        "wxlink flash deploy --port /dev/ttyUSB0",
    ),
    Step(
        "test",
        "wxlink.flash.self_test",
        "run the self-test of a written module",
        "wxlink flash test --port /dev/ttyUSB0",
    ),
    Step(
        "bundle",
        "wxlink.flash.make_bundle",
        "make the release file that modules update themselves with",
        "wxlink flash bundle -o dist",
    ),
    Step(
        "units",
        "wxlink.flash.show_units",
        "list the units of the ledger, or export them as CSV",
        "wxlink flash units --export units.csv",
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the steps; the words behind a step are its own affair."""
    steps = parser.add_subparsers(dest="step", metavar="STEP", required=True)
    for step in STEPS:
        # No word begins with NUL: `--help` and the rest are left to the step's own parser.
        sub = steps.add_parser(step.name, help=step.summary, add_help=False, prefix_chars="\0")
        sub.add_argument("words", nargs="*")


def run(arguments: argparse.Namespace) -> int:
    """Run one step. 1 when it cannot be done, with one line that says why and what to do."""
    step = next(step for step in STEPS if step.name == arguments.step)
    parser = argparse.ArgumentParser(
        prog=f"wxlink flash {step.name}", description=step.summary, epilog=f"example: {step.example}"
    )
    try:
        module = importlib.import_module(step.module)
        module.add_arguments(parser)
        status: int = module.run(parser.parse_intermixed_args(arguments.words))
    except FlashError as error:
        sys.stderr.write(f"wxlink flash {step.name}: {error}\n")
        return 1
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("wxlink"):
            raise
        sys.stderr.write(
            f"wxlink flash {step.name}: {error.name} is missing: run pip install 'wxlink[flash]'\n"
        )
        return 1
    return status
