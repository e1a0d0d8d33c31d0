"""Sharing: invitations to a device, and who has it by them."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from wxlink.relay.errors import ApiError
from wxlink.relay.http_api.lists import ListMeta, iso, list_meta
from wxlink.relay.masks import masked, masked_email
from wxlink.relay.rest import Page, Route, UserCall
from wxlink.relay.rest.words import Flag
from wxlink.relay.service import Invitee
from wxlink.relay.store import BY_QR, Guest, Listed, ShareFilter

MINUTES_MAX: Final = 1440

_ACCEPTING: Final = (9041, 9083, 9084, 9088, 9089, 9090, 9094, 9096)


class NewShare(Struct, kw_only=True):
    """An invitation. type 0: to one of uid, username, email, phone; 1: by QR code, which ignores them.

    duration: for how many minutes the guest has the device once they accepted; missing: for good.
    """

    type: Flag
    did: str
    uid: str | None = None
    username: str | None = None
    email: str | None = None
    phone: str | None = None
    duration: Annotated[int, Meta(ge=1, le=MINUTES_MAX)] | None = None


class MadeShare(Struct):
    """id of an invitation to a user, or what the QR code is to hold; the other is null."""

    id: int | None
    qr_content: str | None


class SharePage(Page, kw_only=True):
    """sharing_type 0: sent by the user, 1: got. status 0 waits, 1 accepted, 2 refused, 3 cancelled."""

    sharing_type: Flag
    status: Annotated[int, Meta(ge=0, le=3)] | None = None
    did: str | None = None


class ShareEntry(Struct, kw_only=True):
    """An invitation. The names are the other side's, partly hidden; null where there are none."""

    id: int
    type: int
    uid: str | None
    username: str | None
    user_alias: str
    email: str | None
    phone: str | None
    did: str
    product_name: str
    dev_alias: str
    status: int
    created_at: str
    updated_at: str
    expired_at: str


class ShareList(Struct):
    """Invitations, newest first."""

    meta: ListMeta
    objects: list[ShareEntry]


class Decision(Struct):
    """1 accepts, 2 refuses."""

    status: Annotated[int, Meta(ge=1, le=2)]


class ShareId(Struct):
    """An invitation."""

    id: int


class CodeEntry(Struct):
    """What a QR code invites to."""

    owner: str
    product_name: str
    dev_alias: str
    expired_at: str


class Alias(Struct):
    """What the user calls the other side."""

    user_alias: str


class Person(Struct):
    """A user."""

    uid: str


class GuestEntry(Struct):
    """Who has a device by its owner's leave; names are partly hidden."""

    username: str | None
    phone: str | None
    email: str | None
    uid: str
    created_at: str


async def add_share(call: UserCall, body: NewShare) -> MadeShare:
    """POST /app/sharing: invite a user to a device, for 24 hours, or whoever scans a QR code in 15 minutes.

    The device's first user becomes its owner by it, and its other users become guests.
    """
    if body.type == BY_QR:
        made = await call.service.share_by_qr(call.uid, body.did, body.duration)
    else:
        invitee = Invitee(body.uid, body.username, body.email, body.phone)
        made = await call.service.share(call.uid, body.did, invitee, body.duration)
    return MadeShare(made.id, None if made.code is None else f"type=share&code={made.code}")


async def list_shares(call: UserCall, query: SharePage) -> ShareList:
    """GET /app/sharing: the invitations that the user sent, or got."""
    which = ShareFilter(query.sharing_type == 0, query.status, query.did)
    total, found = await call.service.shares(call.uid, which, query.limit, query.skip)
    asked = {"sharing_type": query.sharing_type, "status": query.status, "did": query.did}
    return ShareList(list_meta("/app/sharing", asked, query, total), [_entry(one) for one in found])


async def answer_share(call: UserCall, query: Decision) -> ShareId:
    """PUT /app/sharing/{id}: accept or refuse an invitation."""
    await call.service.answer_share(call.uid, _id(call), query.status == 1)
    return ShareId(_id(call))


async def cancel_share(call: UserCall) -> ShareId:
    """DELETE /app/sharing/{id}: take an invitation back; who accepted it loses the device.

    What was taken by QR code is ended with DELETE /app/{did}/bindings.
    """
    await call.service.cancel_share(call.uid, _id(call))
    return ShareId(_id(call))


async def show_code(call: UserCall) -> CodeEntry:
    """GET /app/sharing/code/{code}: what a QR code invites to."""
    shown = await call.service.show_share(call.uid, call.segment("code"))
    expired_at = iso(shown.share.expires_at)
    return CodeEntry(shown.owner.shown_name, shown.product_name, shown.device_name, expired_at)


async def redeem_code(call: UserCall) -> None:
    """POST /app/sharing/code/{code}: accept the invitation in a QR code; only the first who does can."""
    await call.service.redeem_share(call.uid, call.segment("code"))


async def name_other(call: UserCall, query: Alias) -> None:
    """PUT /app/sharing/{id}/alias: what the user calls the other side of an invitation."""
    await call.service.name_share(call.uid, _id(call), query.user_alias)


async def transfer(call: UserCall, query: Person) -> None:
    """POST /app/sharing/{did}/transfer: make a guest the owner; the old owner loses the device."""
    await call.service.transfer(call.uid, call.did, query.uid)


async def list_guests(call: UserCall) -> list[GuestEntry]:
    """GET /app/{did}/bindings: who has the owner's device besides the owner."""
    return [_guest(one) for one in await call.service.guests(call.uid, call.did)]


async def remove_guest(call: UserCall, query: Person) -> None:
    """DELETE /app/{did}/bindings: the owner takes the device from a guest."""
    await call.service.remove_guest(call.uid, call.did, query.uid)


def _id(call: UserCall) -> int:
    text = call.segment("id")
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise ApiError(9084)
    return int(text)


def _entry(listed: Listed) -> ShareEntry:
    share, other = listed.share, listed.other
    return ShareEntry(
        id=share.id,
        type=share.type,
        uid=other.uid if other else None,
        username=masked(other.username) if other else None,
        user_alias=listed.others_alias,
        email=masked_email(other.email) if other else None,
        phone=masked(other.phone) if other else None,
        did=share.did,
        product_name=listed.product_name,
        dev_alias=listed.device_alias,
        status=share.status,
        created_at=iso(share.created_at),
        updated_at=iso(share.updated_at),
        expired_at=iso(share.expires_at),
    )


def _guest(guest: Guest) -> GuestEntry:
    user = guest.user
    return GuestEntry(
        username=masked(user.username),
        phone=masked(user.phone),
        email=masked_email(user.email),
        uid=user.uid,
        created_at=iso(guest.created_at),
    )


ROUTES: Final = (
    Route("POST", "/app/sharing", add_share, (201,), (9014, 9017, 9041, 9080, 9081, 9082, 9083, 9087)),
    Route("GET", "/app/sharing", list_shares, errors=(9014, 9017, 9093)),
    Route("GET", "/app/sharing/code/{code}", show_code, errors=_ACCEPTING[1:]),
    Route("POST", "/app/sharing/code/{code}", redeem_code, errors=_ACCEPTING),
    Route("PUT", "/app/sharing/{id}", answer_share, errors=_ACCEPTING),
    Route("DELETE", "/app/sharing/{id}", cancel_share, errors=(9084, 9089, 9093, 9094)),
    Route("PUT", "/app/sharing/{id}/alias", name_other, errors=(9084, 9100)),
    Route("POST", "/app/sharing/{did}/transfer", transfer, errors=(9014, 9017, 9080, 9082, 9093)),
    Route("GET", "/app/{did}/bindings", list_guests, errors=(9014, 9017, 9093)),
    Route("DELETE", "/app/{did}/bindings", remove_guest, errors=(9014, 9017, 9082, 9093, 9095)),
)
