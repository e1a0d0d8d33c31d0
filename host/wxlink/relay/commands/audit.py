"""`wxlink audit`: who changed what and who logged in, with which result, when and from where."""

import argparse
import time
from datetime import UTC, datetime
from typing import Final

from wxlink.relay.commands import ground, verbs
from wxlink.relay.commands.ground import moment, say, say_json, table
from wxlink.relay.commands.verbs import Here, SubVerb, argument
from wxlink.relay.store import Entry, Wanted

ROWS: Final = 50
_OPTIONS: Final = (
    argument("--maker", "rows of this maker only", metavar="NAME"),
    argument("--account", "of this account: 'member alice', 'user UID', 'operator root'", metavar="ACCOUNT"),
    argument("--action", "this action, or all of a kind: member.login, product", metavar="ACTION"),
    argument("--object", "about this: a did, a product key, a name", metavar="OBJECT"),
    argument("--failed", "refused ones only", action="store_true"),
    argument("--since", "from this time on: 2026-01-31, 2026-01-31T12:00, or 7d ago", metavar="TIME"),
    argument("--until", "before this time", metavar="TIME"),
    argument("-n", "so many rows, the newest first", type=int, default=ROWS, metavar="ROWS", dest="rows"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `wxlink audit`."""
    for one in _OPTIONS:
        parser.add_argument(one.name, **one.options)
    ground.add_common_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """List rows: 0 done, 1 when it cannot be done."""
    for name in ("since", "until"):
        try:
            setattr(arguments, name, _time(getattr(arguments, name)))
        except ValueError:
            return ground.refuse("audit", f"--{name} is a day such as 2026-01-31, a time of one, or 7d")
    return verbs.run_verb("", SubVerb("audit", _list, "", "", of_maker=False), arguments)


async def _list(here: Here, arguments: argparse.Namespace) -> None:
    maker = None
    if arguments.maker is not None:
        maker = (await here.service.maker_named(arguments.maker)).id
    wanted = Wanted(
        maker,
        arguments.account,
        arguments.action,
        arguments.object,
        arguments.failed,
        arguments.since,
        arguments.until,
    )
    rows = await here.service.audit_log(here.by, wanted, max(1, arguments.rows))
    if arguments.json:
        say_json([_entry(id_, entry) for id_, entry in rows])
        return
    titles = ("time", "account", "action", "object", "result", "from")
    cells = (
        (moment(one.at), one.account or "?", one.action, one.object, one.result, one.source or "here")
        for _, one in rows
    )
    say(table(titles, cells) if rows else "no such row")


def _entry(id_: int, entry: Entry) -> dict[str, object]:
    return {
        "id": id_,
        "at": entry.at,
        "maker": entry.maker,
        "account": entry.account,
        "action": entry.action,
        "object": entry.object,
        "result": entry.result,
        "source": entry.source,
    }


def _time(text: str | None) -> float | None:
    """Unix seconds of a day or a time in UTC, or of so long ago. Raises ValueError."""
    if text is None:
        return None
    try:
        return time.time() - verbs.seconds(text)
    except argparse.ArgumentTypeError:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
