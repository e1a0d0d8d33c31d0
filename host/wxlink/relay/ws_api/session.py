"""One socket's conversation: who is logged in, which devices it watches, what each command does."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import msgspec

from wxlink.relay import values
from wxlink.relay.errors import ApiError
from wxlink.relay.events import BindingChanged, Bus, DeviceEvent, Unwatch
from wxlink.relay.service import Service
from wxlink.relay.store import CLIENT, Origin
from wxlink.relay.ws_api import messages, words
from wxlink.relay.ws_api.limits import (
    MAX_DEVICES,
    MAX_MESSAGE_BYTES,
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

    send: queues one framed text for this client, never blocks.
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
        self._handlers: dict[str, tuple[Any, Callable[[Any], Awaitable[None]]]] = {
            "login_req": (words.Login, self._login),
            "subscribe_req": (words.Subscribe, self._subscribe),
            "c2s_read": (words.Read, self._read),
            "c2s_write": (words.Write, self._write),
            "c2s_raw": (words.SendRaw, self._raw),
            "c2s_ack": (words.Ack, self._ack),
            "ping": (words.Ping, self._ping),
        }

    @property
    def logged_in(self) -> bool:
        """True between a login that succeeded and its end."""
        return self._uid is not None

    async def handle(self, given: str) -> None:
        """Handle one text message; whatever is wrong with it is answered, and nothing is raised."""
        try:
            message = _parse(given)
            if message["cmd"] not in self._handlers:
                _wrong(f"cmd is one of {', '.join(self._handlers)}")
            word, handler = self._handlers[message["cmd"]]
            if not self.logged_in and word is not words.Login:
                self._send(messages.invalid(self._login_missing))
                return
            if self._uid is not None and word is not words.Ping:
                self._service.allowance.take(self._uid, self._credentials[0])
            await handler(_understood(message, word))
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

    async def _login(self, asked: words.Login | None) -> None:
        """login_req, also repeated on a socket that is logged in: the new one takes its place."""
        self._log_out()
        changed: list[BindingChanged] = []
        try:
            if asked is None:
                raise ApiError(9015)
            data = asked.data
            uid = await self._authenticated(data)
            with self._noting_bindings(uid, changed):
                auto = data.auto_subscribe not in (False, 0)
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
        self._custom = data.p0_type == "custom"
        self._auto = auto
        self.silence_s = self._limits.heartbeat_s(data.heartbeat_interval)
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

    async def _authenticated(self, data: words.LoginData) -> str:
        if await self._service.authenticate(data.appid, data.token) != data.uid:
            raise ApiError(9004)
        self._credentials = (data.appid, data.token)
        return data.uid

    async def _subscribe(self, asked: words.Subscribe) -> None:
        """subscribe_req; other keys beside did occur in the wild and are ignored."""
        dids = dict.fromkeys(entry.did for entry in asked.data)
        if len(dids.keys() | self._watched.keys()) > MAX_DEVICES:
            _wrong(f"a socket watches at most {MAX_DEVICES} devices")
        failed = await self._service.refusals(self._user, dids)
        success = [did for did in dids if did not in failed]
        self._send(messages.subscribe_res(success, failed))
        for did in success:
            self._watch(did)

    @property
    def _user(self) -> str:
        if self._uid is None:
            raise ApiError(9004)
        return self._uid

    @property
    def _origin(self) -> Origin:
        return Origin(CLIENT, self._credentials[0], self._uid)

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

    async def _read(self, asked: words.Read) -> None:
        self._check_attributes()
        did, names = asked.data.did, asked.data.names or None
        if asked.req_sn is None:
            await self._service.read(self._user, did, names, self._origin)
        else:
            answer = await self._service.start_read(self._user, did, names, self._origin)
            self._await(did, asked.req_sn, answer)

    async def _write(self, asked: words.Write) -> None:
        self._check_attributes()
        did, attrs = asked.data.did, asked.data.attrs
        if asked.req_sn is None:
            await self._service.control(self._user, did, attrs, origin=self._origin)
        else:
            answer = await self._service.start_control(self._user, did, attrs, origin=self._origin)
            self._await(did, asked.req_sn, answer)

    async def _raw(self, asked: words.SendRaw) -> None:
        """c2s_raw: an envelope, or bare P0 which goes out as 0x0090. A 0x0094 answers a device's 0x0093."""
        did, given = asked.data.did, bytes(asked.data.raw)
        frame = _opened(given)
        if frame is not None and frame.cmd == envelope.ANSWER:
            await self._service.device(self._user, did)
            self._service.downlink.acknowledge(did, frame.sn or 0, frame.p0, self._origin)
            return
        self._check_asks()
        answer = await self._service.raw(self._user, did, given, self._origin)
        if answer is not None and frame is not None:
            self._await(did, frame.sn or 0, answer, raw=True)

    async def _ack(self, told: words.Ack) -> None:
        """c2s_ack: did and res_sn stand beside cmd; inside data they are taken too."""
        inner = told.data or words.AckData()
        did = inner.did if told.did is None else told.did
        sn = inner.res_sn if told.res_sn is None else told.res_sn
        if did is None or sn is None:
            _wrong("c2s_ack has did and res_sn")
        await self._service.device(self._user, did)
        self._service.downlink.acknowledge(did, sn, origin=self._origin)

    async def _ping(self, _asked: words.Ping) -> None:
        self._send(messages.PONG)

    def _check_attributes(self) -> None:
        if self._custom:
            _wrong("a socket with p0_type custom sends c2s_raw")
        self._check_asks()

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
        message = msgspec.json.decode(given)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict) or not isinstance(message.get("cmd"), str):
        _wrong("a message is a JSON object with cmd")
    return message


def _understood(message: dict[str, Any], word: Any) -> Any:
    """The message as its word; None for a log-in that is none, which is refused as one."""
    try:
        return msgspec.convert(message, word)
    except msgspec.ValidationError as error:
        if word is words.Login:
            return None
        raise ApiError(9015, f"{message['cmd']} does not fit: {error}") from error


def _opened(given: bytes) -> envelope.Envelope | None:
    """The envelope, None for bare P0; the service says what is wrong with a malformed one."""
    try:
        return envelope.decode(given) if given.startswith(envelope.PREFIX) else None
    except PeerError:
        return None


def _wrong(detail: str) -> NoReturn:
    raise ApiError(9015, detail)
