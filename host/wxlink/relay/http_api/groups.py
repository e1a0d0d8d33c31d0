"""Groups: devices by room, or of one kind to be controlled as one."""

from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from wxlink.relay.errors import ApiError
from wxlink.relay.http_api.devices import Command
from wxlink.relay.http_api.lists import iso
from wxlink.relay.rest import Route, UserCall
from wxlink.relay.rest.words import Flag, octets
from wxlink.relay.service import LIST_MAX
from wxlink.relay.store import OPEN_API, Origin
from wxlink.relay.values import HEX


class NewGroup(Struct, kw_only=True):
    """A group; with a product_key it takes devices of that product only, and can be controlled."""

    group_name: str
    product_key: str | None = None


class GroupName(Struct):
    """The name of a group."""

    group_name: str


class GroupId(Struct):
    """A group."""

    id: str


class GroupEntry(Struct, kw_only=True):
    """A group; product_key and verbose_name (the product's name) are empty for one of any devices."""

    created_at: str
    updated_at: str
    product_key: str
    group_name: str
    verbose_name: str
    id: str


class MemberEntry(Struct, kw_only=True):
    """A device in a group."""

    did: str
    type: str = "normal"
    verbose_name: str
    dev_alias: str
    product_key: str


class Dids(Struct):
    """Devices."""

    dids: Annotated[list[str], Meta(max_length=LIST_MAX)]


class Detail(Struct, kw_only=True):
    """Why a device was refused."""

    did: str
    error_message: str
    error_code: int
    detail_msg: str | None


class GroupOutcome(Struct, kw_only=True):
    """The dids for which it was done, and those for which not; detail only when it was asked for."""

    success: list[str]
    failed: list[str]
    detail: list[Detail] | UnsetType = UNSET


class ShowDetail(Struct):
    """1: say why devices were refused."""

    show_detail: Flag = 0


class Controlled(Struct):
    """A device, and whether the command is on its way to it."""

    did: str
    result: bool


async def list_groups(call: UserCall) -> list[GroupEntry]:
    """GET /app/group: the user's groups, oldest first."""
    return [
        GroupEntry(
            created_at=iso(group.created_at),
            updated_at=iso(group.updated_at),
            product_key=group.product_key or "",
            group_name=group.name,
            verbose_name=product_name,
            id=group.id,
        )
        for group, product_name in await call.service.groups(call.uid)
    ]


async def add_group(call: UserCall, body: NewGroup) -> GroupId:
    """POST /app/group: make a group."""
    return GroupId(await call.service.add_group(call.uid, body.group_name, body.product_key))


async def rename_group(call: UserCall, body: GroupName) -> None:
    """PUT /app/group/{id}: give a group another name."""
    await call.service.rename_group(call.uid, call.segment("id"), body.group_name)


async def remove_group(call: UserCall) -> None:
    """DELETE /app/group/{id}: delete a group; its devices stay bound."""
    await call.service.remove_group(call.uid, call.segment("id"))


async def list_members(call: UserCall) -> list[MemberEntry]:
    """GET /app/group/{id}/devices: the devices in a group."""
    return [
        MemberEntry(
            did=one.did, verbose_name=one.product_name, dev_alias=one.alias, product_key=one.product_key
        )
        for one in await call.service.group_devices(call.uid, call.segment("id"))
    ]


async def add_members(call: UserCall, body: Dids, query: ShowDetail) -> GroupOutcome:
    """POST /app/group/{id}/devices: put devices into a group."""
    refused = await call.service.put_into_group(call.uid, call.segment("id"), body.dids)
    outcome = _outcome(body.dids, set(refused))
    if query.show_detail:
        outcome.detail = [_detail(did, error) for did, error in refused.items()]
    return outcome


async def remove_members(call: UserCall, body: Dids) -> GroupOutcome:
    """DELETE /app/group/{id}/devices: take devices out of a group."""
    gone = await call.service.take_from_group(call.uid, call.segment("id"), body.dids)
    return _outcome(body.dids, set(body.dids) - gone)


async def control_group(call: UserCall, body: Command) -> list[Controlled]:
    """POST /app/group/{id}/control: tell all devices of a group with a product_key the same."""
    told: dict[str, Any] = {"attrs": body.attrs}
    if body.attrs is None and body.raw is not None:
        told["raw"] = octets(body.raw, body.binary_coding)
    done = await call.service.group_control(
        call.uid,
        call.segment("id"),
        **told,
        binary_coding=body.binary_coding or HEX,
        origin=Origin(OPEN_API, call.appid, call.uid),
    )
    return [Controlled(one.did, one.result) for one in done]


def _outcome(dids: list[str], failed: set[str]) -> GroupOutcome:
    asked = list(dict.fromkeys(dids))
    return GroupOutcome(
        success=[did for did in asked if did not in failed], failed=[did for did in asked if did in failed]
    )


def _detail(did: str, error: ApiError) -> Detail:
    return Detail(did=did, error_message=error.text, error_code=error.code, detail_msg=error.detail)


ROUTES: Final = (
    Route("GET", "/app/group", list_groups),
    Route("POST", "/app/group", add_group, (201,), (9002, 9041)),
    Route("PUT", "/app/group/{id}", rename_group),
    Route("DELETE", "/app/group/{id}", remove_group, errors=(9015,)),
    Route("GET", "/app/group/{id}/devices", list_members, errors=(9015,)),
    Route("POST", "/app/group/{id}/devices", add_members),
    Route("DELETE", "/app/group/{id}/devices", remove_members),
    Route("POST", "/app/group/{id}/control", control_group, errors=(9025,)),
)
