"""`wxlink doors`: lets modules with the vendor's firmware in, product by product."""

import argparse
import sys
from typing import Final

from wxlink.relay.commands import verbs
from wxlink.relay.commands.ground import moment, say, say_json, table
from wxlink.relay.commands.verbs import Here, SubVerb, argument

WARNING: Final = """\
WARNING: what these modules say is not encrypted, their passcodes are sent in clear, and nothing proves that
an update is yours. Whoever is on the way reads and controls them. Keep them in a network of their own."""


async def _list(here: Here, arguments: argparse.Namespace) -> None:
    products = await here.service.store.doors.all()
    if arguments.json:
        say_json([{"product_key": key, "since": since} for key, since in products.items()])
    elif not products:
        say("no product is open to modules with the vendor's firmware")
    else:
        say(table(("product", "open since"), ((key, moment(since)) for key, since in products.items())))


async def _on(here: Here, arguments: argparse.Namespace) -> None:
    new = await here.service.set_door(here.by, arguments.product_key, True)
    sys.stderr.write(f"{WARNING}\n")
    _answer(arguments, arguments.product_key, is_open=True, new=new)


async def _off(here: Here, arguments: argparse.Namespace) -> None:
    new = await here.service.set_door(here.by, arguments.product_key, False)
    _answer(arguments, arguments.product_key, is_open=False, new=new)


def _answer(arguments: argparse.Namespace, key: str, *, is_open: bool, new: bool) -> None:
    if arguments.json:
        say_json({"product_key": key, "open": is_open, "changed": new})
    else:
        state = "open" if is_open else "closed"
        say(f"{key} is {state} to modules with the vendor's firmware" + ("" if new else ", as it was"))


_KEY: Final = argument("product_key", "the product, 32 hex digits", metavar="KEY")
_EXAMPLE: Final = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"

VERBS: Final = (
    SubVerb(
        "list", _list, "list the products that are open to old modules", "wxlink doors list", of_maker=False
    ),
    SubVerb(
        "on", _on, "let a product's old modules in", f"wxlink doors on {_EXAMPLE}", (_KEY,), of_maker=False
    ),
    SubVerb(
        "off",
        _off,
        "keep them out; a running relay cuts those that are connected",
        f"wxlink doors off {_EXAMPLE}",
        (_KEY,),
        of_maker=False,
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of `wxlink doors`."""
    verbs.add_verbs(parser, "doors_verb", VERBS)


def run(arguments: argparse.Namespace) -> int:
    """Run one verb: 0 done, 1 when it cannot be done."""
    return verbs.run_verb("doors", verbs.chosen(VERBS, arguments.doors_verb), arguments)
