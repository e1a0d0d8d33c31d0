"""Devices ask for new software: which release a device gets, and the proof of it."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from wxlink.relay.errors import ApiError
from wxlink.relay.ids import fingerprint, is_same, new_secret
from wxlink.relay.service.core import Core
from wxlink.relay.service.throttle import Throttle
from wxlink.relay.store import (
    BLOCKED,
    FINAL_STATES,
    INSTALLED,
    MCU,
    MODULE,
    NO_KEY,
    OFFERED,
    ROLLED_BACK,
    TYPES,
    Device,
    Progress,
    Release,
    is_newer,
)
from wxlink.relay.store.release_files import ReleaseFiles

DOWNLOAD_LIFE_S: Final = 12 * 3600  # a module checks every 6 h, and goes on with what it began until then
WRONG_PASSCODES: Final = 5  # for one device from one address...
WRONG_OF_ADDRESS: Final = 60  # ...and for all devices from it...
WRONG_WINDOW_S: Final = 60  # ...in this time; after that not even the right one is looked at
BLIND_LIFE_S: Final = 3600  # of a download without a device; whoever knows a product key can ask for one
BLIND_CHECKS: Final = 60  # checks without a passcode, of one address in BLIND_WINDOW_S
BLIND_WINDOW_S: Final = 60


class Offer(NamedTuple):
    """A release that a device may take. proof: HMAC-SHA256 in hex, None when it did not ask for one."""

    release: Release
    token: str
    proof: str | None


class Opened(NamedTuple):
    """A download that begins: the release and where its bytes are."""

    release: Release
    path: Path


class Checks:
    """Who asks too often, or with wrong passcodes."""

    def __init__(self) -> None:
        self.wrong = Throttle(WRONG_PASSCODES, WRONG_WINDOW_S)
        self.wrong_of_address = Throttle(WRONG_OF_ADDRESS, WRONG_WINDOW_S)
        self.blind = Throttle(BLIND_CHECKS, BLIND_WINDOW_S)


class Firmware(Core):
    """Use cases of devices that update themselves.

    Releases for modules are for wxlink's own module: they are offered with a proof only. A module that asks
    without `manifest=1` is a foreign one, gets releases for its MCU, and nothing for itself.
    """

    async def check_update(
        self, did: str, passcode: str, kind: str, version: str, *, proved: bool, address: str, checks: Checks
    ) -> Offer | None:
        """What the device shall install, None when it is up to date.

        kind: `1` the module, `2` its MCU, which runs `version`. proved: the device wants size, hash and
        proof. Raises ApiError: 9015 kind is another, 9016 did and passcode do not belong together, 9023 the
        device is disabled, 9041 too many wrong passcodes, 9045 a foreign module of a product that is closed
        to those.
        """
        number = _kind(kind)
        device = await self._authenticated(did, passcode, address, checks)
        if device.disabled:
            raise ApiError(9023)
        if not proved:
            await self.check_door(device.product_key)
        releases = await self.store.releases.all(number)
        known = {one.release: one for one in await self.store.updates.of_device(did)} if releases else {}
        await self._note_installed(releases, known, version)
        if number == MODULE and not proved:
            return None
        release = _newest(
            one
            for one in releases
            if one.takes(did, device.product_key) and is_newer(one.version, version)
            if one.id not in known or known[one.id].state != ROLLED_BACK
        )
        if release is None:
            return None
        last = known.get(release.id)
        if proved and device.update_key is None:
            blocked = self._news(last, did, release, BLOCKED, NO_KEY)
            if blocked:
                await self.store.updates.note(blocked)
            return None
        proof = prove(device.update_key, did, release) if proved and device.update_key else None
        token = await self._token(did, release, DOWNLOAD_LIFE_S, self._news(last, did, release, OFFERED, ""))
        return Offer(release, token, proof)

    async def check_blindly(
        self, product_key: str, kind: str, version: str, address: str, checks: Checks
    ) -> Offer | None:
        """As `check_update`, for the older calls that carry no passcode.

        They get only what every device of the product gets, and that is software for its MCU.
        Raises ApiError: 9002 no such product, 9015 kind is neither 1 nor 2, 9041 too many checks, 9045 the
        product is closed to such modules.
        """
        number, now = _kind(kind), self.clock()
        if checks.blind.is_full(address, now):
            raise ApiError(9041)
        checks.blind.count(address, now)
        await self.product(product_key)
        await self.check_door(product_key)
        if number == MODULE:
            return None
        release = _newest(
            release
            for release in await self.store.releases.all(number)
            if release.for_everyone and not release.stopped and release.product_key == product_key
            if is_newer(release.version, version)
        )
        if release is None:
            return None
        return Offer(release, await self._token(None, release, BLIND_LIFE_S), None)

    async def open_download(self, token: str) -> Opened:
        """What a token opens. Raises ApiError 9027 when it opens nothing, or nothing any more."""
        found = await self.store.updates.download(fingerprint(token), self.clock())
        release = await self.store.releases.get(found.release) if found else None
        if found is None or release is None or release.stopped:
            raise ApiError(9027)
        if found.did is not None and (await self.registered_device(found.did)).disabled:
            raise ApiError(9023)
        return Opened(release, ReleaseFiles(self.settings.data_dir).path(release.file))

    async def _authenticated(self, did: str, passcode: str, address: str, checks: Checks) -> Device:
        now = self.clock()
        if checks.wrong.is_full((address, did), now) or checks.wrong_of_address.is_full(address, now):
            raise ApiError(9041)
        try:
            device = await self.registered_device(did)
        except ApiError:
            device = None
        if device is None or not is_same(device.passcode, passcode):
            checks.wrong.count((address, did), now)
            checks.wrong_of_address.count(address, now)
            raise ApiError(9016)
        return device

    async def _note_installed(
        self, releases: Iterable[Release], known: Mapping[int, Progress], version: str
    ) -> None:
        """The device runs this version: what of it was under way is installed. GAgent tells it so alone."""
        for release in releases:
            last = known.get(release.id)
            if last is not None and release.version == version and last.state not in _DONE:
                done = last._replace(state=INSTALLED, percent=100, reason="", at=self.clock())
                await self.store.updates.note(done)

    def _news(
        self, last: Progress | None, did: str, release: Release, state: str, reason: str
    ) -> Progress | None:
        """What is to be noted; None when it is known, or the device is further: it asks often."""
        if last is not None and ((last.state, last.reason) == (state, reason) or last.state not in _BEFORE):
            return None
        return Progress(did, release.id, state, 0, reason, self.clock())

    async def _token(
        self, did: str | None, release: Release, life_s: float, progress: Progress | None = None
    ) -> str:
        token = new_secret()
        expires_at = self.clock() + life_s
        await self.store.updates.add_token(fingerprint(token), did, release.id, expires_at, progress=progress)
        return token


_BEFORE: Final = frozenset({OFFERED, BLOCKED})
_DONE: Final = frozenset({INSTALLED, *FINAL_STATES})


def _newest(releases: Iterable[Release]) -> Release | None:
    return max(releases, key=lambda release: (release.version.encode(), release.id), default=None)


def prove(update_key: str, did: str, release: Release) -> str:
    """HMAC-SHA256 in hex under the unit's key: what the module checks before it installs anything."""
    fields = ("wxlink update 1", did, release.type, release.version, release.file.size, release.file.sha256)
    text = "".join(f"{field}\n" for field in fields)
    return hmac.new(bytes.fromhex(update_key), text.encode("ascii"), hashlib.sha256).hexdigest()


def _kind(text: str) -> int:
    kinds = {str(number): number for number in TYPES.values()}
    if text not in kinds:
        raise ApiError(9015, f"type is {MODULE} for the module or {MCU} for its MCU")
    return kinds[text]
