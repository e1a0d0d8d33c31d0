"""`wxlink release`: adds new software for modules and MCUs, rolls it out and shows who took it."""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final, NamedTuple

from wxlink.relay.commands import ground
from wxlink.relay.commands.ground import Ground, Refused, moment, say, say_json, table
from wxlink.relay.store import MCU, MODULE, TYPES, AlreadyThere, Release, Rule, Standing, standings
from wxlink.relay.store.release_files import SUFFIXES, ReleaseFiles

NOTES_MAX: Final = 1000  # characters
PROGRAM: Final = "release"


class SubVerb(NamedTuple):
    """A verb of `wxlink release`."""

    name: str
    verb: ground.Verb
    summary: str
    example: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of `wxlink release`."""
    verbs = parser.add_subparsers(dest="release_verb", metavar="VERB", required=True)
    for one in VERBS:
        sub = verbs.add_parser(
            one.name, help=one.summary, description=one.summary, epilog=f"example: {one.example}"
        )
        if one.name == "add":
            _add_add_arguments(sub)
        elif one.name != "list":
            sub.add_argument("id", type=int, metavar="ID", help="the release, as `list` shows it")
        if one.name == "roll-out":
            _add_roll_out_arguments(sub)
        ground.add_common_arguments(sub)


def run(arguments: argparse.Namespace) -> int:
    """Run one verb: 0 done, 1 when it cannot be done, 2 for words that do not fit together."""
    wrong = _wrong_words(arguments)
    if wrong:
        sys.stderr.write(f"wxlink {PROGRAM} {arguments.release_verb}: {wrong}\n")
        return 2
    chosen = next(one for one in VERBS if one.name == arguments.release_verb)
    return ground.run(f"{PROGRAM} {chosen.name}", chosen.verb, arguments)


def _add_add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a module's .tgz, an MCU's .bin or .hex")
    parser.add_argument("--type", choices=list(TYPES), help="what it is for (default: a .tgz is for modules)")
    parser.add_argument(
        "--version",
        metavar="V",
        help="1 to 8 characters (default: a module's file tells it); devices take what sorts after their own",
    )
    parser.add_argument("--product", metavar="KEY", help="for this product only; an MCU always needs one")
    parser.add_argument("--notes", default="", metavar="TEXT", help="a note for yourself")


def _add_roll_out_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--percent",
        type=_percent,
        metavar="N",
        help="share of the devices; the same ones stay in it when it grows",
    )
    parser.add_argument("--product", metavar="KEY", help="the share of this product's devices")
    parser.add_argument(
        "--did",
        nargs="+",
        default=[],
        metavar="DID",
        help="these devices, whatever the share",
    )


def _percent(text: str) -> int:
    if not text.isdecimal() or int(text) > 100:
        raise argparse.ArgumentTypeError("the share is a number from 0 to 100")
    return int(text)


def _wrong_words(arguments: argparse.Namespace) -> str | None:
    if arguments.release_verb == "add":
        if _type(arguments) == MCU and not (arguments.product and arguments.version):
            return "an MCU's file tells neither product nor version: give --product KEY and --version V"
        if len(arguments.notes) > NOTES_MAX:
            return f"the notes have {len(arguments.notes)} characters; {NOTES_MAX} at most are kept"
    if arguments.release_verb == "roll-out":
        if arguments.did and (arguments.product or arguments.percent not in (None, 0, 100)):
            return "--did names devices: leave --product out; --percent 0 takes them back"
        if arguments.percent is None and not arguments.did:
            return "say for whom: --percent N, or --did DID"
    return None


def _type(arguments: argparse.Namespace) -> int:
    if arguments.type:
        return TYPES[arguments.type]
    return MODULE if arguments.file.suffix.lower() in SUFFIXES[MODULE] else MCU


async def _add(here: Ground, arguments: argparse.Namespace) -> None:
    kind = _type(arguments)
    if arguments.product:
        await _check_product(here, arguments.product)
    files = ReleaseFiles(here.data_dir)
    file, version = files.keep(arguments.file, kind, arguments.version)
    try:
        release = await here.store.releases.add(
            kind, version, arguments.product or "", file, notes=arguments.notes, at=time.time()
        )
    except AlreadyThere as error:
        release = error.release
        if release.file != file:
            if file.sha256 not in {one.file.sha256 for one in await here.store.releases.all()}:
                files.path(file).unlink()
            raise Refused(
                f"version {release.version} is release {release.id} already, with another file, and devices "
                "go by the version: give this file one of its own"
            ) from None
    if arguments.json:
        say_json(_entry(release))
    else:
        say(f"release {release.id}: {release.file_name}, {release.file.size:,} bytes, for nobody yet")
        say(f"next: wxlink release roll-out {release.id} --percent 10")


async def _list(here: Ground, arguments: argparse.Namespace) -> None:
    counts = await here.store.updates.counts()
    releases = await here.store.releases.all()
    if arguments.json:
        say_json([{**_entry(one), "devices": counts.get(one.id, {})} for one in releases])
    elif not releases:
        say("there is no release yet; `wxlink release add --help` tells how to add one")
    else:
        titles = ("id", "type", "version", "bytes", "product", "for", "devices", "notes")
        rows = (
            (
                one.id,
                one.type_name,
                one.version,
                f"{one.file.size:,}",
                one.product_key or "every",
                _audience(one),
                _tally(counts.get(one.id, {})),
                one.notes,
            )
            for one in releases
        )
        say(table(titles, rows))


async def _show(here: Ground, arguments: argparse.Namespace) -> None:
    release = await _release(here, arguments.id)
    counts = Counter(one.state for one in await _standings(here, release))
    if arguments.json:
        say_json({**_entry(release), "devices": dict(counts)})
        return
    say(
        ground.facts(
            {
                "release": release.id,
                "type": release.type_name,
                "version": release.version,
                "product": release.product_key or "every",
                "file": f"{release.file_name}, {release.file.size:,} bytes",
                "sha256": release.file.sha256,
                "added": moment(release.created_at),
                "for": _audience(release),
                "devices": _tally(counts),
                "notes": release.notes,
            }
        )
    )


async def _roll_out(here: Ground, arguments: argparse.Namespace) -> None:
    release = await _release(here, arguments.id)
    if arguments.did:
        for did in arguments.did:
            await _check_device(here, release, did)
        percent = 100 if arguments.percent is None else arguments.percent
        rules = [Rule("", did, percent) for did in arguments.did]
    else:
        if arguments.product:
            await _check_product(here, arguments.product)
            if release.product_key not in ("", arguments.product):
                raise Refused(f"release {release.id} is for product {release.product_key} only")
        rules = [Rule(arguments.product or "", "", arguments.percent)]
    await here.store.releases.roll_out(release.id, rules)
    release = await _release(here, arguments.id)
    if arguments.json:
        say_json(_entry(release))
        return
    devices = await here.store.devices.all()
    taken = [one for one in devices if release.takes(one.did, one.product_key)]
    online = sum(one.online for one in taken)
    say(f"release {release.id} is for {_audience(release)}: {len(taken)} of {len(devices)} devices")
    say(f"the relay tells the {online} that are on-line, ten a second; others ask when they connect")


async def _stop(here: Ground, arguments: argparse.Namespace) -> None:
    release = await _release(here, arguments.id)
    await here.store.releases.stop(release.id)
    if arguments.json:
        say_json(_entry(await _release(here, release.id)))
    else:
        say(f"release {release.id} is stopped: nobody gets it any more; `roll-out` goes on with it")


async def _devices(here: Ground, arguments: argparse.Namespace) -> None:
    release = await _release(here, arguments.id)
    found = await _standings(here, release)
    if arguments.json:
        say_json([_standing_entry(one) for one in found])
    elif not found:
        say(f"release {release.id} is for no device; `wxlink release roll-out --help` tells how")
    else:
        titles = ("did", "mac", "on-line", "runs", "state", "done", "since", "reason")
        say(
            table(
                titles,
                (
                    (
                        one.device.did,
                        one.device.mac,
                        "yes" if one.device.online else "no",
                        one.version or "?",
                        one.state,
                        f"{one.percent} %" if one.at is not None else "",
                        moment(one.at),
                        one.reason,
                    )
                    for one in found
                ),
            )
        )


async def _release(here: Ground, number: int) -> Release:
    release = await here.store.releases.get(number) if 0 < number < 2**31 else None
    if release is None:
        raise Refused(f"there is no release {number}; `wxlink release list` shows all")
    return release


async def _standings(here: Ground, release: Release) -> list[Standing]:
    told = await here.store.updates.of_release(release.id)
    return standings(release, await here.store.devices.all(release.product_key or None), told)


async def _check_product(here: Ground, key: str) -> None:
    if await here.store.products.get(key) is None:
        known = sorted({one.product_key for one in await here.store.devices.all()})
        hint = f"; its devices are of {', '.join(known[:5])}" if known else ""
        raise Refused(f"this relay knows no product {key}{hint}")


async def _check_device(here: Ground, release: Release, did: str) -> None:
    device = await here.store.devices.get(did)
    if device is None:
        raise Refused(f"there is no device {did}; `wxlink device list` shows all")
    if release.product_key not in ("", device.product_key):
        raise Refused(f"device {did} is of another product than release {release.id}")


def _entry(release: Release) -> dict[str, Any]:
    return {
        "id": release.id,
        "type": release.type_name,
        "version": release.version,
        "product_key": release.product_key or None,
        "file": release.file_name,
        "size": release.file.size,
        "sha256": release.file.sha256,
        "notes": release.notes,
        "added_at": release.created_at,
        "stopped": release.stopped,
        "for": [
            {"product_key": rule.product_key or None, "did": rule.did or None, "percent": rule.percent}
            for rule in release.rules
        ],
    }


def _standing_entry(one: Standing) -> dict[str, Any]:
    return {
        "did": one.device.did,
        "mac": one.device.mac,
        "product_key": one.device.product_key,
        "online": one.device.online,
        "version": one.version,
        "state": one.state,
        "percent": one.percent,
        "reason": one.reason or None,
        "at": one.at,
    }


def _audience(release: Release) -> str:
    if release.stopped:
        return "nobody (stopped)"
    named = sum(rule.percent > 0 for rule in release.rules if rule.did)
    shares = [
        f"{rule.percent} %" + (f" of {rule.product_key}" if rule.product_key else "")
        for rule in release.rules
        if not rule.did and rule.percent
    ]
    if named:
        shares.append(f"{named} device{'s' if named > 1 else ''} by name")
    return ", ".join(shares) or "nobody"


def _tally(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))


VERBS: Final = (
    SubVerb(
        "add",
        _add,
        "check a file and keep it as a release, for nobody yet",
        "wxlink release add app-1.1.0.tgz --type module --version 1.1.0",
    ),
    SubVerb("list", _list, "list all releases", "wxlink release list --json"),
    SubVerb("show", _show, "show one release", "wxlink release show 3"),
    SubVerb(
        "roll-out",
        _roll_out,
        "offer a release to a share of the devices, to more of them, or to some by name",
        "wxlink release roll-out 3 --percent 10",
    ),
    SubVerb("stop", _stop, "offer a release to nobody any more", "wxlink release stop 3"),
    SubVerb("devices", _devices, "show how far each device is with a release", "wxlink release devices 3"),
)
