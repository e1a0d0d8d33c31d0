"""Verbs as tables: what each is called, what it takes, and the service call that it makes."""

import argparse
import getpass
import os
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from wxlink.relay.commands import ground
from wxlink.relay.commands.ground import Ground, Refused
from wxlink.relay.downlink import Asks, Downlink
from wxlink.relay.errors import ApiError
from wxlink.relay.events import Bus
from wxlink.relay.service import Actor, Service, operator
from wxlink.relay.settings import DAY_S

_UNITS: Final[Mapping[str, int]] = {"s": 1, "m": 60, "h": 3_600, "d": DAY_S}


class Here(NamedTuple):
    """A relay's use cases on its store, and who uses them: the operator, for one maker or for all."""

    service: Service
    by: Actor


Doing: TypeAlias = Callable[[Here, argparse.Namespace], Coroutine[Any, Any, None]]


class Argument(NamedTuple):
    """What argparse's add_argument takes."""

    name: str
    options: Mapping[str, Any]


class SubVerb(NamedTuple):
    """One verb. `--maker` is added unless the verb is for no single maker."""

    name: str
    doing: Doing
    summary: str
    example: str
    arguments: tuple[Argument, ...] = ()
    of_maker: bool = True


def argument(name: str, help_: str, **options: Any) -> Argument:
    """One argument with its help."""
    return Argument(name, {"help": help_, **options})


def add_verbs(parser: argparse.ArgumentParser, dest: str, verbs: Sequence[SubVerb]) -> Any:
    """Add verbs to a parser, `dest` keeps which was chosen; where argparse takes more of them."""
    subs = parser.add_subparsers(dest=dest, metavar="VERB", required=True)
    for verb in verbs:
        sub = subs.add_parser(
            verb.name, help=verb.summary, description=verb.summary, epilog=f"example: {verb.example}"
        )
        for one in verb.arguments:
            sub.add_argument(one.name, **one.options)
        if verb.of_maker:
            sub.add_argument(
                "--maker", metavar="NAME", help="for this maker (default: the only one there is, or all)"
            )
        ground.add_common_arguments(sub)
    return subs


def run_verb(program: str, verb: SubVerb, arguments: argparse.Namespace) -> int:
    """Run a verb as the operator: 0 done, 1 when it cannot be done, with one line of why on stderr."""

    async def work(on: Ground, given: argparse.Namespace) -> None:
        service = _service(on)
        try:
            maker = None
            if verb.of_maker and given.maker is not None:
                maker = (await service.maker_named(given.maker)).id
            by = operator(_account(), maker)
            if verb.of_maker and maker is None:
                makers = await service.makers(by)
                by = operator(_account(), makers[0].id) if len(makers) == 1 else by
            await verb.doing(Here(service, by), given)
        except ApiError as error:
            raise Refused(error.detail or error.text.rstrip("!")) from error

    return ground.run(f"{program} {verb.name}".strip(), work, arguments)


def chosen(verbs: Sequence[SubVerb], name: str) -> SubVerb:
    """The verb of this name."""
    return next(verb for verb in verbs if verb.name == name)


def new_password(whose: str) -> str:
    """A password, asked for twice on a terminal, else the first line of stdin. Raises Refused."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass(f"password of {whose}: ")
    if getpass.getpass("again: ") != first:
        raise Refused("the two passwords differ; nothing was changed")
    return first


def seconds(text: str) -> float:
    """A time such as 90s, 30m, 12h or 7d, for argparse."""
    number, unit = (text[:-1], text[-1:]) if text[-1:] in _UNITS else (text, "s")
    if not number.isascii() or not number.isdecimal() or len(number) > len("100000000"):
        raise argparse.ArgumentTypeError("a time is a number with s, m, h or d: 12h, 7d")
    return float(int(number) * _UNITS[unit])


class _Nowhere:
    """Stands where the MQTT client of a running relay stands: a verb sends nothing to devices."""

    def publish(self, _topic: str, _payload: bytes) -> None:
        raise ConnectionError("a verb has no connection to devices")


def _service(on: Ground) -> Service:
    downlink = Downlink(_Nowhere(), on.store.devices.get, Asks())
    return Service(on.store, Bus(), downlink, on.settings, time.time)


def _account() -> str:
    """Who runs this, as the system knows them."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        return str(os.getuid())
