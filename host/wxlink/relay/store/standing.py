"""Where each device stands with a release: what it told, and what follows for those that told nothing."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from wxlink.relay.store.devices import Device
from wxlink.relay.store.releases import MODULE, Release, is_newer
from wxlink.relay.store.updates import BLOCKED, Progress

WAITING: Final = "waiting"
NOT_NEEDED: Final = "not needed"
NO_KEY: Final = "the device registered without an update key, so that no update can be proved to it"


class Standing(NamedTuple):
    """One device and one release. version: what the device said it runs, None when it never did."""

    device: Device
    version: str | None
    state: str
    percent: int
    reason: str
    at: float | None


def standings(release: Release, devices: Iterable[Device], told: Mapping[str, Progress]) -> list[Standing]:
    """Those that the release is for, and those that were ever offered it."""
    return [
        _standing(release, device, told.get(device.did))
        for device in devices
        if device.did in told or release.takes(device.did, device.product_key)
    ]


def _standing(release: Release, device: Device, told: Progress | None) -> Standing:
    version = (device.health or {}).get("version" if release.type == MODULE else "mcu_version")
    if told is not None:
        return Standing(device, version, told.state, told.percent, told.reason, told.at)
    if version and not is_newer(release.version, version):
        return Standing(device, version, NOT_NEEDED, 0, "it runs the same or a later version", None)
    if release.type == MODULE and device.update_key is None:
        return Standing(device, version, BLOCKED, 0, NO_KEY, None)
    reason = "it asks within hours, or when it connects" if device.online else "it is off-line"
    return Standing(device, version, WAITING, 0, reason, None)
