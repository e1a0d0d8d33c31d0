"""`wxlink token`: tokens with which programs use a maker's API."""

import argparse
from typing import Any, Final

from wxlink.relay.commands import ground, verbs
from wxlink.relay.commands.ground import moment, say, say_json, table
from wxlink.relay.commands.verbs import Here, SubVerb, argument
from wxlink.relay.service import RIGHTS, TOKEN_DAYS
from wxlink.relay.store import MemberToken


async def _list(here: Here, arguments: argparse.Namespace) -> None:
    held = await here.service.tokens(here.by)
    if arguments.json:
        say_json([{**_entry(one.token), "member": one.member.name} for one in held])
    elif not held:
        say("there is no token yet; `wxlink token add --help` tells how to make one")
    else:
        rows = (
            (
                one.token.id,
                one.token.name,
                one.member.name,
                " ".join(one.token.scope),
                moment(one.token.expires_at),
            )
            for one in held
        )
        say(table(("id", "name", "member", "rights", "until"), rows))


async def _add(here: Here, arguments: argparse.Namespace) -> None:
    issued = await here.service.add_token(
        here.by, arguments.member, arguments.name, arguments.rights, arguments.days
    )
    if arguments.json:
        say_json({**_entry(issued.token), "member": arguments.member, "token": issued.secret})
        return
    say(ground.facts({"token": issued.secret, "until": moment(issued.token.expires_at)}))
    say("it is shown this once; send it as `Authorization: Bearer TOKEN`")


async def _revoke(here: Here, arguments: argparse.Namespace) -> None:
    await here.service.revoke_token(here.by, arguments.id)
    say_json({"done": True}) if arguments.json else say(f"token {arguments.id} has ended")


def _entry(token: MemberToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "rights": list(token.scope),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
    }


VERBS: Final = (
    SubVerb("list", _list, "list the tokens", "wxlink token list --maker acme"),
    SubVerb(
        "add",
        _add,
        "make a token of a member; it never does more than the rights that are named",
        "wxlink token add station --member alice --rights read devices --days 30",
        (
            argument("name", "what it is for", metavar="NAME"),
            argument("--member", "whose it is", metavar="MEMBER", required=True),
            argument("--rights", "what it may do", nargs="+", choices=list(RIGHTS), required=True),
            argument("--days", "how long it lives", metavar="N", type=int, default=TOKEN_DAYS),
        ),
    ),
    SubVerb(
        "revoke",
        _revoke,
        "end a token",
        "wxlink token revoke 3",
        (argument("id", "the token, as `list` shows it", metavar="ID", type=int),),
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of `wxlink token`."""
    verbs.add_verbs(parser, "token_verb", VERBS)


def run(arguments: argparse.Namespace) -> int:
    """Run one verb: 0 done, 1 when it cannot be done."""
    return verbs.run_verb("token", verbs.chosen(VERBS, arguments.token_verb), arguments)
