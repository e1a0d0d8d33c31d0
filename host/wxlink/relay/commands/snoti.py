"""`wxlink snoti`: keys for makers' servers that listen to server push, and how full their queues are."""

import argparse
from dataclasses import asdict
from typing import Any, Final

from wxlink.relay.commands import ground, verbs
from wxlink.relay.commands.ground import Refused, moment, say, say_json, table
from wxlink.relay.commands.verbs import Here, SubVerb, argument
from wxlink.relay.store import Backlog

_PRODUCT: Final = argument(
    "--product", "hears of the devices of this product and commands them", metavar="KEY"
)
_ALL: Final = argument(
    "--all-products", "of every product of the maker, in the enterprise dialect", action="store_true"
)
_NOTE: Final = argument("--note", "who has it, for the list", metavar="TEXT", default="")
_AUTH_ID: Final = argument("auth_id", "the key, as `list` shows it", metavar="AUTH_ID")


async def _add(here: Here, arguments: argparse.Namespace) -> None:
    if (arguments.product is None) != arguments.all_products:
        raise Refused("name a product with --product, or give --all-products")
    issued = await here.service.issue_push_key(here.by, arguments.product, arguments.note)
    if arguments.json:
        said = {"auth_id": issued.auth_id, "auth_secret": issued.secret, "product_key": arguments.product}
        say_json(said)
        return
    names = ("enterprise_id", "enterprise_secret") if arguments.all_products else ("auth_id", "auth_secret")
    say(ground.facts(dict(zip(names, issued, strict=True))))
    say("the secret is stored as a fingerprint only: keep it, it is not shown again")


async def _list(here: Here, arguments: argparse.Namespace) -> None:
    keys = await here.service.push_keys(here.by)
    backlogs = await here.service.push_queues(here.by)
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


async def _remove(here: Here, arguments: argparse.Namespace) -> None:
    await here.service.revoke_push_key(here.by, arguments.auth_id)
    say_json({"done": True}) if arguments.json else say(f"{arguments.auth_id} opens nothing any more")


VERBS: Final = (
    SubVerb(
        "add",
        _add,
        "make a key for the servers of a product, or of all products; its secret is shown once",
        "wxlink snoti add --product 0f1e2d3c4b5a69788796a5b4c3d2e1f0 --note 'order system'",
        (_PRODUCT, _ALL, _NOTE),
    ),
    SubVerb("list", _list, "list keys and queues", "wxlink snoti list --json"),
    SubVerb(
        "remove",
        _remove,
        "take a key back; who came in with it is out within a minute",
        "wxlink snoti remove 5f3a9c0d1e2b4a68970b1c2d3e4f5061",
        (_AUTH_ID,),
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of `wxlink snoti`."""
    verbs.add_verbs(parser, "snoti_verb", VERBS)


def run(arguments: argparse.Namespace) -> int:
    """Run one verb: 0 done, 1 when it cannot be done."""
    return verbs.run_verb("snoti", verbs.chosen(VERBS, arguments.snoti_verb), arguments)


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
