"""One socket's conversation: who is logged in, which devices it watches, what each command does."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

from wxlink.relay import values
from wxlink.relay.errors import ApiError
from wxlink.relay.events import BindingChanged, Bus, DeviceEvent, Unwatch
from wxlink.relay.service import Service
from wxlink.relay.ws_api import messages
from wxlink.relay.ws_api.limits import (
    MAX_DEVICES,
    MAX_MESSAGE_BYTES,
    MAX_NAMES,
    MAX_OPEN_ASKS,
    MAX_SOCKETS_PER_USER,
    Limits,
)
from wxproto import envelope
from wxproto.errors import PeerError

log = logging.getLogger(__name__)


class Audience:
    """What the sockets of one relay share: how many each user has, and texts made once for all of them."""

    def __init__(self) -> None:
        self.texts = messages.EventTexts()
        self._sockets: dict[str, int] = {}

    def enter(self, uid: str) -> bool:
        """Count a socket of this user; False when there are MAX_SOCKETS_PER_USER already."""
        if self._sockets.get(uid, 0) >= MAX_SOCKETS_PER_USER:
            return False
        self._sockets[uid] = self._sockets.get(uid, 0) + 1
        return True

    def leave(self, uid: str) -> None:
        """The user has one socket less."""
        self._sockets[uid] -= 1
        if not self._sockets[uid]:
            del self._sockets[uid]


class Session:
    """Handles the messages of one socket strictly in the order of their arrival.

    send: queues one text for this client, never blocks.
    """

    def __init__(
        self,
        service: Service,
        bus: Bus,
        audience: Audience,
        limits: Limits,
        send: Callable[[bytes], None],
    ) -> None:
        self.silence_s = limits.login_within_s
        """How long this socket may be silent."""
        self.login_failures = 0
        self._service = service
        self._bus = bus
        self._audience = audience
        self._limits = limits
        self._send = send
        self._uid: str | None = None
        self._credentials: tuple[str, str] = ("", "")
        self._had_login = False
        self._custom = False
        self._auto = True
        self._watched: dict[str, Unwatch] = {}
        self._unwatch_user: Unwatch | None = None
        self._asks: set[asyncio.Task[None]] = set()
        self._handlers: dict[str, Callable[[dict[str, Any]], Awaitable[None]]] = {
            "login_req": self._login,
            "subscribe_req": self._subscribe,
            "c2s_read": self._read,
            "c2s_write": self._write,
            "c2s_raw": self._raw,
            "c2s_ack": self._ack,
            "ping": self._ping,
        }

    @property
    def logged_in(self) -> bool:
        """True between a login that succeeded and its end."""
        return self._uid is not None

    async def handle(self, given: str) -> None:
        """Handle one text message; whatever is wrong with it is answered, and nothing is raised."""
        try:
            message = _parse(given)
            handler = self._handlers.get(message["cmd"])
            if handler is None:
                _wrong(f"cmd is one of {', '.join(self._handlers)}")
            if not self.logged_in and handler != self._login:
                self._send(messages.invalid(self._login_missing))
                return
            await handler(message)
        except ApiError as error:
            self._send(messages.refused(error))
        except Exception:
            log.exception("a WebSocket message could not be handled")
            self._send(messages.refused(ApiError(9008)))

    async def check_token(self) -> None:
        """Look at the token again; when it is no longer valid the client is told to log in again."""
        checked = self._credentials
        if not self.logged_in:
            return
        try:
            await self._service.authenticate(*checked)
        except ApiError:
            if self._credentials == checked:  # no login came in between
                self._log_out()
                self._send(messages.invalid(messages.SESSION_GONE))
        except Exception:
            log.exception("a token could not be checked; it is checked again later")

    def end(self) -> None:
        """The socket is closed: watch nothing and wait for nothing any more."""
        self._log_out()
        for task in tuple(self._asks):
            task.cancel()

    @property
    def _login_missing(self) -> int:
        return messages.SESSION_GONE if self._had_login else messages.NOT_LOGGED_IN

    # Login and subscription

    async def _login(self, message: dict[str, Any]) -> None:
        """login_req, also repeated on a socket that is logged in: the new one takes its place."""
        data = message.get("data")
        data = data if isinstance(data, dict) else {}
        self._log_out()
        changed: list[BindingChanged] = []
        try:
            uid = await self._authenticated(data)
            with self._noting_bindings(uid, changed):
                auto = data.get("auto_subscribe", True) not in (False, 0)
                owned = await self._service.bindings(uid, MAX_DEVICES) if auto else []
        except ApiError as error:
            self.login_failures += 1
            self.silence_s = self._limits.login_within_s
            self._send(messages.login_res(error.text))
            return
        # Nothing is awaited from here on: no event comes between login_res and the subscriptions.
        if not self._audience.enter(uid):
            self._send(messages.login_res("too many sockets of this user"))
            return
        self._uid = uid
        self._had_login = True
        self.login_failures = 0
        self._custom = data.get("p0_type") == "custom"
        self._auto = auto
        self.silence_s = self._limits.heartbeat_s(data.get("heartbeat_interval"))
        self._send(messages.login_res())
        self._unwatch_user = self._bus.watch_user(uid, self._binding_changed)
        for device in owned:
            self._watch(device.device.did)
        for event in changed:
            self._binding_changed(event)

    @contextmanager
    def _noting_bindings(self, uid: str, changed: list[BindingChanged]) -> Iterator[None]:
        """Note what happens to the user's bindings while they are read."""
        unwatch = self._bus.watch_user(uid, changed.append)
        try:
            yield
        finally:
            unwatch()

    async def _authenticated(self, data: Mapping[str, Any]) -> str:
        appid, uid, token = (data.get(key) for key in ("appid", "uid", "token"))
        if not (isinstance(appid, str) and isinstance(uid, str) and isinstance(token, str)):
            raise ApiError(9015)
        if await self._service.authenticate(appid, token) != uid:
            raise ApiError(9004)
        self._credentials = (appid, token)
        return uid

    async def _subscribe(self, message: dict[str, Any]) -> None:
        """subscribe_req: a list of objects with `did`; other keys occur in the wild and are ignored."""
        entries = message.get("data")
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            _wrong("the data of subscribe_req is a list of objects with did")
        dids = [entry.get("did") for entry in entries]
        if not all(isinstance(did, str) for did in dids):
            _wrong("did is a text")
        if len(set(dids) | self._watched.keys()) > MAX_DEVICES:
            _wrong(f"a socket watches at most {MAX_DEVICES} devices")
        asked = dict.fromkeys(dids)
        failed = await self._service.refusals(self._user, asked)
        success = [did for did in asked if did not in failed]
        self._send(messages.subscribe_res(success, failed))
        for did in success:
            self._watch(did)

    @property
    def _user(self) -> str:
        if self._uid is None:
            raise ApiError(9004)
        return self._uid

    def _log_out(self) -> None:
        if self._uid is not None:
            self._audience.leave(self._uid)
            self._uid = None
        if self._unwatch_user:
            self._unwatch_user()
            self._unwatch_user = None
        for unwatch in self._watched.values():
            unwatch()
        self._watched.clear()

    def _watch(self, did: str) -> None:
        if did not in self._watched and len(self._watched) < MAX_DEVICES:
            self._watched[did] = self._bus.watch(did, self._happened)

    # Events

    def _happened(self, event: DeviceEvent) -> None:
        text = self._audience.texts.of(event, self._custom)
        if text is not None:
            self._send(text)

    def _binding_changed(self, event: BindingChanged) -> None:
        if event.bound and self._auto:
            self._watch(event.did)
        elif not event.bound and event.did in self._watched:
            self._watched.pop(event.did)()
        self._send(messages.binding_changed(event))

    # Commands to devices

    async def _read(self, message: dict[str, Any]) -> None:
        did, data, sn = self._attribute_request(message)
        names = data.get("names")
        if names is not None and not (
            isinstance(names, list)
            and len(names) <= MAX_NAMES
            and all(isinstance(name, str) for name in names)
        ):
            _wrong(f"names is a list of at most {MAX_NAMES} texts")
        if sn is None:
            await self._service.read(self._user, did, names or None)
        else:
            self._await(did, sn, await self._service.start_read(self._user, did, names or None))

    async def _write(self, message: dict[str, Any]) -> None:
        did, data, sn = self._attribute_request(message)
        attrs = data.get("attrs")
        if not isinstance(attrs, dict):
            _wrong("attrs is an object of data points")
        if sn is None:
            await self._service.control(self._user, did, attrs)
        else:
            self._await(did, sn, await self._service.start_control(self._user, did, attrs))

    async def _raw(self, message: dict[str, Any]) -> None:
        """c2s_raw: an envelope, or bare P0 which goes out as 0x0090. A 0x0094 answers a device's 0x0093."""
        did, data, _ = _request(message)
        try:
            given = bytes(data["raw"]) if isinstance(data.get("raw"), list) else None
        except (TypeError, ValueError):
            given = None
        if given is None:
            _wrong("raw is a list of numbers from 0 to 255")
        frame = _opened(given)
        if frame is not None and frame.cmd == envelope.ANSWER:
            await self._service.device(self._user, did)
            self._service.downlink.acknowledge(did, frame.sn or 0, frame.p0)
            return
        self._check_asks()
        answer = await self._service.raw(self._user, did, given)
        if answer is not None and frame is not None:
            self._await(did, frame.sn or 0, answer, raw=True)

    async def _ack(self, message: dict[str, Any]) -> None:
        """c2s_ack: did and res_sn stand beside cmd; inside data they are taken too."""
        data = message.get("data")
        both = {**data, **message} if isinstance(data, dict) else message
        did, sn = both.get("did"), both.get("res_sn")
        if not isinstance(did, str) or not isinstance(sn, int):
            _wrong("c2s_ack has did and res_sn")
        await self._service.device(self._user, did)
        self._service.downlink.acknowledge(did, sn)

    async def _ping(self, _message: dict[str, Any]) -> None:
        self._send(messages.PONG)

    def _attribute_request(self, message: dict[str, Any]) -> tuple[str, dict[str, Any], int | None]:
        did, data, sn = _request(message)
        if self._custom:
            _wrong("a socket with p0_type custom sends c2s_raw")
        self._check_asks()
        return did, data, sn

    # Answers of devices

    def _check_asks(self) -> None:
        if len(self._asks) >= MAX_OPEN_ASKS:
            raise ApiError(9041, f"{MAX_OPEN_ASKS} requests wait for an answer already")

    def _await(self, did: str, sn: int, answer: "asyncio.Future[bytes]", raw: bool = False) -> None:
        task = asyncio.create_task(self._answer(did, sn, answer, raw))
        self._asks.add(task)
        task.add_done_callback(self._asks.discard)

    async def _answer(self, did: str, sn: int, answer: "asyncio.Future[bytes]", raw: bool) -> None:
        """Pass a device's answer on to this client alone, under the number that the client gave."""
        try:
            body = await answer
            self._send(await self._answer_text(did, sn, body, raw))
        except ApiError as error:
            self._send(messages.refused(error))

    async def _answer_text(self, did: str, sn: int, body: bytes, raw: bool) -> bytes:
        if raw and self._custom:
            return messages.raw(did, envelope.encode(envelope.ANSWER, body, sn))
        if not body:
            return messages.ack(did, sn)
        product = (await self._service.device(self._user, did)).product
        try:
            attrs = product.codec.decode_report(body)
        except PeerError as error:
            if raw:
                return messages.raw(did, envelope.encode(envelope.ANSWER, body, sn))
            raise ApiError(9015, f"device {did} answered: {error}") from error
        return messages.noti(did, values.to_ws(product.points, attrs), res_sn=sn)


def _parse(given: str) -> dict[str, Any]:
    if len(given) > MAX_MESSAGE_BYTES:
        _wrong(f"a message has at most {MAX_MESSAGE_BYTES} characters")
    try:
        message = json.loads(given, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict) or not isinstance(message.get("cmd"), str):
        _wrong("a message is a JSON object with cmd")
    return message


def _request(message: dict[str, Any]) -> tuple[str, dict[str, Any], int | None]:
    """did, data and req_sn of a request."""
    data, sn = message.get("data"), message.get("req_sn")
    if not isinstance(data, dict) or not isinstance(data.get("did"), str):
        _wrong("data is an object with did")
    if sn is not None and not _is_int(sn):
        _wrong("req_sn is an integer")
    return data["did"], data, sn


def _opened(given: bytes) -> envelope.Envelope | None:
    """The envelope, None for bare P0; the service says what is wrong with a malformed one."""
    try:
        return envelope.decode(given) if given.startswith(envelope.PREFIX) else None
    except PeerError:
        return None


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _wrong(detail: str) -> NoReturn:
    raise ApiError(9015, detail)


def _no_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")
