"""`wxlink device`: lists the devices of a relay and shows one."""

import argparse
from typing import Any, Final

from wxlink.relay.commands import ground
from wxlink.relay.commands.ground import Ground, Refused, moment, say, say_json, table
from wxlink.relay.store import Device

_EXAMPLES: Final = {
    "list": ("list the devices", "wxlink device list --json"),
    "show": (
        "show one device: health, and how far it is with updates",
        "wxlink device show Kq7mT2xW9bRf4LsVn8Zc3d",
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of `wxlink device`."""
    verbs = parser.add_subparsers(dest="device_verb", metavar="VERB", required=True)
    for name, (summary, example) in _EXAMPLES.items():
        sub = verbs.add_parser(name, help=summary, description=summary, epilog=f"example: {example}")
        if name == "show":
            sub.add_argument("did", metavar="DID", help="the device, as `list` shows it")
        else:
            sub.add_argument("--product", metavar="KEY", help="of this product only")
        ground.add_common_arguments(sub)


def run(arguments: argparse.Namespace) -> int:
    """Run one verb: 0 done, 1 when it cannot be done."""
    verbs: dict[str, ground.Verb] = {"list": _list, "show": _show}
    return ground.run(f"device {arguments.device_verb}", verbs[arguments.device_verb], arguments)


async def _list(here: Ground, arguments: argparse.Namespace) -> None:
    devices = await here.store.devices.all(arguments.product)
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


async def _show(here: Ground, arguments: argparse.Namespace) -> None:
    device = await here.store.devices.get(arguments.did)
    if device is None:
        raise Refused(f"there is no device {arguments.did}; `wxlink device list` shows all")
    updates = await here.store.updates.of_device(device.did)
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
