"""Users see and control their devices."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from wxlink.relay import values
from wxlink.relay.downlink import MAX_P0_BYTES
from wxlink.relay.errors import ApiError
from wxlink.relay.service.core import Core, Owned
from wxlink.relay.store import CLIENT, Origin, Product, State
from wxproto import envelope
from wxproto.errors import LocalError, PeerError

# What a product file may lack and a reader of the published form expects.
_DEFINITION_DEFAULTS: Final[dict[str, Any]] = {
    "packetVersion": "0x00000004",
    "ui": {"object": {"version": 4, "showEditButton": False}, "sections": []},
}


Answer: TypeAlias = asyncio.Future[bytes]


class Latest(NamedTuple):
    """A device and what it last reported; the values are those of `values.to_store`."""

    owned: Owned
    state: State


class Control(Core):
    """Use cases of data points.

    `control`, `read` and `raw` return when the message is on its way: the device's answer comes as a report.
    `start_control` and `start_read` return a future of the body of the device's answer; it raises ApiError
    9021 when none came in time and 9042 when the device went off-line.
    What is sent is written down with its `origin`; without one it is an app's of this user.
    All raise ApiError: 9014 no such device, 9017 the user is not bound to it, 9021 the broker is away, 9023
    disabled, 9042 off-line, besides what they name.
    """

    async def latest(self, uid: str, did: str) -> Latest:
        """The latest state of a device, however old; `updated_at` is 0 when it never reported.

        Raises ApiError: 9014 no such device, 9017 the user is not bound to it.
        """
        owned = await self.device(uid, did)
        return Latest(owned, await self.store.states.latest(did))

    async def control(
        self,
        uid: str,
        did: str,
        attrs: Mapping[str, Any],
        binary_coding: str = values.HEX,
        origin: Origin | None = None,
    ) -> None:
        """Set data points. Raises ApiError 9025 naming the data point whose value does not fit."""
        p0 = control_p0((await self.device(uid, did)).product, attrs, binary_coding)
        await self.downlink.send(did, p0, origin or Origin(CLIENT, uid=uid))

    async def start_control(
        self,
        uid: str,
        did: str,
        attrs: Mapping[str, Any],
        binary_coding: str = values.HEX,
        origin: Origin | None = None,
    ) -> Answer:
        """Set data points and want an acknowledgement. Raises ApiError 9025, and 9041 with too many asks."""
        p0 = control_p0((await self.device(uid, did)).product, attrs, binary_coding)
        return await self.downlink.start_ask(did, p0, origin=origin or Origin(CLIENT, uid=uid))

    async def read(
        self, uid: str, did: str, names: Iterable[str] | None = None, origin: Origin | None = None
    ) -> None:
        """Ask for data points, all without names. A fixed-length product always tells all: names are ignored.

        Raises ApiError 9025 for an unknown name of a variable-length product.
        """
        p0 = await self._read_p0(uid, did, names)
        await self.downlink.send(did, p0, origin or Origin(CLIENT, uid=uid))

    async def start_read(
        self, uid: str, did: str, names: Iterable[str] | None = None, origin: Origin | None = None
    ) -> Answer:
        """Ask for data points and wait for them. Raises ApiError 9025, and 9041 with too many asks."""
        p0 = await self._read_p0(uid, did, names)
        return await self.downlink.start_ask(did, p0, origin=origin or Origin(CLIENT, uid=uid))

    async def raw(self, uid: str, did: str, data: bytes, origin: Origin | None = None) -> Answer | None:
        """Send P0, bare or in an envelope (`00 00 00 03 ...`); a future of the answer for a 0x0093.

        Raises ApiError: 9015 empty, malformed, too long, or an envelope that does not go to devices.
        """
        asks, p0 = unwrapped(data)
        await self.device(uid, did)
        origin = origin or Origin(CLIENT, uid=uid)
        if asks:
            return await self.downlink.start_ask(did, p0, origin=origin)
        await self.downlink.send(did, p0, origin)
        return None

    async def datapoint(self, product_key: str) -> dict[str, Any]:
        """The product's published definition. Raises ApiError 9002 when there is no such product."""
        product = await self.product(product_key)
        return _DEFINITION_DEFAULTS | product.definition

    async def check_attrs(self, product_key: str, attrs: Mapping[str, Any], binary_coding: str) -> None:
        """Whether a device of this product can be told these data points. Raises ApiError 9015 and 9025."""
        control_p0(await self.product(product_key), attrs, binary_coding)

    async def _read_p0(self, uid: str, did: str, names: Iterable[str] | None) -> bytes:
        product = (await self.device(uid, did)).product
        try:
            return product.codec.encode_read(names if product.points.variable else None)
        except LocalError as error:
            raise ApiError(9025, str(error)) from error


def control_p0(product: Product, attrs: Mapping[str, Any], binary_coding: str = values.HEX) -> bytes:
    """The P0 that sets data points. Raises ApiError 9015 for none, 9025 for a value that does not fit."""
    if not attrs:
        raise ApiError(9015, "attrs names at least one data point")
    try:
        return product.codec.encode_control(values.from_client(product.points, attrs, binary_coding))
    except LocalError as error:
        raise ApiError(9025, str(error)) from error


def unwrapped(data: bytes) -> tuple[bool, bytes]:
    """Whether an answer is wanted, and the P0. Raises ApiError 9015."""
    if not data:
        raise ApiError(9015, "raw holds at least the action byte")
    if not data.startswith(envelope.PREFIX):
        return False, data
    try:
        opened = envelope.decode(data, MAX_P0_BYTES)
    except PeerError as error:
        raise ApiError(9015, str(error)) from error
    if opened.cmd not in (envelope.NOTIFY, envelope.REQUEST) or not opened.p0:
        raise ApiError(9015, "raw after 00 00 00 03 is a 0x0090 or 0x0093 with at least an action byte")
    return opened.cmd == envelope.REQUEST, opened.p0
