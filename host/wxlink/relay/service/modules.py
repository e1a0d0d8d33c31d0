"""Modules come to the relay: they register and ask where to connect.

Our own module registers with an `update_key`; one that gives none has the vendor's firmware. It is served
when its product is open to such modules (`wxlink doors`), whatever it asks: all it says is unencrypted. That
is a rule about what a product admits, not a proof: whoever knows a product key can write either form.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from wxlink.relay.errors import ApiError
from wxlink.relay.service.actor import OPERATE, Actor
from wxlink.relay.service.household import Household
from wxlink.relay.service.sealed import NotSealed, seal, unseal
from wxlink.relay.settings import Endpoints
from wxlink.relay.store import Device

PRODUCT_KEY_LENGTH: Final = 32  # of what is noted; a longer one is none
SEALED_FIELDS: Final = 4  # mac, passcode, type, extra

_SECRET: Final = re.compile(r"[0-9a-fA-F]{32}")


class BrokerAddress(NamedTuple):
    """Where a module shall connect; a port of 0 says that there is none. at: unix seconds now."""

    host: str
    port: int
    tls_port: int
    at: int

    def form(self) -> str:
        """GAgent's form text: it needs this order, and `&` after the port and the time."""
        return f"host={self.host}&port={self.port}&server_ts={self.at}&port_s={self.tls_port}\r\n"


class Modules(Household):
    """Use cases of modules."""

    async def register_module(
        self,
        product_key: str,
        mac: str,
        passcode: str,
        update_key: str | None = None,
        random_codes: Collection[str] = (),
    ) -> str:
        """The did of a module. Raises as `register_device`, and ApiError 9045 for a closed product."""
        if update_key is None:
            await self.product(product_key)
            await self.check_door(product_key)
        return await self.register_device(product_key, mac, passcode, update_key, random_codes)

    async def register_sealed(self, product_key: str, data: str) -> str:
        """The same for a module that seals its form with the product secret; the sealed `did=..`.

        Raises as `register_module`, and ApiError 9044 when it is not sealed with it.
        """
        secret, text = await self._unsealed(product_key, data)
        try:
            fields = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=SEALED_FIELDS))
        except ValueError as error:
            raise ApiError(9015, "the sealed form has too many fields") from error
        mac, passcode = (_field(fields, name) for name in ("mac", "passcode"))
        return seal(secret, f"did={await self.register_module(product_key, mac, passcode)}")

    async def broker_for(self, did: str, usual: Endpoints) -> BrokerAddress:
        """Where the device shall connect. usual: what its caller is told.

        Raises ApiError: 9014 no such device, 9023 it is disabled, 9045 its product is closed to old modules.
        """
        device = await self.registered_device(did)
        if device.disabled:
            raise ApiError(9023)
        port = usual.mqtt_port
        if is_old(device):
            await self.check_door(device.product_key)
            port = self.settings.doorways(usual).mqtt_port
        return BrokerAddress(usual.host, port, usual.mqtts_port, int(self.clock()))

    async def broker_for_sealed(self, product_key: str, sealed_did: str, usual: Endpoints) -> str:
        """The same for a module that seals; the sealed answer. Raises as both."""
        secret, did = await self._unsealed(product_key, sealed_did)
        if (await self.registered_device(did)).product_key != product_key:
            raise ApiError(9014)
        return seal(secret, (await self.broker_for(did, usual)).form())

    async def set_door(self, by: Actor, product_key: str, is_open: bool) -> bool:
        """Let a product's old modules in, or keep them out; False when that was so.

        For the operator alone: it opens ways into the site. Raises ApiError: 9002 no such product, 9093.
        """
        action = "product.doors_on" if is_open else "product.doors_off"
        async with self.audited(by, OPERATE, action, product_key[:PRODUCT_KEY_LENGTH]) as entry:
            product = await self.product(product_key)
            noted = entry.of(product.maker)
            if is_open:
                return await self.store.doors.open(product_key, self.clock(), noted)
            return await self.store.doors.close(product_key, noted)

    async def _unsealed(self, product_key: str, sealed: str) -> tuple[str, str]:
        product = await self.product(product_key)
        await self.check_door(product_key)
        if not _SECRET.fullmatch(product.secret):
            raise ApiError(9015, "the product's secret is not 32 hex digits: its modules cannot seal")
        try:
            return product.secret, unseal(product.secret, sealed)
        except NotSealed as error:
            raise ApiError(9044, str(error)) from error


def is_old(device: Device) -> bool:
    """Whether the module has the vendor's firmware."""
    return device.update_key is None


def _field(fields: Mapping[str, str], name: str) -> str:
    if name not in fields:
        raise ApiError(9015, f"{name} is missing in the sealed form")
    return fields[name]
