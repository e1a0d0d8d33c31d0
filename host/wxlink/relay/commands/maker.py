"""`wxlink maker`: the tenants of a relay, their members, products and quotas."""

import argparse
from pathlib import Path
from typing import Any, Final

from wxlink.product import ProductFileError, read
from wxlink.relay.commands import ground, verbs
from wxlink.relay.commands.ground import Refused, moment, say, say_json, table
from wxlink.relay.commands.verbs import Here, SubVerb, argument
from wxlink.relay.service import ROLES
from wxlink.relay.settings import DAY_S
from wxlink.relay.store import QUOTAS, Maker, MakerMember, Product

USAGE_DAYS: Final = 31
_NAME: Final = argument("name", "the maker", metavar="NAME")
_MEMBER: Final = argument("member", "the name that the member logs in with", metavar="MEMBER")
_ROLE: Final = argument("--role", "what the member may do", choices=list(ROLES), default="admin")
_KEY: Final = argument("product_key", "the product, as `product list` shows it", metavar="KEY")
_FILE: Final = argument("file", "a product file, TOML or Gizwits' JSON", metavar="FILE", type=Path)
_OVERLAP: Final = argument(
    "--overlap",
    "how long the former secret is still accepted: 12h, 7d (default), 0",
    metavar="TIME",
    type=verbs.seconds,
    default=7.0 * DAY_S,
)


async def _add(here: Here, arguments: argparse.Namespace) -> None:
    password = verbs.new_password(arguments.owner)
    maker = await here.service.add_maker(here.by, arguments.name, arguments.owner, password)
    if arguments.json:
        say_json(_entry(maker))
    else:
        say(f"maker {maker.name} has the owner {arguments.owner}")
        say(f"next: wxlink maker product add FILE --maker {maker.name}")


async def _list(here: Here, arguments: argparse.Namespace) -> None:
    makers = await here.service.makers(here.by)
    if arguments.json:
        say_json([_entry(one) for one in makers])
        return
    rows = ((one.name, "disabled" if one.disabled else "", _quotas(one.quotas)) for one in makers)
    say(table(("name", "", "quotas"), rows))


async def _show(here: Here, arguments: argparse.Namespace) -> None:
    maker = await here.service.maker_named(arguments.name)
    used = await here.service.usage(here.by, maker.id, USAGE_DAYS)
    if arguments.json:
        say_json({**_entry(maker), "usage": [one._asdict() for one in used]})
        return
    pairs: dict[str, object] = {"name": maker.name, "disabled": "yes" if maker.disabled else "no"}
    pairs |= {f"quota of {name}": f"{most} {QUOTAS[name]}" for name, most in maker.quotas.items()}
    for one in used:
        pairs[moment(one.day * DAY_S)[:10]] = f"{one.messages} messages, {one.refused} refused"
    say(ground.facts(pairs))


async def _disable(here: Here, arguments: argparse.Namespace) -> None:
    maker = await here.service.maker_named(arguments.name)
    await here.service.disable_maker(here.by, maker.id, arguments.maker_verb == "disable")
    _done(arguments, f"{maker.name}: {arguments.maker_verb}d")


async def _quota(here: Here, arguments: argparse.Namespace) -> None:
    maker = await here.service.maker_named(arguments.name)
    quotas = await here.service.set_quotas(here.by, maker.id, dict(arguments.quotas))
    if arguments.json:
        say_json(quotas)
    else:
        say(_quotas(quotas) or "no quota")


def _quota_word(text: str) -> tuple[str, int | None]:
    name, _, most = text.partition("=")
    if name not in QUOTAS or not (most == "none" or (most.isascii() and most.isdecimal())):
        raise argparse.ArgumentTypeError(f"write NAME=NUMBER or NAME=none; names are {', '.join(QUOTAS)}")
    return name, None if most == "none" else int(most[:18])


async def _members(here: Here, arguments: argparse.Namespace) -> None:
    members = await here.service.members(here.by)
    if arguments.json:
        say_json([_member_entry(one) for one in members])
    else:
        say(
            table(
                ("name", "role", "since"), ((one.name, one.role, moment(one.created_at)) for one in members)
            )
        )


async def _add_member(here: Here, arguments: argparse.Namespace) -> None:
    password = verbs.new_password(arguments.member)
    member = await here.service.add_member(here.by, arguments.member, arguments.role, password)
    if arguments.json:
        say_json(_member_entry(member))
    else:
        say(f"{member.name} is {member.role}")


async def _role(here: Here, arguments: argparse.Namespace) -> None:
    await here.service.set_role(here.by, arguments.member, arguments.role)
    _done(arguments, f"{arguments.member} is {arguments.role}")


async def _password(here: Here, arguments: argparse.Namespace) -> None:
    password = verbs.new_password(arguments.member)
    await here.service.set_password(here.by, arguments.member, password)
    _done(arguments, f"{arguments.member} has a new password; sessions have ended")


async def _remove_member(here: Here, arguments: argparse.Namespace) -> None:
    await here.service.remove_member(here.by, arguments.member)
    _done(arguments, f"{arguments.member} is removed")


async def _products(here: Here, arguments: argparse.Namespace) -> None:
    products = await here.service.products(here.by)
    if arguments.json:
        say_json([_product_entry(one) for one in products])
    elif not products:
        say("there is no product yet; `wxlink maker product add FILE` adds one")
    else:
        rows = ((one.product_key, one.name, "sandbox" if one.sandbox else "") for one in products)
        say(table(("key", "name", ""), rows))


async def _add_product(here: Here, arguments: argparse.Namespace) -> None:
    product = await here.service.add_product(here.by, _definition(arguments.file), sandbox=arguments.sandbox)
    if arguments.json:
        say_json({**_product_entry(product), "product_secret": product.secret})
        return
    say(ground.facts({"product_key": product.product_key, "product_secret": product.secret}))
    say("the secret is shown this once; your server signs bindings with it")


async def _push_product(here: Here, arguments: argparse.Namespace) -> None:
    definition = _definition(arguments.file)
    sandbox = None if arguments.sandbox is None else arguments.sandbox == "yes"
    product = await here.service.change_product(
        here.by, definition["product_key"], definition=definition, name=definition["name"], sandbox=sandbox
    )
    _done(arguments, f"{product.product_key} {product.name}: taken up by running relays within a second")


async def _rotate_product(here: Here, arguments: argparse.Namespace) -> None:
    secret = await here.service.rotate_product_secret(here.by, arguments.product_key, arguments.overlap)
    if arguments.json:
        say_json({"product_key": arguments.product_key, "product_secret": secret})
        return
    say(ground.facts({"product_key": arguments.product_key, "product_secret": secret}))
    say(f"the former secret is accepted for {arguments.overlap:.0f} s more")


async def _remove_product(here: Here, arguments: argparse.Namespace) -> None:
    await here.service.remove_product(here.by, arguments.product_key)
    _done(arguments, f"{arguments.product_key} is removed")


def _definition(path: Path) -> dict[str, Any]:
    try:
        return dict(read(path).definition)
    except ProductFileError as error:
        raise Refused(f"{path}: {error}; `wxlink product check` tells more") from error


def _done(arguments: argparse.Namespace, text: str) -> None:
    if arguments.json:
        say_json({"done": True})
    else:
        say(text)


def _quotas(quotas: dict[str, int]) -> str:
    return " ".join(f"{name}={most}" for name, most in quotas.items())


def _entry(maker: Maker) -> dict[str, Any]:
    return {
        "id": maker.id,
        "name": maker.name,
        "disabled": maker.disabled,
        "quotas": maker.quotas,
        "created_at": maker.created_at,
    }


def _member_entry(member: MakerMember) -> dict[str, Any]:
    return {"name": member.name, "role": member.role, "created_at": member.created_at}


def _product_entry(product: Product) -> dict[str, Any]:
    """What may be shown of a product; its secret may not."""
    return {"product_key": product.product_key, "name": product.name, "sandbox": product.sandbox}


_QUOTA_WORDS: Final = argument(
    "quotas", f"{', '.join(QUOTAS)}; `none` lifts one", metavar="NAME=NUMBER", type=_quota_word, nargs="+"
)
_OWNER: Final = argument("--owner", "the first member, who may do all", metavar="MEMBER", required=True)
_SANDBOX: Final = argument("--sandbox", "it is under development: a quota of its own", action="store_true")
_STAGE: Final = argument("--sandbox", "whether it is under development", choices=("yes", "no"))

VERBS: Final = (
    SubVerb(
        "add",
        _add,
        "add a maker with its first owner, whose password is asked for or read from stdin",
        "wxlink maker add acme --owner alice",
        (_NAME, _OWNER),
        of_maker=False,
    ),
    SubVerb("list", _list, "list the makers", "wxlink maker list --json", of_maker=False),
    SubVerb("show", _show, "show quotas and use", "wxlink maker show acme", (_NAME,), of_maker=False),
    SubVerb(
        "disable",
        _disable,
        "lock a maker's members, apps and devices out",
        "wxlink maker disable acme",
        (_NAME,),
        of_maker=False,
    ),
    SubVerb("enable", _disable, "let them in again", "wxlink maker enable acme", (_NAME,), of_maker=False),
    SubVerb(
        "quota",
        _quota,
        "limit what a maker may have",
        "wxlink maker quota acme devices=10000 messages=5000000",
        (_NAME, _QUOTA_WORDS),
        of_maker=False,
    ),
)
MEMBER_VERBS: Final = (
    SubVerb("list", _members, "list the members", "wxlink maker member list --maker acme"),
    SubVerb(
        "add",
        _add_member,
        "add a member; the password is asked for or read from stdin",
        "wxlink maker member add bob --role viewer --maker acme",
        (_MEMBER, _ROLE),
    ),
    SubVerb(
        "role", _role, "give another role", "wxlink maker member role bob --role owner", (_MEMBER, _ROLE)
    ),
    SubVerb("password", _password, "give another password", "wxlink maker member password bob", (_MEMBER,)),
    SubVerb("remove", _remove_member, "remove a member", "wxlink maker member remove bob", (_MEMBER,)),
)
PRODUCT_VERBS: Final = (
    SubVerb("list", _products, "list the products on the relay", "wxlink maker product list"),
    SubVerb(
        "add",
        _add_product,
        "put a product on the relay; its secret is drawn and shown once",
        "wxlink maker product add lamp.toml --maker acme",
        (_FILE, _SANDBOX),
    ),
    SubVerb(
        "push",
        _push_product,
        "replace the definition of a product that is on the relay",
        "wxlink maker product push lamp.toml",
        (_FILE, _STAGE),
    ),
    SubVerb(
        "rotate",
        _rotate_product,
        "draw a new secret; both are accepted for a time",
        "wxlink maker product rotate 0f1e2d3c4b5a69788796a5b4c3d2e1f0 --overlap 12h",
        (_KEY, _OVERLAP),
    ),
    SubVerb(
        "remove",
        _remove_product,
        "forget a product without devices",
        "wxlink maker product remove 0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        (_KEY,),
    ),
)
_NOUNS: Final = {
    "member": (MEMBER_VERBS, "the people who act for a maker", "wxlink maker member list"),
    "product": (PRODUCT_VERBS, "the products that the relay serves", "wxlink maker product list"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of `wxlink maker`."""
    subs = verbs.add_verbs(parser, "maker_verb", VERBS)
    for noun, (of_noun, summary, example) in _NOUNS.items():
        sub = subs.add_parser(noun, help=summary, description=summary, epilog=f"example: {example}")
        verbs.add_verbs(sub, "noun_verb", of_noun)


def run(arguments: argparse.Namespace) -> int:
    """Run one verb: 0 done, 1 when it cannot be done."""
    noun = arguments.maker_verb
    if noun in _NOUNS:
        verb = verbs.chosen(_NOUNS[noun][0], arguments.noun_verb)
        return verbs.run_verb(f"maker {noun}", verb, arguments)
    return verbs.run_verb("maker", verbs.chosen(VERBS, noun), arguments)
