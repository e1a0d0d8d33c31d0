"""A maker's devices."""

from typing import Annotated, Any, Final, TypeAlias

from msgspec import Meta, Struct

from wxlink.relay.admin_api.call import MemberCall, Seconds
from wxlink.relay.rest import Limit, Route
from wxlink.relay.store import Device

LIST_DEFAULT: Final = 100

Key: TypeAlias = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
Did: TypeAlias = Annotated[str, Meta(pattern="^[A-Za-z0-9]{22}$")]


class DeviceQuery(Struct, kw_only=True):
    """Which devices; `after` is the last did of the page before."""

    product_key: Key | None = None
    after: Did | None = None
    limit: Limit = LIST_DEFAULT


class DeviceEntry(Struct):
    """A device; its passcode is never shown. Times are unix seconds."""

    did: str
    mac: str
    product_key: str
    online: bool
    disabled: bool
    state_at: float
    registered_at: float
    has_update_key: bool
    health: dict[str, Any] | None
    health_at: float | None


class DeviceChange(Struct):
    """disabled: locked out of the broker and of control."""

    disabled: bool


class Transfer(Struct):
    """The user who gets the device."""

    uid: Key


class NewClaim(Struct):
    """How long the code can be used; the relay's own limit without it."""

    life_s: Seconds | None = None


class ClaimEntry(Struct):
    """A text for a QR code that binds who shows it first."""

    scene: str


async def list_devices(call: MemberCall, query: DeviceQuery) -> list[DeviceEntry]:
    """GET /admin/v1/devices: a page of the maker's devices; an empty one is the end."""
    found = await call.service.fleet(call.by, query.product_key, query.limit, query.after or "")
    return [_entry(one) for one in found]


async def show_fleet_device(call: MemberCall) -> DeviceEntry:
    """GET /admin/v1/devices/{did}: one device."""
    return _entry((await call.service.own_device(call.by, call.did)).device)


async def change_device(call: MemberCall, body: DeviceChange) -> None:
    """PUT /admin/v1/devices/{did}: lock a device out, or let it in again."""
    await call.service.disable_device(call.by, call.did, body.disabled)


async def transfer_device(call: MemberCall, body: Transfer) -> None:
    """POST /admin/v1/devices/{did}/transfer: make a user the only one of a device."""
    await call.service.hand_over(call.by, call.did, body.uid)


async def claim_device(call: MemberCall, body: NewClaim) -> ClaimEntry:
    """POST /admin/v1/devices/{did}/claims: issue a binding code."""
    return ClaimEntry(await call.service.claim_device(call.by, call.did, body.life_s))


async def remove_device(call: MemberCall) -> None:
    """DELETE /admin/v1/devices/{did}: forget a device with its bindings; its module may register again."""
    await call.service.remove_device(call.by, call.did)


def _entry(one: Device) -> DeviceEntry:
    return DeviceEntry(
        one.did,
        one.mac,
        one.product_key,
        one.online,
        one.disabled,
        one.state_at,
        one.registered_at,
        one.update_key is not None,
        one.health,
        one.health_at,
    )


_DEVICES: Final = "/admin/v1/devices"

ROUTES: Final = (
    Route("GET", _DEVICES, list_devices),
    Route("GET", f"{_DEVICES}/{{did}}", show_fleet_device, errors=(9014,)),
    Route("PUT", f"{_DEVICES}/{{did}}", change_device, errors=(9014,)),
    Route("POST", f"{_DEVICES}/{{did}}/transfer", transfer_device, errors=(9005, 9014)),
    Route("POST", f"{_DEVICES}/{{did}}/claims", claim_device, (201,), (9014,)),
    Route("DELETE", f"{_DEVICES}/{{did}}", remove_device, errors=(9014,)),
)
