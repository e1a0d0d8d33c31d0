"""`wxlink snoti`: keys for makers' servers that listen to server push, and how full their queues are."""

import argparse
import time
from dataclasses import asdict
from typing import Any, Final

from wxlink.relay.commands import ground
from wxlink.relay.commands.ground import Ground, Refused, moment, say, say_json, table
from wxlink.relay.ids import fingerprint, new_key, new_secret
from wxlink.relay.store import Backlog, SnotiKey

_EXAMPLES: Final = {
    "add": (
        "make a key for the servers of a product, or of all products; its secret is shown once",
        "wxlink snoti add --product 0f1e2d3c4b5a69788796a5b4c3d2e1f0 --note 'order system'",
    ),
    "list": ("list keys and queues", "wxlink snoti list --json"),
    "remove": (
        "take a key back; who came in with it is out within a minute",
        "wxlink snoti remove 5f3a9c0d1e2b4a68970b1c2d3e4f5061",
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of `wxlink snoti`."""
    verbs = parser.add_subparsers(dest="snoti_verb", metavar="VERB", required=True)
    for name, (summary, example) in _EXAMPLES.items():
        sub = verbs.add_parser(name, help=summary, description=summary, epilog=f"example: {example}")
        if name == "add":
            which = sub.add_mutually_exclusive_group(required=True)
            which.add_argument("--product", metavar="KEY", help="hears of its devices and commands them")
            which.add_argument(
                "--all-products", action="store_true", help="of every product, in the enterprise dialect"
            )
            sub.add_argument("--note", default="", help="who has it, for the list")
        elif name == "remove":
            sub.add_argument("auth_id", metavar="AUTH_ID", help="the key, as `list` shows it")
        ground.add_common_arguments(sub)


def run(arguments: argparse.Namespace) -> int:
    """Run one verb: 0 done, 1 when it cannot be done."""
    verbs: dict[str, ground.Verb] = {"add": _add, "list": _list, "remove": _remove}
    return ground.run(f"snoti {arguments.snoti_verb}", verbs[arguments.snoti_verb], arguments)


async def _add(here: Ground, arguments: argparse.Namespace) -> None:
    if arguments.product is not None and await here.store.products.get(arguments.product) is None:
        raise Refused(f"there is no product {arguments.product}")
    auth_id, secret = new_key(), new_secret()
    key = SnotiKey(auth_id, arguments.product, arguments.note, time.time())
    await here.store.snoti_keys.add(key, fingerprint(secret))
    if arguments.json:
        say_json({"auth_id": auth_id, "auth_secret": secret, "product_key": arguments.product})
        return
    names = ("enterprise_id", "enterprise_secret") if arguments.all_products else ("auth_id", "auth_secret")
    say(ground.facts(dict(zip(names, (auth_id, secret), strict=True))))
    say("the secret is stored as a fingerprint only: keep it, it is not shown again")


async def _list(here: Ground, arguments: argparse.Namespace) -> None:
    keys, backlogs = await here.store.snoti_keys.all(), await here.store.snoti_queues.backlogs()
    if arguments.json:
        say_json({"keys": [asdict(one) for one in keys], "queues": [_entry(one) for one in backlogs]})
        return
    if not keys:
        say("there is no key yet; `wxlink snoti add` makes one")
    else:
        rows = ((one.auth_id, one.product_key or "all", moment(one.created_at), one.note) for one in keys)
        say(table(("auth_id", "product", "since", "note"), rows))
    if backlogs:
        titles = ("product", "subkey", "waiting", "dropped", "last visit", "events")
        say("\n" + table(titles, (_row(one) for one in backlogs)))


async def _remove(here: Ground, arguments: argparse.Namespace) -> None:
    if not await here.store.snoti_keys.remove(arguments.auth_id):
        raise Refused(f"there is no key {arguments.auth_id}; `wxlink snoti list` shows all")
    if arguments.json:
        say_json({"removed": arguments.auth_id})
    else:
        say(f"{arguments.auth_id} opens nothing any more")


def _row(one: Backlog) -> tuple[object, ...]:
    queue = one.queue
    events = "all" if not queue.product_key else " ".join(sorted(queue.events))
    return (queue.product_key or "all", queue.subkey, one.waiting, one.dropped, moment(one.seen_at), events)


def _entry(one: Backlog) -> dict[str, Any]:
    return {
        "product_key": one.queue.product_key or None,
        "subkey": one.queue.subkey,
        "events": sorted(one.queue.events),
        "waiting": one.waiting,
        "dropped": one.dropped,
        "seen_at": one.seen_at,
    }
