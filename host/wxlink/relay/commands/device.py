"""`wxlink device`: the devices of a relay: how each is, who may use it, and whether it still may."""

import argparse
from typing import Any, Final

from wxlink.relay.commands import ground, verbs
from wxlink.relay.commands.ground import moment, say, say_json, table
from wxlink.relay.commands.verbs import Here, SubVerb, argument
from wxlink.relay.store import Device

_DID: Final = argument("did", "the device, as `list` shows it", metavar="DID")


async def _list(here: Here, arguments: argparse.Namespace) -> None:
    devices: list[Device] = []
    while True:
        page = await here.service.fleet(here.by, arguments.product, after=devices[-1].did if devices else "")
        devices += page
        if not page:
            break
    devices.sort(key=lambda one: (one.registered_at, one.did))
    if arguments.json:
        say_json([_entry(one) for one in devices])
    elif not devices:
        say("there is no device yet; one is here when its module has registered")
    else:
        titles = ("did", "mac", "product", "on-line", "since", "module", "MCU", "health of")
        rows = (
            (
                one.did,
                one.mac,
                one.product_key,
                _presence(one),
                moment(one.state_at),
                _told(one, "version"),
                _told(one, "mcu_version"),
                moment(one.health_at),
            )
            for one in devices
        )
        say(table(titles, rows))


async def _show(here: Here, arguments: argparse.Namespace) -> None:
    device = (await here.service.own_device(here.by, arguments.did)).device
    updates = await here.service.store.updates.of_device(device.did)
    if arguments.json:
        fields = ("release", "state", "percent", "reason", "at")
        told = [{name: getattr(one, name) for name in fields} for one in updates]
        say_json({**_entry(device), "updates": told})
        return
    pairs: dict[str, object] = {
        "did": device.did,
        "mac": device.mac,
        "product": device.product_key,
        "on-line": f"{_presence(device)}, since {moment(device.state_at)}",
        "registered": moment(device.registered_at),
        "update key": "yes" if device.update_key else "no: it gets no update of the module",
        "health": moment(device.health_at) or "it told nothing yet",
    }
    for name, value in (device.health or {}).items():
        inner = value.items() if isinstance(value, dict) else ((None, value),)
        pairs |= {f"  {name}" + (f".{part}" if part else ""): told for part, told in inner}
    for one in updates:
        line = f"{one.state} {one.percent} % {moment(one.at)} {one.reason}"
        pairs[f"update to release {one.release}"] = line
    say(ground.facts(pairs))


async def _disable(here: Here, arguments: argparse.Namespace) -> None:
    await here.service.disable_device(here.by, arguments.did, arguments.device_verb == "disable")
    _done(arguments, f"{arguments.did}: {arguments.device_verb}d")


async def _transfer(here: Here, arguments: argparse.Namespace) -> None:
    await here.service.hand_over(here.by, arguments.did, arguments.uid)
    _done(arguments, f"{arguments.did} is {arguments.uid}'s alone")


async def _remove(here: Here, arguments: argparse.Namespace) -> None:
    await here.service.remove_device(here.by, arguments.did)
    _done(arguments, f"{arguments.did} is forgotten; its module may register again")


async def _claim(here: Here, arguments: argparse.Namespace) -> None:
    scene = await here.service.claim_device(here.by, arguments.did, arguments.life)
    if arguments.json:
        say_json({"did": arguments.did, "scene": scene})
    else:
        say(scene)


def _done(arguments: argparse.Namespace, text: str) -> None:
    if arguments.json:
        say_json({"done": True})
    else:
        say(text)


def _entry(device: Device) -> dict[str, Any]:
    """What may be shown of a device; passcode and update key may not."""
    return {
        "did": device.did,
        "mac": device.mac,
        "product_key": device.product_key,
        "online": device.online,
        "disabled": device.disabled,
        "state_at": device.state_at,
        "registered_at": device.registered_at,
        "version": (device.health or {}).get("version"),
        "mcu_version": (device.health or {}).get("mcu_version"),
        "has_update_key": device.update_key is not None,
        "health": device.health,
        "health_at": device.health_at,
    }


def _presence(device: Device) -> str:
    if device.disabled:
        return "disabled"
    return "yes" if device.online else "no"


def _told(device: Device, name: str) -> str:
    return (device.health or {}).get(name) or "?"


_PRODUCT: Final = argument("--product", "of this product only", metavar="KEY")
_UID: Final = argument("uid", "the user who gets it, of an app of the same maker", metavar="UID")
_LIFE: Final = argument("--life", "how long the code can be used: 12h", metavar="TIME", type=verbs.seconds)

VERBS: Final = (
    SubVerb("list", _list, "list the devices", "wxlink device list --json", (_PRODUCT,)),
    SubVerb(
        "show",
        _show,
        "show one device: health, and how far it is with updates",
        "wxlink device show Kq7mT2xW9bRf4LsVn8Zc3d",
        (_DID,),
    ),
    SubVerb(
        "disable",
        _disable,
        "lock a device out of the broker and of control",
        "wxlink device disable Kq7mT2xW9bRf4LsVn8Zc3d",
        (_DID,),
    ),
    SubVerb("enable", _disable, "let it in again", "wxlink device enable Kq7mT2xW9bRf4LsVn8Zc3d", (_DID,)),
    SubVerb(
        "transfer",
        _transfer,
        "make a user the only one of a device, as its first; all others lose it",
        "wxlink device transfer Kq7mT2xW9bRf4LsVn8Zc3d 00112233445566778899aabbccddeeff",
        (_DID, _UID),
    ),
    SubVerb(
        "remove",
        _remove,
        "forget a device with its bindings; its module may register again",
        "wxlink device remove Kq7mT2xW9bRf4LsVn8Zc3d",
        (_DID,),
    ),
    SubVerb(
        "claim",
        _claim,
        "issue a code that binds who shows it first, for a label's QR",
        "wxlink device claim Kq7mT2xW9bRf4LsVn8Zc3d --life 30d",
        (_DID, _LIFE),
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of `wxlink device`."""
    verbs.add_verbs(parser, "device_verb", VERBS)


def run(arguments: argparse.Namespace) -> int:
    """Run one verb: 0 done, 1 when it cannot be done."""
    return verbs.run_verb("device", verbs.chosen(VERBS, arguments.device_verb), arguments)
