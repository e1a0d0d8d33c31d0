"""Who acts for the maker: log-in, members, tokens."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from wxlink.relay.admin_api.call import Days, MemberCall, Name, Password
from wxlink.relay.errors import ApiError
from wxlink.relay.rest import Call, Route
from wxlink.relay.service import TOKEN_DAYS
from wxlink.relay.store import MakerMember


class MemberLogIn(Struct):
    """What a member proves itself with."""

    name: Name
    password: Password


class Session(Struct):
    """A token to send as `Authorization: Bearer ...`; expires_at in unix seconds."""

    token: str
    expires_at: float


class Me(Struct):
    """Who calls, and what the call may do."""

    account: str
    maker: int
    rights: list[str]


class MemberEntry(Struct):
    """A member. role: owner, admin or viewer."""

    name: str
    role: str
    created_at: float


class NewMember(Struct):
    """A member to add; who adds it tells the password to the person."""

    name: Name
    role: Name
    password: Password


class NewRole(Struct):
    """owner, admin or viewer."""

    role: Name


class NewPassword(Struct):
    """10 characters at least."""

    password: Password


class NewToken(Struct, kw_only=True):
    """A token of one's own, for a program. It never does more than `rights`, nor more than its member may."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    rights: Annotated[list[Name], Meta(min_length=1, max_length=16)]
    days: Days = TOKEN_DAYS


class TokenEntry(Struct):
    """A token, without its text."""

    id: int
    name: str
    member: str
    rights: list[str]
    created_at: float
    expires_at: float


class IssuedToken(Struct):
    """A token that was just made; its text is shown this once."""

    id: int
    token: str
    expires_at: float


async def log_in_member(call: Call, body: MemberLogIn) -> Session:
    """POST /admin/v1/login: a session for 12 hours."""
    issued = await call.service.log_in_member(body.name, body.password, call.address)
    return Session(issued.secret, issued.token.expires_at)


async def log_out_member(call: MemberCall) -> None:
    """POST /admin/v1/logout: end the session or token of this call."""
    await call.service.log_out_member(call.by)


async def show_me(call: MemberCall) -> Me:
    """GET /admin/v1/me: who calls."""
    return Me(call.by.account, call.maker, sorted(call.by.rights))


async def list_members(call: MemberCall) -> list[MemberEntry]:
    """GET /admin/v1/members: the maker's members."""
    return [_entry(one) for one in await call.service.members(call.by)]


async def add_member(call: MemberCall, body: NewMember) -> MemberEntry:
    """POST /admin/v1/members: add a member."""
    return _entry(await call.service.add_member(call.by, body.name, body.role, body.password))


async def set_role(call: MemberCall, body: NewRole) -> None:
    """PUT /admin/v1/members/{name}: give another role."""
    await call.service.set_role(call.by, call.segment("name"), body.role)


async def set_password(call: MemberCall, body: NewPassword) -> None:
    """PUT /admin/v1/members/{name}/password: give another password; the member's other sessions end."""
    await call.service.set_password(call.by, call.segment("name"), body.password)


async def remove_member(call: MemberCall) -> None:
    """DELETE /admin/v1/members/{name}: remove a member with all tokens."""
    await call.service.remove_member(call.by, call.segment("name"))


async def list_tokens(call: MemberCall) -> list[TokenEntry]:
    """GET /admin/v1/tokens: the maker's API tokens; without the right `members` one's own."""
    return [
        TokenEntry(token.id, token.name, member.name, list(token.scope), token.created_at, token.expires_at)
        for token, member in await call.service.tokens(call.by)
    ]


async def add_token(call: MemberCall, body: NewToken) -> IssuedToken:
    """POST /admin/v1/tokens: make a token of one's own; it takes a session, not a token."""
    issued = await call.service.add_token(call.by, call.by.name, body.name, body.rights, body.days)
    return IssuedToken(issued.token.id, issued.secret, issued.token.expires_at)


async def revoke_token(call: MemberCall) -> None:
    """DELETE /admin/v1/tokens/{id}: end a token."""
    given = call.segment("id")
    if not (given.isascii() and given.isdecimal() and len(given) <= _ID_DIGITS):
        raise ApiError(9005, "there is no such token")
    await call.service.revoke_token(call.by, int(given))


def _entry(member: MakerMember) -> MemberEntry:
    return MemberEntry(member.name, member.role, member.created_at)


_ID_DIGITS: Final = 9
_PREFIX: Final = "/admin/v1"

ROUTES: Final = (
    Route("POST", f"{_PREFIX}/login", log_in_member, errors=(9020, 9023, 9041)),
    Route("POST", f"{_PREFIX}/logout", log_out_member),
    Route("GET", f"{_PREFIX}/me", show_me),
    Route("GET", f"{_PREFIX}/members", list_members),
    Route("POST", f"{_PREFIX}/members", add_member, (201,), (9012, 9019, 9041)),
    Route("PUT", f"{_PREFIX}/members/{{name}}", set_role, errors=(9005,)),
    Route("PUT", f"{_PREFIX}/members/{{name}}/password", set_password, errors=(9005, 9041)),
    Route("DELETE", f"{_PREFIX}/members/{{name}}", remove_member, errors=(9005,)),
    Route("GET", f"{_PREFIX}/tokens", list_tokens),
    Route("POST", f"{_PREFIX}/tokens", add_token, (201,), (9005,)),
    Route("DELETE", f"{_PREFIX}/tokens/{{id}}", revoke_token, errors=(9005,)),
)
