"""Users: registration, log-in, who they are."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from msgspec import Struct

from wxlink.relay.errors import ApiError
from wxlink.relay.http_api.entries import LoginEntry, UserEntry, login_entry, user_entry
from wxlink.relay.rest import AppCall, Route, UserCall
from wxlink.relay.service import Login


class NewUser(Struct, kw_only=True):
    """One form of registration; which, the keys say. The first of this order counts.

    authData: another platform's user. phone: with the code of a text message. phone_id: an anonymous user,
    the same one each time. email, username: with a password.
    """

    authData: dict[str, Any] | None = None
    phone: str | None = None
    phone_id: str | None = None
    email: str | None = None
    username: str | None = None
    password: str | None = None
    code: str | None = None
    lang: str | None = None


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


async def _third_party(_call: AppCall, _body: NewUser) -> Login:
    raise ApiError(9026, "log-in by another platform is not enabled on this relay")


async def _phone(_call: AppCall, _body: NewUser) -> Login:
    raise ApiError(9010, "phone numbers need text messages, which are not enabled on this relay")


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
    Route("POST", "/app/users", add_user, (201,), (9010, 9019, 9022, 9026, 9041)),
    Route("GET", "/app/users", show_user, errors=(9005,)),
    Route("POST", "/app/login", log_in, errors=(9020, 9041)),
)
