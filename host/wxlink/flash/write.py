"""`wxlink flash write`: factory images into any number of chips at once."""

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from wxlink.flash import boards, recipe
from wxlink.flash import ledger as ledger_file
from wxlink.flash.boards import Board
from wxlink.flash.esp import Facts, plan
from wxlink.flash.ledger import Ledger
from wxlink.flash.ports import chosen
from wxlink.flash.problem import FlashError
from wxlink.flash.product_key import product_key
from wxlink.flash.progress import Display, out_for
from wxlink.flash.recipe import Recipe
from wxlink.flash.station import BAUD, TRIES, Held, Hold, Settings, write_units
from wxlink.flash.trouble import Trouble

MAX_BAUD: Final = 5_000_000  # the UART's own limit
MAX_TRIES: Final = 10
BEFORE: Final = ("default-reset", "usb-reset", "no-reset")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `wxlink flash write`."""
    recipe.add_options(parser)
    ledger_file.add_option(parser)
    parser.add_argument(
        "image",
        type=Path,
        nargs="?",
        metavar="IMAGE",
        help="a finished image, in place of one that is built for each unit",
    )
    parser.add_argument(
        "--product", metavar="FILE|KEY", help="product of units that are not in the ledger yet"
    )
    parser.add_argument(
        "--port", action="append", default=[], help="a serial port; give it once for each board"
    )
    parser.add_argument("--all", action="store_true", help="every USB serial port")
    parser.add_argument(
        "--baud", type=_baud, default=BAUD, help="speed of the first try; later ones are slower (%(default)s)"
    )
    parser.add_argument(
        "--tries", type=_tries, default=TRIES, help="how often a unit is begun (default %(default)s)"
    )
    parser.add_argument("--no-stub", action="store_true", help="write by the chip's own loader only, slower")
    parser.add_argument(
        "--before", choices=BEFORE, default=BEFORE[0], help="the way into the loader (default %(default)s)"
    )
    parser.add_argument("--again", action="store_true", help="write a unit that was written before")
    parser.add_argument("--json", action="store_true", help="print one line of JSON a unit, on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Write the units; 0 when all are written, 1 when one is not, 130 when interrupted. Raises FlashError."""
    ports = chosen(arguments.port, every=arguments.all)
    ledger = Ledger(arguments.ledger)
    if arguments.image:
        hold = _one_image(boards.load(arguments.board), arguments.image, ledger, again=arguments.again)
    else:
        product = product_key(arguments.product) if arguments.product else None
        hold = _built(recipe.of(arguments), product, ledger, again=arguments.again)
    by_hand = boards.load(arguments.board).reset.do["en"].rstrip(".")
    settings = Settings(
        arguments.baud, arguments.tries, not arguments.no_stub, arguments.before, by_hand=by_hand
    )
    with Display(ports, out_for(arguments.json)) as display:
        outcomes, interrupted = write_units(ports, hold, settings, display)
    if arguments.json:
        for outcome in outcomes:
            sys.stdout.write(json.dumps(outcome.record()) + "\n")
    failed = sum(not outcome.ok for outcome in outcomes)
    if failed and len(outcomes) > 1:
        sys.stderr.write(f"{failed} of {len(outcomes)} units are not written\n")
    return 130 if interrupted else int(bool(failed))


def _built(chosen_recipe: Recipe, product: str | None, ledger: Ledger, *, again: bool) -> Hold:
    """An image for each chip, with the identity that the ledger has for its address, or draws."""

    @contextlib.contextmanager
    def hold(facts: Facts) -> Iterator[Held]:
        check_fits(chosen_recipe.board, facts, chosen_recipe.board.flash_size)
        if product is not None:
            ledger.make(facts.mac, product)
        elif ledger.unit(facts.mac) is None:
            raise Trouble(
                "check the ledger",
                f"unit {facts.mac} is not in {ledger.path}",
                "give its --product, and the unit is made",
            )
        version = chosen_recipe.application.version
        with ledger.writing(facts.mac, chosen_recipe.board.name, version, again=again) as identity:
            made = chosen_recipe.image(identity)
            pieces = plan(made.parts, made.flash_size)
            yield Held(pieces, resume=begun_before(ledger, facts.mac))

    return hold


def _one_image(board: Board, path: Path, ledger: Ledger, *, again: bool) -> Hold:
    """The same file for whatever chip comes; one that holds an identity goes into that unit only."""
    try:
        image = path.read_bytes()
    except OSError as error:
        raise FlashError(
            f"{path}: {error.strerror}: name the image that `wxlink flash image` made"
        ) from error
    if not image.strip(b"\xff"):
        raise FlashError(f"{path} is empty: name the image that `wxlink flash image` made")
    pieces = plan([(0, image, path.name)], len(image))
    owners = [unit.identity.mac for unit in ledger.units() if unit.identity.update_key in image]

    @contextlib.contextmanager
    def hold(facts: Facts) -> Iterator[Held]:
        check_fits(board, facts, len(image))
        if not owners:
            _refuse_foreign(board, image, ledger)
            yield Held(pieces, resume=False)
            return
        if owners != [facts.mac]:
            raise Trouble(
                "check the image",
                f"the image is that of unit {', '.join(owners)} and this chip is {facts.mac}",
                f"build its own with `wxlink flash image {board.name} --mac {facts.mac}`",
            )
        with ledger.writing(facts.mac, board.name, path.name, again=again):
            yield Held(pieces, resume=begun_before(ledger, facts.mac))

    return hold


def _refuse_foreign(board: Board, image: bytes, ledger: Ledger) -> None:
    """An identity that no ledger of ours knows may be in another chip already."""
    if b"update_key\0" in image[board.nvs.offset : board.nvs.end]:
        raise Trouble(
            "check the image",
            f"the image holds an identity that {ledger.path} does not know",
            "name the ledger it was made with by --ledger",
        )


def check_fits(board: Board, facts: Facts, size: int) -> None:
    """Raise Trouble when the chip is not the board's, or its flash is too small for `size` bytes."""
    if facts.chip != board.chip:
        raise Trouble(
            "check the chip",
            f"this is an {facts.chip}, and {board.name} has an {board.chip}",
            "name the board that this is, or take the right one",
        )
    if facts.flash_size is not None and facts.flash_size < size:
        raise Trouble(
            "check the flash",
            f"the flash has {facts.flash_size >> 20} MB, and the image needs {-(-size >> 20)} MB",
            "name the board that this is, or take a module with more",
        )


def begun_before(ledger: Ledger, mac: str) -> bool:
    """True when this unit was begun before the writing that is under way now."""
    return sum(event.event == "writing" for event in ledger.history(mac)) > 1


def _baud(text: str) -> int:
    if not text.isdecimal() or not 9600 <= int(text) <= MAX_BAUD:
        raise argparse.ArgumentTypeError(f"the speed is a number of baud from 9600 to {MAX_BAUD}")
    return int(text)


def _tries(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_TRIES:
        raise argparse.ArgumentTypeError(f"a unit is tried 1 to {MAX_TRIES} times")
    return int(text)
