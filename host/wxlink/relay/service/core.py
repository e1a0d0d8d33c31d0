"""What every use case needs: the store, the bus, the way down to devices, the settings and the time."""

import re
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from typing import Final, NamedTuple, TypeAlias

from wxlink.relay.couriers import Console, Courier
from wxlink.relay.downlink import Downlink
from wxlink.relay.errors import ApiError
from wxlink.relay.events import BindingChanged, Bus
from wxlink.relay.platforms import Platforms
from wxlink.relay.service.actor import Actor
from wxlink.relay.service.allowance import Allowance
from wxlink.relay.settings import RelaySettings
from wxlink.relay.store import (
    RULES,
    SOURCE,
    Act,
    Binding,
    Bound,
    Device,
    Entry,
    Maker,
    Product,
    Store,
    told_otherwise,
    user_account,
)

Clock: TypeAlias = Callable[[], float]
"""Gives unix seconds."""


DID: Final = re.compile(r"[A-Za-z0-9]{22}")
_PRODUCT_KEY: Final = re.compile(r"[0-9a-f]{32}")
_STORABLE: Final = re.compile(r"[^\0\ud800-\udfff]*")  # PostgreSQL keeps no NUL, UTF-8 has no lone surrogates


class Owned(NamedTuple):
    """A device as one of its users has it, with its product."""

    binding: Binding
    device: Device
    product: Product


class Core:
    """The ground that the use cases stand on, and the rule who may see a device."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        downlink: Downlink,
        settings: RelaySettings,
        clock: Clock,
        *,
        courier: Courier | None = None,
        platforms: Platforms | None = None,
    ) -> None:
        self.store = store
        self.bus = bus
        self.downlink = downlink
        self.settings = settings
        self.clock = clock
        self.courier: Courier = courier or Console()
        self.platforms = platforms or Platforms({})
        self.allowance = Allowance(settings.limits, clock)

    async def device(self, uid: str, did: str) -> Owned:
        """The device, for a user who is bound to it.

        Raises ApiError: 9014 no such device, 9017 the user is not bound to it.
        """
        if not DID.fullmatch(did):
            raise ApiError(9014)
        bound = await self.store.bindings.get(uid, did)
        ends = bound.binding.expires_at if bound else None
        if bound is None or (ends is not None and ends <= self.clock()):
            raise ApiError(9014 if await self.store.devices.get(did) is None else 9017)
        return await self.owned(bound)

    async def permitted(self, uid: str, did: str, act: Act) -> Owned:
        """The device, for a user who may do this with it (see store.roles).

        Raises ApiError: 9014 no such device, 9017 the user is not bound to it, else the act's own.
        """
        owned = await self.device(uid, did)
        if owned.binding.role not in RULES[act].roles:
            raise ApiError(RULES[act].refused)
        return owned

    async def refusals(self, uid: str, dids: Collection[str]) -> dict[str, ApiError]:
        """Those of the devices that `device` refuses this user, with its errors; two queries however many."""
        sound = [did for did in dids if DID.fullmatch(did)]
        bound = await self.store.bindings.among(uid, sound)
        known = await self.store.devices.identities(did for did in sound if did not in bound)
        return {did: ApiError(9017 if did in known else 9014) for did in dids if did not in bound}

    async def product(self, product_key: str) -> Product:
        """The product. Raises ApiError 9002 when there is none."""
        product = None
        if _PRODUCT_KEY.fullmatch(product_key):
            product = await self.store.products.get(product_key)
        if product is None:
            raise ApiError(9002)
        return product

    async def product_for(self, uid: str, product_key: str) -> Product:
        """The product, for a user whose app is of the same maker. Raises ApiError 9002."""
        product = await self.product(product_key)
        user = await self.store.users.get(uid)
        app = None if user is None or user.appid is None else await self.store.apps.get(user.appid)
        if app is not None and app.maker not in (None, product.maker):
            raise ApiError(9002)
        return product

    async def maker(self, id_: int) -> Maker:
        """The maker. Raises ApiError 9005 when there is none."""
        maker = await self.store.makers.get(id_)
        if maker is None:
            raise ApiError(9005, "there is no such maker")
        return maker

    def entry(self, maker: int | None, account: str, action: str, of: str) -> Entry:
        """A row of the audit log, from the peer of this request."""
        return Entry(self.clock(), maker, account, action, of, SOURCE.get())

    async def user_entry(self, uid: str, action: str, of: str) -> Entry:
        """A row of the audit log about what a user does."""
        user = await self.store.users.get(uid)
        app = await self.store.apps.get(user.appid) if user and user.appid else None
        return self.entry(app.maker if app else None, user_account(uid), action, of)

    @asynccontextmanager
    async def audited(
        self, by: Actor, right: str, action: str, of: str, maker: int | None = None
    ) -> AsyncIterator[Entry]:
        """What is done within leaves one row in the audit log, whether it succeeds or is refused.

        The caller writes the row given in the transaction of the change. Raises ApiError 9093 when `by` lacks
        the right.
        """
        entry = self.entry(by.maker if maker is None else maker, by.account, action, of)
        try:
            by.need(right)
            with told_otherwise():
                yield entry
        except ApiError as error:
            await self.store.audit.add(entry.refused(error.code))
            raise

    async def registered_device(self, did: str) -> Device:
        """A device that its module or its maker asks for. Raises ApiError 9014 when there is none."""
        device = await self.store.devices.get(did) if DID.fullmatch(did) else None
        if device is None:
            raise ApiError(9014)
        return device

    async def check_door(self, product_key: str) -> None:
        """Raises ApiError 9045 when the product is closed to modules with the vendor's firmware."""
        if not await self.store.doors.is_open(product_key):
            raise ApiError(
                9045, f"this product is closed to old modules; `wxlink doors on {product_key}` opens it"
            )

    def _tell_unbound(self, did: str, uids: Iterable[str]) -> None:
        for uid in uids:
            self.bus.publish(BindingChanged(uid, did, False))

    async def owned(self, bound: Bound) -> Owned:
        """The device with its product."""
        return Owned(bound.binding, bound.device, await self.product(bound.device.product_key))


def check_text(name: str, text: str, most: int, least: int = 0) -> None:
    """Raises ApiError 9015 unless the text can be stored and has `least` to `most` characters."""
    if not least <= len(text) <= most:
        raise ApiError(9015, f"{name} has {least} to {most} characters")
    if not _STORABLE.fullmatch(text):
        raise ApiError(9015, f"{name} holds characters that are none")
