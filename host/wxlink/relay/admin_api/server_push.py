"""A maker's servers: the keys with which they listen to server push, and their queues."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from wxlink.relay.admin_api.call import MemberCall
from wxlink.relay.rest import Route
from wxlink.relay.service import NOTE_MAX


class PushKeyEntry(Struct):
    """A key, without its secret. product_key null: it stands for all products of the maker."""

    auth_id: str
    product_key: str | None
    note: str
    created_at: float


class NewPushKey(Struct, kw_only=True):
    """product_key null: for all products, in the enterprise dialect. note: who has it."""

    product_key: str | None = None
    note: Annotated[str, Meta(max_length=NOTE_MAX)] = ""


class AddedPushKey(Struct):
    """A key that was just made; its secret is shown this once."""

    auth_id: str
    auth_secret: str


class PushQueue(Struct):
    """A queue. waiting: events; dropped: those that found no room or got too old; seen_at: the last visit."""

    product_key: str | None
    subkey: str
    events: list[str]
    waiting: int
    dropped: int
    seen_at: float


async def list_push_keys(call: MemberCall) -> list[PushKeyEntry]:
    """GET /admin/v1/push_keys: the keys of the maker's servers."""
    return [
        PushKeyEntry(one.auth_id, one.product_key, one.note, one.created_at)
        for one in await call.service.push_keys(call.by)
    ]


async def add_push_key(call: MemberCall, body: NewPushKey) -> AddedPushKey:
    """POST /admin/v1/push_keys: let servers of the maker listen and command devices."""
    issued = await call.service.issue_push_key(call.by, body.product_key, body.note)
    return AddedPushKey(issued.auth_id, issued.secret)


async def remove_push_key(call: MemberCall) -> None:
    """DELETE /admin/v1/push_keys/{auth_id}: take a key back."""
    await call.service.revoke_push_key(call.by, call.segment("auth_id"))


async def list_push_queues(call: MemberCall) -> list[PushQueue]:
    """GET /admin/v1/push_queues: how full the queues of server push are."""
    return [
        PushQueue(
            one.queue.product_key or None,
            one.queue.subkey,
            sorted(one.queue.events),
            one.waiting,
            one.dropped,
            one.seen_at,
        )
        for one in await call.service.push_queues(call.by)
    ]


_KEYS: Final = "/admin/v1/push_keys"

ROUTES: Final = (
    Route("GET", _KEYS, list_push_keys),
    Route("POST", _KEYS, add_push_key, (201,), (9002,)),
    Route("DELETE", f"{_KEYS}/{{auth_id}}", remove_push_key, errors=(9027,)),
    Route("GET", "/admin/v1/push_queues", list_push_queues),
)
