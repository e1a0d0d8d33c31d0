"""The calls of the app API, as a table of routes and one function each."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, TypeAlias

from aiohttp import web
from aiohttp.typedefs import Handler

from wxlink import __version__
from wxlink.relay.errors import ApiError
from wxlink.relay.http_api import answers
from wxlink.relay.http_api.answers import answer
from wxlink.relay.http_api.call import SIGNATURE, TIMESTAMP, Call, Form
from wxlink.relay.http_api.entries import device_entry, latest_entry, user_entry
from wxlink.relay.service import LIST_MAX, PAGE_MAX, Login, Service
from wxlink.relay.values import HEX

PAGE_DEFAULT: Final = 20  # devices; clients that page count on it
SKIP_MAX: Final = 1_000_000

Answering: TypeAlias = Callable[[Call], Awaitable[web.Response]]

_SERVICE: Final = web.AppKey("app API service", Service)


class Route(NamedTuple):
    """One call: method, path, and the function that answers it."""

    method: str
    path: str
    answering: Answering


def setup(app: web.Application, service: Service) -> None:
    """Let an application answer the app API. Adds routes and one middleware; other paths are not touched."""
    app[_SERVICE] = service
    app.middlewares.append(answers.middleware)
    for route in ROUTES:
        app.router.add_route(route.method, route.path, _handler(route.answering))


def _handler(answering: Answering) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        return await answering(Call(request, request.app[_SERVICE]))

    return handle


async def add_user(call: Call) -> web.Response:
    """POST /app/users: register, or log in anonymously; which of the forms it is, the keys say."""
    form = await call.form()
    for key, register in _REGISTRATIONS.items():
        if key in form:
            return answer(_login_entry(await register(call, form)), 201)
    raise ApiError(9015, f"give one of {', '.join(_REGISTRATIONS)}")


async def show_user(call: Call) -> web.Response:
    """GET /app/users"""
    return answer(user_entry(await call.service.user(await call.uid())))


async def log_in(call: Call) -> web.Response:
    """POST /app/login"""
    form = await call.form()
    return answer(
        _login_entry(await call.service.login(call.appid, form.text("username"), form.text("password")))
    )


async def bind_mac(call: Call) -> web.Response:
    """POST /app/bind_mac: 201 the first time, 200 when the device was bound already.

    `set_owner` has no effect: this relay has no sharing, and the answer's `role` says what the user became.
    """
    uid = await call.uid()
    form = await call.form()
    owned, new = await call.service.bind_mac(
        uid,
        form.text("product_key"),
        form.text("mac"),
        timestamp=call.header(TIMESTAMP),
        signature=call.header(SIGNATURE),
        remark=form.text("remark", ""),
        alias=form.text("dev_alias", ""),
    )
    return answer(device_entry(owned, call.endpoints()), 201 if new else 200)


async def list_bindings(call: Call) -> web.Response:
    """GET /app/bindings: a list shorter than `limit` is the last page."""
    uid = await call.uid()
    page = await call.service.bindings(
        uid,
        limit=call.query_number("limit", PAGE_DEFAULT, PAGE_MAX),
        skip=call.query_number("skip", 0, SKIP_MAX),
        show_disabled=call.query_number("show_disabled", 0, 1) == 1,
    )
    endpoints = call.endpoints()
    return answer({"devices": [device_entry(owned, endpoints) for owned in page]})


async def add_bindings(call: Call) -> web.Response:
    """POST /app/bindings, the old form: did and passcode are the proof."""
    uid = await call.uid()
    success: list[str] = []
    failed: list[str] = []
    for form in (await call.form()).forms("devices", LIST_MAX):
        did = form.text("did")
        try:
            await call.service.bind_by_passcode(uid, did, form.text("passcode", ""), form.text("remark", ""))
        except ApiError:
            failed.append(did)
        else:
            success.append(did)
    return answer({"success": success, "failed": failed})


async def remove_bindings(call: Call) -> web.Response:
    """DELETE /app/bindings"""
    uid = await call.uid()
    success: list[str] = []
    failed: list[str] = []
    for form in (await call.form()).forms("devices", LIST_MAX):
        did = form.text("did")
        (success if await call.service.unbind(uid, did) else failed).append(did)
    return answer({"success": success, "failed": failed})


async def describe_binding(call: Call) -> web.Response:
    """PUT /app/bindings/{did}: the user's own words for the device."""
    uid = await call.uid()
    form = await call.form()
    binding = await call.service.describe(
        uid,
        call.did,
        remark=form.optional_text("remark"),
        alias=form.optional_text("dev_alias"),
        labels=form.optional_texts("dev_label"),
    )
    return answer({"remark": binding.remark, "dev_alias": binding.alias, "dev_label": binding.labels})


async def show_device(call: Call) -> web.Response:
    """GET /app/devices/{did}"""
    owned = await call.service.device(await call.uid(), call.did)
    return answer(device_entry(owned, call.endpoints()))


async def find_device(call: Call) -> web.Response:
    """GET /app/devices?product_key&mac, the old look-up.

    The public service answers it, passcode included, to anyone with an appid, and a passcode is all that
    binding takes. Here it wants the token of a user who is bound to the device.
    """
    owned = await call.service.find_device(await call.uid(), call.query("product_key"), call.query("mac"))
    return answer(device_entry(owned, call.endpoints()))


async def show_latest(call: Call) -> web.Response:
    """GET /app/devdata/{did}/latest: `updated_at` 0 when the device never reported."""
    return answer(latest_entry(await call.service.latest(await call.uid(), call.did)))


async def control(call: Call) -> web.Response:
    """POST /app/control/{did}: data points, or P0 bytes. `{}` says that the command is on its way."""
    uid = await call.uid()
    form = await call.form()
    coding = form.text("binary_coding", HEX)
    if "attrs" in form:
        await call.service.control(uid, call.did, form.attrs("attrs"), coding)
    elif "raw" in form:
        await call.service.raw(uid, call.did, form.octets("raw", coding))
    else:
        raise ApiError(9015, "give attrs or raw")
    return answer({})


async def show_datapoint(call: Call) -> web.Response:
    """GET /app/datapoint?product_key: public, some clients send no header at all."""
    return answer(await call.service.datapoint(call.query("product_key")))


async def show_status(_call: Call) -> web.Response:
    """GET /status"""
    return answer({"status": {"version": __version__}})


async def show_errors(_call: Call) -> web.Response:
    """GET /errors"""
    return answer(answers.error_table())


async def _register_third_party(_call: Call, _form: Form) -> Login:
    raise ApiError(9026, "log-in by another platform is not enabled on this relay")


async def _register_phone(_call: Call, _form: Form) -> Login:
    raise ApiError(9010, "phone numbers need text messages, which are not enabled on this relay")


async def _register_anonymous(call: Call, form: Form) -> Login:
    return await call.service.anonymous_user(call.appid, form.text("phone_id"), form.text("lang", ""))


async def _register_email(call: Call, form: Form) -> Login:
    return await call.service.named_user(
        call.appid, form.text("password"), email=form.text("email"), lang=form.text("lang", "")
    )


async def _register_name(call: Call, form: Form) -> Login:
    return await call.service.named_user(
        call.appid, form.text("password"), username=form.text("username"), lang=form.text("lang", "")
    )


def _login_entry(login: Login) -> dict[str, Any]:
    return {"uid": login.uid, "token": login.token, "expire_at": login.expire_at}


_REGISTRATIONS: Final[dict[str, Callable[[Call, Form], Awaitable[Login]]]] = {
    "authData": _register_third_party,
    "phone": _register_phone,
    "phone_id": _register_anonymous,
    "email": _register_email,
    "username": _register_name,
}

ROUTES: Final = (
    Route("POST", "/app/users", add_user),
    Route("GET", "/app/users", show_user),
    Route("POST", "/app/login", log_in),
    Route("POST", "/app/bind_mac", bind_mac),
    Route("GET", "/app/bindings", list_bindings),
    Route("POST", "/app/bindings", add_bindings),
    Route("DELETE", "/app/bindings", remove_bindings),
    Route("PUT", "/app/bindings/{did}", describe_binding),
    Route("GET", "/app/devices", find_device),
    Route("GET", "/app/devices/{did}", show_device),
    Route("GET", "/app/devdata/{did}/latest", show_latest),
    Route("POST", "/app/control/{did}", control),
    Route("GET", "/app/datapoint", show_datapoint),
    Route("GET", "/status", show_status),
    Route("GET", "/errors", show_errors),
)
