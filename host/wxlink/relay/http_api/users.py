"""Users: registration, log-in, who they are."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from wxlink.relay.errors import ApiError
from wxlink.relay.http_api.entries import LoginEntry, UserEntry, login_entry, user_entry
from wxlink.relay.rest import AppCall, Route, UserCall
from wxlink.relay.rest.call import USER_TOKEN
from wxlink.relay.service import Login


class AuthData(Struct):
    """A user of another platform: its name, the user's id there, and a token that it issued."""

    src: str
    uid: str
    token: str


class NewUser(Struct, kw_only=True):
    """One form of registration; which, the keys say. The first of this order counts.

    authData: another platform's user. phone: with the code of a text message. phone_id: an anonymous user,
    the same one each time. email, username: with a password.
    """

    authData: AuthData | None = None
    phone: str | None = None
    phone_id: str | None = None
    email: str | None = None
    username: str | None = None
    password: str | None = None
    code: str | None = None
    lang: str | None = None


class Changes(Struct, kw_only=True):
    """What is to be another; what is missing or null stays."""

    username: str | None = None
    password: str | None = None
    phone: str | None = None
    code: str | None = None
    email: str | None = None
    old_pwd: str | None = None
    new_pwd: str | None = None
    name: str | None = None
    gender: str | None = None
    birthday: str | None = None
    address: str | None = None
    lang: str | None = None
    remark: str | None = None


class Changed(Struct):
    """When; ISO 8601 with microseconds and without a zone, in UTC."""

    updatedAt: str


class Reset(Struct, kw_only=True):
    """The address for a letter with a link, or number, code and new password."""

    email: str | None = None
    phone: str | None = None
    new_pwd: str | None = None
    code: str | None = None


class AppStart(Struct, kw_only=True):
    """What an app tells when it starts."""

    phone_id: str | None = None
    os: str | None = None
    os_ver: str | None = None
    sdk_version: str | None = None
    phone_model: str | None = None


class LogIn(Struct):
    """username is a name, an e-mail address or a phone number."""

    username: str
    password: str
    lang: str | None = None


async def add_user(call: AppCall, body: NewUser) -> LoginEntry:
    """POST /app/users: register, or log in anonymously."""
    for key, register in _REGISTRATIONS.items():
        if getattr(body, key) is not None:
            return login_entry(await register(call, body))
    raise ApiError(9015, f"give one of {', '.join(_REGISTRATIONS)}")


async def show_user(call: UserCall) -> UserEntry:
    """GET /app/users: the user who calls."""
    return user_entry(await call.service.user(call.uid))


async def log_in(call: AppCall, body: LogIn) -> LoginEntry:
    """POST /app/login: log in with a password."""
    return login_entry(await call.service.login(call.appid, body.username, body.password))


async def change_user(call: UserCall, body: Changes) -> Changed:
    """PUT /app/users: another name, number, address, password or profile.

    `username` and `password`, or `phone`, `password` and `code`, make a named user of an anonymous one.
    """
    given = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not None}
    at = await call.service.change_user(call.uid, call.header(USER_TOKEN), given)
    when = datetime.fromtimestamp(at, UTC).replace(tzinfo=None)
    return Changed(when.isoformat(timespec="microseconds"))


async def reset_password(call: AppCall, body: Reset) -> None:
    """POST /app/reset_password: send a link by e-mail, or set a password with the code of a text message."""
    if body.email is not None:
        await call.service.send_password_link(call.appid, body.email, call.base)
    elif body.phone is not None:
        await call.service.reset_password(call.appid, body.phone, body.code or "", body.new_pwd or "")
    else:
        raise ApiError(9015, "give email, or phone, code and new_pwd")


async def export_user(call: UserCall) -> dict[str, Any]:
    """GET /app/users/export: all that is known of the user who calls, by table, without secrets."""
    return await call.service.export_user(call.uid)


async def erase_user(call: UserCall) -> None:
    """DELETE /app/users: forget the user who calls, for good, with what their devices alone reported."""
    await call.service.erase_user(call.uid)


async def note_start(_call: AppCall, body: AppStart) -> None:
    """POST /app/provision: an app has started. Nothing is kept of it."""


async def _third_party(call: AppCall, body: NewUser) -> Login:
    data = body.authData
    if data is None:
        raise ApiError(9015, "authData is missing")
    return await call.service.platform_user(call.appid, data.src, data.uid, data.token, body.lang or "")


async def _phone(call: AppCall, body: NewUser) -> Login:
    return await call.service.named_user(
        call.appid,
        _needed(body.password),
        phone=body.phone,
        code=body.code or "",
        lang=body.lang or "",
    )


async def _anonymous(call: AppCall, body: NewUser) -> Login:
    return await call.service.anonymous_user(call.appid, body.phone_id or "", body.lang or "")


async def _email(call: AppCall, body: NewUser) -> Login:
    password = _needed(body.password)
    return await call.service.named_user(call.appid, password, email=body.email, lang=body.lang or "")


async def _name(call: AppCall, body: NewUser) -> Login:
    password = _needed(body.password)
    return await call.service.named_user(call.appid, password, username=body.username, lang=body.lang or "")


def _needed(password: str | None) -> str:
    if password is None:
        raise ApiError(9015, "password is missing")
    return password


_REGISTRATIONS: Final[dict[str, Callable[[AppCall, NewUser], Awaitable[Login]]]] = {
    "authData": _third_party,
    "phone": _phone,
    "phone_id": _anonymous,
    "email": _email,
    "username": _name,
}

ROUTES: Final = (
    Route("POST", "/app/users", add_user, (201,), (9009, 9010, 9012, 9018, 9019, 9022, 9026, 9041)),
    Route("GET", "/app/users", show_user, errors=(9005,)),
    Route("PUT", "/app/users", change_user, errors=(9005, 9009, 9010, 9018, 9019, 9020, 9022, 9041)),
    Route("DELETE", "/app/users", erase_user, errors=(9005,)),
    Route("GET", "/app/users/export", export_user, errors=(9005,)),
    Route("POST", "/app/reset_password", reset_password, errors=(9005, 9009, 9010, 9022, 9041)),
    Route("POST", "/app/provision", note_start),
    Route("POST", "/app/login", log_in, errors=(9020, 9041)),
)
