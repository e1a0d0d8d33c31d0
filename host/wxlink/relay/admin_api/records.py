"""What a maker may have, what it has used, and who did what."""

from typing import Annotated, Final, TypeAlias

from msgspec import Meta, Struct

from wxlink.relay.admin_api.call import MemberCall
from wxlink.relay.rest import Limit, Route
from wxlink.relay.settings import DAY_S
from wxlink.relay.store import Wanted

USAGE_DAYS: Final = 31
AUDIT_DEFAULT: Final = 100  # rows

Word: TypeAlias = Annotated[str, Meta(max_length=255)]
Moment: TypeAlias = Annotated[float, Meta(ge=0, le=1e11)]
RowId: TypeAlias = Annotated[int, Meta(ge=1, le=2**53)]


class UsedDay(Struct):
    """Messages of the maker's devices on one day. day: its begin in unix seconds, UTC."""

    day: int
    messages: int
    refused: int


class MakerEntry(Struct):
    """The maker; a quota that is not named is not limited."""

    id: int
    name: str
    quotas: dict[str, int]
    usage: list[UsedDay]


class AuditQuery(Struct, kw_only=True):
    """Which rows. action: a whole one, or `product` for all of its kind. before: goes on after a page."""

    account: Word | None = None
    action: Word | None = None
    object: Word | None = None
    failed: bool = False
    since: Moment | None = None
    until: Moment | None = None
    before: RowId | None = None
    limit: Limit = AUDIT_DEFAULT


class AuditEntry(Struct):
    """One change or log-in. result: `ok`, or the code of the refusal. source: the peer's address."""

    id: int
    at: float
    account: str
    action: str
    object: str
    result: str
    source: str


async def show_maker(call: MemberCall) -> MakerEntry:
    """GET /admin/v1/maker: quotas, and the messages of the last days."""
    maker = await call.service.maker(call.maker)
    used = await call.service.usage(call.by, maker.id, USAGE_DAYS)
    days = [UsedDay(one.day * DAY_S, one.messages, one.refused) for one in used]
    return MakerEntry(maker.id, maker.name, maker.quotas, days)


async def list_audit(call: MemberCall, query: AuditQuery) -> list[AuditEntry]:
    """GET /admin/v1/audit: the audit log of the maker, the newest first."""
    wanted = Wanted(
        call.maker, query.account, query.action, query.object, query.failed, query.since, query.until
    )
    rows = await call.service.audit_log(call.by, wanted, query.limit, query.before)
    return [
        AuditEntry(id_, one.at, one.account, one.action, one.object, one.result, one.source)
        for id_, one in rows
    ]


ROUTES: Final = (
    Route("GET", "/admin/v1/maker", show_maker, errors=(9005,)),
    Route("GET", "/admin/v1/audit", list_audit),
)
