"""`wxlink doors`: lets modules with the vendor's firmware in, product by product."""

import argparse
import sys
import time
from typing import Final

from wxlink.relay.commands import ground
from wxlink.relay.commands.ground import Ground, Refused, moment, say, say_json, table

WARNING: Final = """\
WARNING: what these modules say is not encrypted, their passcodes are sent in clear, and nothing proves that
an update is yours. Whoever is on the way reads and controls them. Keep them in a network of their own."""

_EXAMPLES: Final = {
    "list": ("list the products that are open to old modules", "wxlink doors list --json"),
    "on": ("let a product's old modules in", "wxlink doors on 0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
    "off": (
        "keep them out; a running relay cuts those that are connected",
        "wxlink doors off 0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of `wxlink doors`."""
    verbs = parser.add_subparsers(dest="doors_verb", metavar="VERB", required=True)
    for name, (summary, example) in _EXAMPLES.items():
        sub = verbs.add_parser(name, help=summary, description=summary, epilog=f"example: {example}")
        if name != "list":
            sub.add_argument("product_key", metavar="KEY", help="the product, 32 hex digits")
        ground.add_common_arguments(sub)


def run(arguments: argparse.Namespace) -> int:
    """Run one verb: 0 done, 1 when it cannot be done."""
    verbs: dict[str, ground.Verb] = {"list": _list, "on": _on, "off": _off}
    return ground.run(f"doors {arguments.doors_verb}", verbs[arguments.doors_verb], arguments)


async def _list(here: Ground, arguments: argparse.Namespace) -> None:
    products = await here.store.doors.all()
    if arguments.json:
        say_json([{"product_key": key, "since": since} for key, since in products.items()])
    elif not products:
        say("no product is open to modules with the vendor's firmware")
    else:
        say(table(("product", "open since"), ((key, moment(since)) for key, since in products.items())))


async def _on(here: Ground, arguments: argparse.Namespace) -> None:
    key = await _known(here, arguments.product_key)
    new = await here.store.doors.open(key, time.time())
    sys.stderr.write(f"{WARNING}\n")
    _answer(arguments, key, is_open=True, new=new)


async def _off(here: Ground, arguments: argparse.Namespace) -> None:
    key = await _known(here, arguments.product_key)
    _answer(arguments, key, is_open=False, new=await here.store.doors.close(key))


def _answer(arguments: argparse.Namespace, key: str, *, is_open: bool, new: bool) -> None:
    if arguments.json:
        say_json({"product_key": key, "open": is_open, "changed": new})
    else:
        state = "open" if is_open else "closed"
        say(f"{key} is {state} to modules with the vendor's firmware" + ("" if new else ", as it was"))


async def _known(here: Ground, product_key: str) -> str:
    if await here.store.products.get(product_key) is None:
        raise Refused(f"this relay has no product {product_key}; is it 32 lower-case hex digits?")
    return product_key
