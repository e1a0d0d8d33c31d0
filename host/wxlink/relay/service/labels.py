"""QR codes: what stands on a device's label, and what a phone that scanned one may do with it.

A label reads `type=bind&pk=<product key>&mac=<mac>&sig=<32 hex digits>`. The mac is percent-encoded; sig is
the first half of HMAC-SHA256 over what stands in front of `&sig=`, keyed with the product secret. It binds as
a signature of bind_mac does, and for as long. A share reads `type=share&code=<32 hex digits>`.
"""

import hashlib
import hmac
from typing import Final
from urllib.parse import parse_qsl, quote

from wxlink.relay.errors import ApiError
from wxlink.relay.ids import is_same
from wxlink.relay.service.actor import DEVICES, Actor
from wxlink.relay.service.core import Owned
from wxlink.relay.service.household import MAC, Household
from wxlink.relay.service.sharing import Sharing

QR_MAX: Final = 512  # characters; a label has at most 270
_SIGNATURE_DIGITS: Final = 32  # 128 bits: beyond guessing, and the code stays small
_BIND: Final = ("type", "pk", "mac", "sig")
_SHARE: Final = ("type", "code")


class Labels(Household, Sharing):
    """Use cases of QR codes."""

    async def label(self, by: Actor, product_key: str, mac: str) -> str:
        """For makers: the text for the QR code on a device's label; who has it can bind the device.

        The device need not have registered yet. After a rotation of the product's secret a label is accepted
        for as long as the former secret is.
        Raises ApiError: 9002 the maker has no such product, 9015 mac malformed, 9093 the actor may not.
        """
        malformed = not MAC.fullmatch(mac)
        async with self.audited(by, DEVICES, "device.label", "?" if malformed else mac) as entry:
            product = await self.product(product_key)
            if not by.of(product.maker):
                raise ApiError(9002)
            if malformed:
                raise ApiError(9015, "mac has 1 to 64 printable characters")
            await self.store.audit.add(entry.of(product.maker))
            signed = _signed(product_key, mac)
            return f"{signed}&sig={_signature(product.secret, signed)}"

    async def bind_scanned(self, uid: str, text: str, set_owner: bool | None = None) -> tuple[Owned, bool]:
        """Bind what a QR code stands for, a label or a share; the device, and whether the binding is new.

        Raises ApiError: 9014 the device never registered, 9040 no text of ours, or forged, 9092 it has an
        owner; for a share as `redeem_share`.
        """
        fields = _fields(text)
        if tuple(fields) == _SHARE and fields["type"] == "share":
            return await self.redeem_share(uid, fields["code"]), True
        if tuple(fields) != _BIND or fields["type"] != "bind" or not MAC.fullmatch(fields["mac"]):
            raise ApiError(9040, "this is no QR code of a device")
        try:
            product = await self.product_for(uid, fields["pk"])
        except ApiError as error:
            raise ApiError(9040, "the QR code names no product that this app serves") from error
        signed = _signed(fields["pk"], fields["mac"])
        secrets = product.secrets(self.clock())
        if not any(is_same(_signature(one, signed), fields["sig"]) for one in secrets):
            raise ApiError(9040, "the QR code is not signed by the maker of this product")
        device = await self.store.devices.find(fields["pk"], fields["mac"])
        if device is None:
            raise ApiError(9014, "the device must have been on-line once")
        return await self._bind(uid, device.did, set_owner=set_owner)


def _fields(text: str) -> dict[str, str]:
    """The fields in their order; none when the text is not of this form."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=len(_BIND))
    except ValueError:
        return {}
    fields = dict(pairs)
    return fields if len(text) <= QR_MAX and len(fields) == len(pairs) else {}


def _signed(product_key: str, mac: str) -> str:
    return f"type=bind&pk={product_key}&mac={quote(mac, safe=':')}"


def _signature(secret: str, signed: str) -> str:
    return hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()[:_SIGNATURE_DIGITS]
