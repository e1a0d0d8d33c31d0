"""A maker's devices, as the maker sees them."""

import re
from typing import Final, NamedTuple

from wxlink.relay.errors import ApiError
from wxlink.relay.events import BindingChanged
from wxlink.relay.ids import DID_LENGTH
from wxlink.relay.service.actor import DEVICES, READ, Actor
from wxlink.relay.service.core import DID
from wxlink.relay.service.household import Household
from wxlink.relay.store import Device, Product

FLEET_PAGE_MAX: Final = 1_000  # devices
_UID: Final = re.compile(r"[0-9a-f]{32}")


class Standing(NamedTuple):
    """A device with its product."""

    device: Device
    product: Product


class Fleet(Household):
    """Use cases of a maker's devices. All raise ApiError 9093 when the actor may not, 9014 no such device."""

    async def fleet(
        self, by: Actor, product_key: str | None = None, limit: int = FLEET_PAGE_MAX, after: str = ""
    ) -> list[Device]:
        """A page of the maker's devices in the order of their dids; `after` goes on after one."""
        by.need(READ)
        return await self.store.devices.of_maker(by.maker, product_key, min(limit, FLEET_PAGE_MAX), after)

    async def own_device(self, by: Actor, did: str) -> Standing:
        """One of the maker's devices."""
        by.need(READ)
        return await self._own_device(by, did)

    async def disable_device(self, by: Actor, did: str, disabled: bool) -> None:
        """Lock a device out of the broker and of control, or let it in again."""
        action = "device.disable" if disabled else "device.enable"
        async with self.audited(by, DEVICES, action, _shown(did)) as entry:
            standing = await self._own_device(by, did)
            await self.store.devices.set_disabled(did, disabled, entry.of(standing.product.maker))

    async def hand_over(self, by: Actor, did: str, uid: str) -> None:
        """Make a user the only one of a device; all others lose it.

        Raises ApiError 9005 no such user of an app of this maker.
        """
        async with self.audited(by, DEVICES, "device.transfer", _shown(did)) as entry:
            standing = await self._own_device(by, did)
            user = await self.store.users.get(uid) if _UID.fullmatch(uid) else None
            if user is None:
                raise ApiError(9005)
            now = self.clock()
            lost = await self.store.bindings.hand_over(uid, did, now, entry.of(standing.product.maker))
        self._tell_unbound(did, lost)
        self.bus.publish(BindingChanged(uid, did, True))

    async def remove_device(self, by: Actor, did: str) -> None:
        """Forget a device with its bindings, as after a reset; its module may register again."""
        async with self.audited(by, DEVICES, "device.remove", _shown(did)) as entry:
            standing = await self._own_device(by, did)
            now = self.clock()
            lost = await self.store.devices.remove(did, now, entry.of(standing.product.maker))
            if lost is None:
                raise ApiError(9014)
        self._tell_unbound(did, lost)

    async def claim_device(self, by: Actor, did: str, ttl_s: float | None = None) -> str:
        """A scene text that binds who shows it first, see `issue_claim`."""
        async with self.audited(by, DEVICES, "device.claim", _shown(did)) as entry:
            standing = await self._own_device(by, did)
            return await self.issue_claim(did, ttl_s, entry.of(standing.product.maker))

    async def _own_device(self, by: Actor, did: str) -> Standing:
        unknown = ApiError(9014, f"there is no device {did[:DID_LENGTH]}")
        try:
            device = await self.registered_device(did)
        except ApiError as error:
            raise unknown from error
        product = await self.product(device.product_key)
        if not by.of(product.maker):
            raise unknown
        return Standing(device, product)


def _shown(did: str) -> str:
    """A did for the audit log; what is none may be a secret in the wrong field."""
    return did if DID.fullmatch(did) else "?"
