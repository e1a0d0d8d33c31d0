"""Bindings: which devices the user has."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final

from msgspec import Meta, Struct

from wxlink.relay.errors import ApiError
from wxlink.relay.http_api.entries import DeviceEntry, device_entry
from wxlink.relay.rest import Given, Page, Route, UserCall
from wxlink.relay.rest.words import Flag
from wxlink.relay.service import LIST_MAX

TIMESTAMP: Final = "X-Gizwits-Timestamp"
SIGNATURE: Final = "X-Gizwits-Signature"


class SignedCall(UserCall):
    """A user's request with a proof of the product secret."""

    security: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **UserCall.security,
        "timestamp": {
            "type": "apiKey",
            "in": "header",
            "name": TIMESTAMP,
            "description": "unix seconds, at most five minutes off",
        },
        "signature": {
            "type": "apiKey",
            "in": "header",
            "name": SIGNATURE,
            "description": "MD5 hex of product secret and timestamp",
        },
    }
    refusals: ClassVar[tuple[int, ...]] = (*UserCall.refusals, 9043, 9044)


class BindMac(Struct, kw_only=True):
    """A device by what stands on its label."""

    product_key: str
    mac: str
    remark: str | None = None
    dev_alias: str | None = None
    set_owner: Flag | bool | None = None


class Owning(Struct):
    """A device and the proof that the user has it."""

    did: str
    passcode: str | None = None
    remark: str | None = None


class Ownings(Struct):
    """Several devices."""

    devices: Annotated[list[Owning], Meta(max_length=LIST_MAX)]


class Named(Struct):
    """A device."""

    did: str


class NamedDevices(Struct):
    """Several devices."""

    devices: Annotated[list[Named], Meta(max_length=LIST_MAX)]


class Outcome(Struct):
    """The dids for which it was done, and those for which not."""

    success: list[str]
    failed: list[str]


class BindingPage(Page, kw_only=True):
    """Which of the user's devices are wanted."""

    show_disabled: Flag = 0
    show_proto_ver: str = ""


class BindingList(Struct):
    """Devices in the order of binding."""

    devices: list[DeviceEntry]


class Words(Struct, kw_only=True):
    """The user's own words for a device; what is missing or null stays."""

    remark: str | None = None
    dev_alias: str | None = None
    dev_label: list[str] | None = None


class BindScanned(Struct, kw_only=True):
    """What stands in a QR code: of a device, or of an invitation."""

    qr_content: str
    set_owner: Flag | bool | None = None


async def bind_mac(call: SignedCall, body: BindMac) -> DeviceEntry | Given:
    """POST /app/bind_mac: bind a device by product key and mac; 200 when it was bound already.

    The first user of a device becomes its owner when its product has sharing and `set_owner` is not 0, else
    special; a device with an owner takes nobody else. The answer's `role` says what the user is.
    """
    owned, new = await call.service.bind_mac(
        call.uid,
        body.product_key,
        body.mac,
        timestamp=call.header(TIMESTAMP),
        signature=call.header(SIGNATURE),
        remark=body.remark or "",
        alias=body.dev_alias or "",
        set_owner=_chosen(body.set_owner),
    )
    entry = device_entry(owned, call.endpoints())
    return entry if new else Given(200, entry)


async def bind_scanned(call: UserCall, body: BindScanned) -> DeviceEntry | Given:
    """POST /app/bind_latest: bind what a QR code stands for; 200 when it was bound already.

    `type=bind&pk=...&mac=...&sig=...` stands on a device; its maker signs what is in front of `&sig=` with
    HMAC-SHA256 under the product secret and takes the first 32 hex digits. `type=share&code=...` is
    an owner's invitation.
    """
    owned, new = await call.service.bind_scanned(call.uid, body.qr_content, _chosen(body.set_owner))
    entry = device_entry(owned, call.endpoints())
    return entry if new else Given(200, entry)


async def list_bindings(call: UserCall, query: BindingPage) -> BindingList:
    """GET /app/bindings: a list shorter than `limit` is the last page."""
    page = await call.service.bindings(
        call.uid, limit=query.limit, skip=query.skip, show_disabled=query.show_disabled == 1
    )
    endpoints = call.endpoints()
    return BindingList([device_entry(owned, endpoints) for owned in page])


async def add_bindings(call: UserCall, body: Ownings) -> Outcome:
    """POST /app/bindings: the old form, in which did and passcode are the proof."""
    outcome = Outcome([], [])
    for one in body.devices:
        try:
            await call.service.bind_by_passcode(call.uid, one.did, one.passcode or "", one.remark or "")
        except ApiError:
            outcome.failed.append(one.did)
        else:
            outcome.success.append(one.did)
    return outcome


async def remove_bindings(call: UserCall, body: NamedDevices) -> Outcome:
    """DELETE /app/bindings: give devices up."""
    outcome = Outcome([], [])
    for one in body.devices:
        done = await call.service.unbind(call.uid, one.did)
        (outcome.success if done else outcome.failed).append(one.did)
    return outcome


async def describe_binding(call: UserCall, body: Words) -> Words:
    """PUT /app/bindings/{did}: the user's own words for the device."""
    binding = await call.service.describe(
        call.uid, call.did, remark=body.remark, alias=body.dev_alias, labels=body.dev_label
    )
    return Words(remark=binding.remark, dev_alias=binding.alias, dev_label=binding.labels)


def _chosen(set_owner: int | bool | None) -> bool | None:
    return None if set_owner is None else bool(set_owner)


ROUTES: Final = (
    Route("POST", "/app/bind_mac", bind_mac, (201, 200), (9002, 9014, 9092)),
    Route(
        "POST",
        "/app/bind_latest",
        bind_scanned,
        (201, 200),
        (9014, 9040, 9041, 9083, 9084, 9088, 9089, 9090, 9092, 9094, 9096),
    ),
    Route("GET", "/app/bindings", list_bindings),
    Route("POST", "/app/bindings", add_bindings),
    Route("DELETE", "/app/bindings", remove_bindings),
    Route("PUT", "/app/bindings/{did}", describe_binding, errors=(9014, 9017)),
)
