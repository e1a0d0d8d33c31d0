"""`wxlink app`: the client programs that may call the app APIs."""

import argparse
from typing import Any, Final

from wxlink.relay.commands import ground, verbs
from wxlink.relay.commands.ground import say, say_json, table
from wxlink.relay.commands.verbs import Here, SubVerb, argument
from wxlink.relay.settings import DAY_S
from wxlink.relay.store import App

_APPID: Final = argument("appid", "the app, as `list` shows it", metavar="APPID")
_OVERLAP: Final = argument(
    "--overlap",
    "how long the former secret is still accepted: 12h, 7d (default), 0",
    metavar="TIME",
    type=verbs.seconds,
    default=7.0 * DAY_S,
)


async def _list(here: Here, arguments: argparse.Namespace) -> None:
    apps = await here.service.apps(here.by)
    if arguments.json:
        say_json([_entry(one) for one in apps])
    elif not apps:
        say("there is no app yet; `wxlink app add NAME` adds one")
    else:
        say(table(("appid", "name"), ((one.appid, one.name) for one in apps)))


async def _add(here: Here, arguments: argparse.Namespace) -> None:
    app = await here.service.add_app(here.by, arguments.name)
    if arguments.json:
        say_json({**_entry(app), "appsecret": app.secret})
        return
    say(ground.facts({"appid": app.appid, "appsecret": app.secret}))
    say("the secret is shown this once; programs send the appid with each call")


async def _rename(here: Here, arguments: argparse.Namespace) -> None:
    app = await here.service.rename_app(here.by, arguments.appid, arguments.name)
    say_json(_entry(app)) if arguments.json else say(f"{app.appid} is {app.name}")


async def _rotate(here: Here, arguments: argparse.Namespace) -> None:
    secret = await here.service.rotate_app_secret(here.by, arguments.appid, arguments.overlap)
    if arguments.json:
        say_json({"appid": arguments.appid, "appsecret": secret})
        return
    say(ground.facts({"appid": arguments.appid, "appsecret": secret}))
    say(f"the former secret is accepted for {arguments.overlap:.0f} s more")


async def _remove(here: Here, arguments: argparse.Namespace) -> None:
    await here.service.remove_app(here.by, arguments.appid)
    say_json({"done": True}) if arguments.json else say(f"{arguments.appid} is removed")


def _entry(app: App) -> dict[str, Any]:
    """What may be shown of an app; its secret may not."""
    return {"appid": app.appid, "name": app.name}


_NAME: Final = argument("name", "how it is called in lists", metavar="NAME")

VERBS: Final = (
    SubVerb("list", _list, "list the apps", "wxlink app list"),
    SubVerb(
        "add",
        _add,
        "add an app; its appid and secret are drawn",
        "wxlink app add 'Acme Home' --maker acme",
        (_NAME,),
    ),
    SubVerb(
        "rename",
        _rename,
        "give an app another name",
        "wxlink app rename aabbccdd00112233445566778899eeff 'Acme Life'",
        (_APPID, _NAME),
    ),
    SubVerb(
        "rotate",
        _rotate,
        "draw a new secret; both are accepted for a time",
        "wxlink app rotate aabbccdd00112233445566778899eeff --overlap 12h",
        (_APPID, _OVERLAP),
    ),
    SubVerb(
        "remove",
        _remove,
        "forget an app without users",
        "wxlink app remove aabbccdd00112233445566778899eeff",
        (_APPID,),
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of `wxlink app`."""
    verbs.add_verbs(parser, "app_verb", VERBS)


def run(arguments: argparse.Namespace) -> int:
    """Run one verb: 0 done, 1 when it cannot be done."""
    return verbs.run_verb("app", verbs.chosen(VERBS, arguments.app_verb), arguments)
