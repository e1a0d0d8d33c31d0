"""Devices: how they are, what they last said, and what they are told."""

from typing import Any, Final

from msgspec import Struct

from wxlink.relay.errors import ApiError
from wxlink.relay.http_api.entries import DeviceEntry, LatestEntry, device_entry, latest_entry
from wxlink.relay.rest import Call, Route, UserCall
from wxlink.relay.rest.words import Attrs, Raw, octets
from wxlink.relay.store import OPEN_API, Origin
from wxlink.relay.values import HEX


class ByMac(Struct):
    """A device by what stands on its label."""

    product_key: str
    mac: str


class ByProduct(Struct):
    """A product."""

    product_key: str


class Command(Struct, kw_only=True):
    """Data points by name, or P0 bytes. binary_coding: hex (as if it were missing) or base64."""

    attrs: Attrs | None = None
    raw: Raw | None = None
    binary_coding: str | None = None


async def show_device(call: UserCall) -> DeviceEntry:
    """GET /app/devices/{did}: one of the user's devices."""
    return device_entry(await call.service.device(call.uid, call.did), call.endpoints())


async def find_device(call: UserCall, query: ByMac) -> DeviceEntry:
    """GET /app/devices: the old look-up by product key and mac.

    The public service answers it, passcode included, to anyone with an appid, and a passcode is all that
    binding takes. Here it wants the token of a user who is bound to the device.
    """
    owned = await call.service.find_device(call.uid, query.product_key, query.mac)
    return device_entry(owned, call.endpoints())


async def show_latest(call: UserCall) -> LatestEntry:
    """GET /app/devdata/{did}/latest: the latest state; `updated_at` 0 when the device never reported."""
    return latest_entry(await call.service.latest(call.uid, call.did))


async def control(call: UserCall, body: Command) -> None:
    """POST /app/control/{did}: set data points, or send P0 bytes. `{}` says that it is on its way."""
    origin = Origin(OPEN_API, call.appid, call.uid)
    if body.attrs is not None:
        await call.service.control(call.uid, call.did, body.attrs, body.binary_coding or HEX, origin)
    elif body.raw is not None:
        await call.service.raw(call.uid, call.did, octets(body.raw, body.binary_coding), origin)
    else:
        raise ApiError(9015, "give attrs or raw")


async def show_datapoint(call: Call, query: ByProduct) -> dict[str, Any]:
    """GET /app/datapoint: a product's definition. Public: some clients send no header at all."""
    return await call.service.datapoint(query.product_key)


ROUTES: Final = (
    Route("GET", "/app/devices", find_device, errors=(9002, 9014, 9017)),
    Route("GET", "/app/devices/{did}", show_device, errors=(9014, 9017)),
    Route("GET", "/app/devdata/{did}/latest", show_latest, errors=(9014, 9017)),
    Route("POST", "/app/control/{did}", control, errors=(9014, 9017, 9021, 9023, 9025, 9042)),
    Route("GET", "/app/datapoint", show_datapoint, errors=(9002,)),
)
