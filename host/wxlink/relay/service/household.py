"""Devices come to the relay and to their users: registration, binding, unbinding."""

import hashlib
import logging
import re
from collections.abc import Collection
from typing import Final

from wxlink.relay.errors import ApiError
from wxlink.relay.events import BindingChanged
from wxlink.relay.ids import fingerprint, is_same, new_secret
from wxlink.relay.service.core import DID, Core, Owned, check_text
from wxlink.relay.store import Binding, Entry, Refusal, Room

SIGNATURE_WINDOW_S: Final = 300  # a signature's time may be this far from ours
PAGE_MAX: Final = 1_000  # devices in one answer
LIST_MAX: Final = 100  # devices in one request to bind or unbind
WORDS_MAX: Final = 255  # characters of a remark, an alias or a label
LABELS_MAX: Final = 20  # labels of one device
MAC: Final = re.compile(r"[\x21-\x7e]{1,64}")  # 12 hex digits for Wi-Fi, but IMEIs and `virtual:site` occur
PASSCODE: Final = re.compile(
    r"[\x21-\x25\x27-\x7e]{1,16}"
)  # stands in form text, so no `&`; modules refuse longer

UPDATE_KEY: Final = re.compile(r"[0-9A-Fa-f]{64}")
RANDOM_CODE: Final = re.compile(r"[0-9a-f]{32}")
RANDOM_CODE_LIFE_S: Final = 600  # the app that set the module up asks every 3 s, for a minute or two

log = logging.getLogger(__name__)

_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")
_SCENE: Final = re.compile(r"bind:([A-Za-z0-9]{22}):[A-Za-z0-9]{1,36}")
_REFUSED: Final = {Refusal.UNKNOWN: 9010, Refusal.USED: 9010, Refusal.EXPIRED: 9009}


class ClaimRefused(ApiError):
    """A binding code that did not bind: ApiError 9009 (expired) or 9010 (unknown or used)."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(_REFUSED[refusal], f"the binding code is {refusal.value}")
        self.refusal = refusal


class Household(Core):
    """Use cases of devices and their users."""

    async def bind_mac(
        self,
        uid: str,
        product_key: str,
        mac: str,
        *,
        timestamp: str,
        signature: str,
        remark: str = "",
        alias: str = "",
        set_owner: bool | None = None,
    ) -> tuple[Owned, bool]:
        """Bind the device with this mac; the device, and whether the binding is new.

        `signature` is the MD5 hex of product secret and `timestamp`, in either case; for some time after a
        rotation the former secret does, too. set_owner: whether the first user of a device whose product has
        sharing becomes its owner (also None) or special.
        Raises ApiError: 9002 no such product, 9014 no such device, 9015 words too long, 9043 the time is not
        a number within SIGNATURE_WINDOW_S of ours, 9044 the signature is another, 9092 it has an owner.
        """
        product = await self.product_for(uid, product_key)
        if not _TIMESTAMP.fullmatch(timestamp) or abs(self.clock() - int(timestamp)) > SIGNATURE_WINDOW_S:
            raise ApiError(9043)
        given = signature.lower()
        if not any(is_same(_signed(one, timestamp), given) for one in product.secrets(self.clock())):
            raise ApiError(9044)
        _check_words(remark=remark, alias=alias)
        device = await self.store.devices.find(product_key, mac) if MAC.fullmatch(mac) else None
        if device is None:
            raise ApiError(9014)
        return await self._bind(uid, device.did, remark, alias, set_owner)

    async def bind_by_passcode(
        self, uid: str, did: str, passcode: str, remark: str = ""
    ) -> tuple[Owned, bool]:
        """Bind a device whose did and passcode the user knows.

        Raises ApiError: 9015 words too long, 9016 did and passcode do not belong together, 9092 it has an
        owner.
        """
        _check_words(remark=remark)
        try:
            device = await self.registered_device(did)
        except ApiError as error:
            raise ApiError(9016) from error
        if not is_same(device.passcode, passcode):
            raise ApiError(9016)
        return await self._bind(uid, did, remark)

    async def bindings(
        self, uid: str, limit: int | None = None, skip: int = 0, show_disabled: bool = True
    ) -> list[Owned]:
        """A page of the user's devices in the order of binding; PAGE_MAX of them without a limit."""
        most = PAGE_MAX if limit is None else limit
        page = await self.store.bindings.of_user(uid, most, skip, show_disabled)
        return [await self.owned(bound) for bound in page]

    async def describe(
        self,
        uid: str,
        did: str,
        remark: str | None = None,
        alias: str | None = None,
        labels: list[str] | None = None,
    ) -> Binding:
        """Change the user's own words for a device; None leaves them.

        Raises ApiError: 9015 nothing to change or words too long, 9017 the user is not bound to it.
        """
        if remark is None and alias is None and labels is None:
            raise ApiError(9015, "give remark, dev_alias or dev_label")
        if labels is not None and len(labels) > LABELS_MAX:
            raise ApiError(9015, f"dev_label holds at most {LABELS_MAX} labels")
        _check_words(remark=remark or "", alias=alias or "")
        for label in labels or ():
            _check_words(label=label)
        binding = None
        if DID.fullmatch(did):
            binding = await self.store.bindings.describe(uid, did, remark, alias, labels)
        if binding is None:
            raise ApiError(9017)
        return binding

    async def unbind(self, uid: str, did: str) -> bool:
        """End a binding; whether there was one. Who owned the device takes it from all guests."""
        gone = await self.store.bindings.unbind(uid, did, self.clock()) if DID.fullmatch(did) else ()
        self._tell_unbound(did, gone)
        return bool(gone)

    async def end_lapsed(self) -> int:
        """End the bindings of guests whose time is up; how many. To be run every few seconds."""
        lapsed = await self.store.bindings.lapse(self.clock())
        for uid, did in lapsed:
            self._tell_unbound(did, (uid,))
        return len(lapsed)

    async def find_device(self, uid: str, product_key: str, mac: str) -> Owned:
        """The device with this mac, for a user who is bound to it.

        Raises ApiError: 9002 no such product, 9014 no such device, 9017 the user is not bound to it.
        """
        await self.product_for(uid, product_key)
        device = await self.store.devices.find(product_key, mac) if MAC.fullmatch(mac) else None
        if device is None:
            raise ApiError(9014)
        return await self.device(uid, device.did)

    async def issue_claim(self, did: str, ttl_s: float | None = None, entry: Entry | None = None) -> str:
        """A scene text `bind:<did>:<code>` that binds who shows it first; it fits WeChat's 64 characters.

        For the maker's own tools (a label printer, the console): whoever has the text gets the device.
        Raises ApiError 9014 when there is no such device.
        """
        await self.registered_device(did)
        scene = f"bind:{did}:{new_secret()}"
        life_s = self.settings.claim_life_s if ttl_s is None else min(ttl_s, self.settings.claim_life_s)
        await self.store.claims.add(fingerprint(scene), did, self.clock() + life_s, entry)
        return scene

    async def redeem_claim(self, uid: str, scene: str) -> Owned:
        """Bind the user to the device of a scene text; showing it again gives the device again.

        Raises ClaimRefused (ApiError 9009 or 9010), and ApiError 9092 when the device has an owner.
        """
        if not _SCENE.fullmatch(scene):
            raise ClaimRefused(Refusal.UNKNOWN)
        redeemed = await self.store.claims.redeem(fingerprint(scene), uid, self.clock())
        if isinstance(redeemed, Refusal):
            raise ClaimRefused(redeemed)
        if redeemed.new:
            self.bus.publish(BindingChanged(uid, redeemed.did, True))
        return await self.device(uid, redeemed.did)

    async def register_device(
        self,
        product_key: str,
        mac: str,
        passcode: str,
        update_key: str | None = None,
        random_codes: Collection[str] = (),
    ) -> str:
        """The did of a module that reports for the first time or again.

        update_key: the key of this unit under which updates are proved to it, 64 hex digits; a module that
        gives another one later gets its updates under that, one that gives none keeps the last.
        random_codes: by which the app that set it up looks for it now; those that are none are passed over.

        The module protocol has no proof beyond the passcode: who knows product key and mac can make the relay
        take the module for one that was reset, and its users must bind again. They cannot see or control it.
        Raises ApiError: 9002 no such product, 9011 or 9012 a new one is beyond the quota, 9015 mac, passcode
        or update key malformed, 9023 the product's maker is locked.
        """
        product = await self.product(product_key)
        maker = await self.maker(product.maker)
        if maker.disabled:
            raise ApiError(9023, "its maker is locked; ask the relay's operator")
        if not MAC.fullmatch(mac):
            raise ApiError(9015, "mac has 1 to 64 printable characters")
        if not PASSCODE.fullmatch(passcode):
            raise ApiError(9015, "passcode has 1 to 16 printable characters without &")
        if update_key is not None and not UPDATE_KEY.fullmatch(update_key):
            raise ApiError(9015, "update_key has 64 hex digits")
        quota = "sandbox_devices" if product.sandbox else "devices"
        room = Room(quota, maker.quotas.get(quota))
        registered = await self.store.devices.register(product_key, mac, passcode, self.clock(), room)
        if update_key is not None:
            other = await self.store.devices.set_update_key(registered.did, update_key.lower())
            if other and not registered.new:
                log.warning("device %s registered with another update key", registered.did)
        codes = {code for code in random_codes if RANDOM_CODE.fullmatch(code)}
        if codes:
            await self.store.random_codes.put(registered.did, codes, self.clock() + RANDOM_CODE_LIFE_S)
        if registered.replaced_did is not None:
            self._tell_unbound(registered.replaced_did, registered.unbound)
        return registered.did

    async def retire_device(self, did: str, passcode: str) -> None:
        """Forget a did that its module gave up. Raises ApiError 9016 when they do not belong together."""
        try:
            await self.registered_device(did)
        except ApiError as error:
            raise ApiError(9016) from error
        unbound = await self.store.devices.retire(did, passcode, self.clock())
        if unbound is None:
            raise ApiError(9016)
        self._tell_unbound(did, unbound)

    async def _bind(
        self, uid: str, did: str, remark: str = "", alias: str = "", set_owner: bool | None = None
    ) -> tuple[Owned, bool]:
        new = await self.store.bindings.bind(
            uid, did, self.clock(), remark=remark, alias=alias, set_owner=set_owner
        )
        if new:
            self.bus.publish(BindingChanged(uid, did, True))
        return await self.device(uid, did), new


def _signed(secret: str, timestamp: str) -> str:
    return hashlib.md5((secret + timestamp).encode()).hexdigest()  # noqa: S324  the protocol's own


def _check_words(**words: str) -> None:
    for name, text in words.items():
        check_text(name, text, WORDS_MAX)
