"""What one client of server push may say and what it is answered; lines in, lines out, no sockets."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Final, NamedTuple, NoReturn, Protocol

import msgspec

from wxlink.relay.errors import ApiError
from wxlink.relay.rest.words import octets
from wxlink.relay.service import PushCommand, Service, Throttle
from wxlink.relay.snoti import messages
from wxlink.relay.snoti.dispatch import Dispatcher
from wxlink.relay.snoti.limits import INVALID_BEFORE_LOGIN, UNSENT_BYTES, Limits
from wxlink.relay.snoti.messages import ENTERPRISE, Control, Entry, RemoteControl
from wxlink.relay.snoti.window import Window
from wxlink.relay.store import Event
from wxlink.relay.values import HEX

BAD_AUTH: Final = "bad auth"
MINUTE_S: Final = 60.0
LOGINS: Final = frozenset({"login_req", f"{ENTERPRISE}login_req"})  # whose failure has an answer of its own

log = logging.getLogger(__name__)


class Ended(Exception):
    """The connection ends once everything is sent; the text says why."""


class Invalid(Exception):
    """A message that is answered with invalid_msg."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)


class Outlet(Protocol):
    """The way to the client: a line at a time, and how many bytes it has not read yet."""

    def send(self, line: bytes) -> None: ...
    def unsent(self) -> int: ...


class Request(NamedTuple):
    """A cmd: its form, who handles it (given the cmd of the answer), when it may come."""

    form: Any
    handle: Callable[["Session", Any, str], Awaitable[None]]
    before_login: bool = False
    paced: bool = True


class Session:
    """One client, from its connection on; the dispatcher knows it as a consumer.

    address: of the client. failures: of logins, by address.
    """

    def __init__(
        self,
        service: Service,
        dispatcher: Dispatcher,
        limits: Limits,
        outlet: Outlet,
        *,
        address: str,
        failures: Throttle,
    ) -> None:
        self.keys: set[str] = set()
        """The auth_ids by which it came in."""
        self.logged_in = False
        self._service = service
        self._dispatcher = dispatcher
        self._address = address
        self._failures = failures
        self._send = outlet.send
        self._unsent = outlet.unsent
        self._prefix = ""
        self._window = Window(0)
        self._queues: set[tuple[str, str]] = set()  # product key, subkey
        self._proved: dict[str, str] = {}  # product key -> auth_id
        self._all_by: str | None = None  # the auth_id that stands for all products
        self._pace = Throttle(limits.requests_a_minute, MINUTE_S)
        self._invalid = 0

    # What the dispatcher calls.

    @property
    def room(self) -> int:
        """How many events it takes now."""
        return self._window.room if self._unsent() < UNSENT_BYTES else 0

    def deliver(self, event: Event) -> None:
        """Send an event."""
        self._send(messages.push(self._prefix, self._window.give(event.id), event))

    def settled(self, event: int) -> None:
        """Its acknowledgement is stored."""
        self._window.settle(event)

    # What the connection calls.

    async def handle(self, line: bytes) -> None:
        """Answer one line. Raises Ended."""
        try:
            await self._answer(line)
        except Invalid as error:
            self.refuse(error.code, error.reason)
            self._invalid += 1
            if not self.logged_in and self._invalid >= INVALID_BEFORE_LOGIN:
                raise Ended("no login") from error
        except ApiError as error:
            self.refuse(messages.MALFORMED, _reason(error))
        except Ended:
            raise
        except Exception:
            log.exception("a message of server push could not be handled")
            self.refuse(messages.FAILED, "the relay cannot do it now; try again later")

    def refuse(self, code: int, reason: str) -> None:
        """Send an invalid_msg."""
        self._send(messages.invalid(self._prefix, code, reason))

    def closing(self, reason: str) -> bytes:
        """The last line: why the relay closes the connection."""
        return messages.invalid(self._prefix, messages.CLOSING, reason)

    def end(self) -> None:
        """The client is gone: what it did not acknowledge goes to others."""
        self._dispatcher.leave(self)

    async def _answer(self, line: bytes) -> None:
        cmd = _decoded(line, messages.Head).cmd
        prefix = ENTERPRISE if cmd.startswith(ENTERPRISE) else ""
        if not self.logged_in:
            self._prefix = prefix
        request = self._REQUESTS.get(cmd)
        if request is None or prefix != self._prefix:
            raise Invalid(messages.UNKNOWN_CMD, "unknown cmd")
        if not self.logged_in and not request.before_login:
            raise Invalid(messages.NOT_LOGGED_IN, f"send {self._prefix}login_req first")
        if request.paced:
            self._check_pace()
        answer = f"{cmd.removesuffix('_req')}_res"
        try:
            form = _decoded(line, request.form)
        except Invalid as error:
            if cmd in LOGINS and not self.logged_in:
                self._refuse_login(answer, error.reason)
            raise
        await request.handle(self, form, answer)

    def _check_pace(self) -> None:
        now = self._service.clock()
        if self._pace.is_full(self, now):
            raise Invalid(messages.TOO_FAST, "too many messages; send it again in a minute")
        self._pace.count(self, now)

    # Login and subscription

    async def _login(self, request: messages.Login, cmd: str) -> None:
        self._check_first()
        try:
            await self._prove(request.data)
            queues = await self._service.subscribe_push(_wanted(request.data))
        except ApiError as error:
            self._refuse_login(cmd, _reason(error))
        self._begin(cmd, request.prefetch_count)
        self._note(request.data)
        await self._dispatcher.attend(self, [queue.id for queue in queues])

    async def _login_all(self, request: messages.EnterpriseLogin, cmd: str) -> None:
        self._check_first()
        proof = request.data
        try:
            await self._check(proof.enterprise_id, proof.enterprise_secret, None)
        except ApiError as error:
            self._refuse_login(cmd, _reason(error))
        queue = await self._service.subscribe_all_push(proof.enterprise_id)
        self._all_by = proof.enterprise_id
        self.keys.add(proof.enterprise_id)
        self._begin(cmd, proof.prefetch_count)
        await self._dispatcher.attend(self, [queue.id])

    async def _subscribe(self, request: messages.Subscribe, cmd: str) -> None:
        try:
            await self._prove(request.data)
            queues = await self._service.subscribe_push(_wanted(request.data))
        except ApiError as error:
            self._send(messages.subscribed(cmd, request.data, _reason(error)))
            return
        self._note(request.data)
        self._send(messages.subscribed(cmd, request.data))
        await self._dispatcher.attend(self, [queue.id for queue in queues])

    async def _unsubscribe(self, request: messages.Subscribe, cmd: str) -> None:
        try:
            for entry in request.data:
                if (entry.product_key, entry.subkey) not in self._queues:
                    raise ApiError(9015, "this connection has not subscribed to that product_key and subkey")
            for entry in request.data:
                await self._service.unsubscribe_push(entry.product_key, entry.subkey, entry.events)
        except ApiError as error:
            self._send(messages.subscribed(cmd, request.data, _reason(error)))
            return
        self._send(messages.subscribed(cmd, request.data))

    def _refuse_login(self, cmd: str, reason: str) -> NoReturn:
        self._send(messages.result(cmd, reason))
        raise Ended("login refused")

    def _check_first(self) -> None:
        if self.logged_in:
            raise Invalid(messages.MALFORMED, "this connection is logged in already; use subscribe_req")
        if self._failures.is_full(self._address, self._service.clock()):
            raise Ended("too many wrong logins")

    async def _prove(self, entries: list[Entry]) -> None:
        for entry in entries:
            await self._check(entry.auth_id, entry.auth_secret, entry.product_key)

    async def _check(self, auth_id: str, secret: str, product_key: str | None) -> None:
        if not await self._service.is_push_key(auth_id, secret, product_key):
            self._failures.count(self._address, self._service.clock())
            raise ApiError(9016, BAD_AUTH)

    def _note(self, entries: list[Entry]) -> None:
        for entry in entries:
            self.keys.add(entry.auth_id)
            self._proved[entry.product_key] = entry.auth_id
            self._queues.add((entry.product_key, entry.subkey))

    def _begin(self, cmd: str, prefetch: int) -> None:
        self.logged_in = True
        self._window = Window(prefetch)
        self._send(messages.result(cmd))

    # Events

    async def _ping(self, _request: messages.Head, _cmd: str) -> None:
        """Also tells that every acknowledgement before it is stored."""
        await self._dispatcher.settle()
        self._send(messages.text({"cmd": f"{self._prefix}pong"}))

    async def _ack(self, request: messages.Ack, _cmd: str) -> None:
        event = self._window.acknowledge(request.delivery_id, request.msg_id)
        if event is None:
            self._check_pace()
            raise Invalid(messages.UNKNOWN_DELIVERY, "no such delivery_id and msg_id waits for its event_ack")
        self._dispatcher.acknowledge(self, event)

    # Remote control

    async def _control(self, request: RemoteControl, cmd: str) -> None:
        succeed: list[str] = []
        failed: list[tuple[str, str]] = []
        for control in request.data:
            did = control.data.did
            try:
                await self._command(control)
            except ApiError as error:
                failed.append((did, _reason(error)))
            else:
                succeed.append(did)
        self._send(messages.controlled(cmd, request, succeed, failed))

    async def _command(self, control: Control) -> None:
        order = control.data
        key = self._all_by or (self._proved.get(order.product_key) if order.product_key else None)
        if key is None:
            raise ApiError(9002, "product_key is not one that this connection has subscribed to")
        coding = order.binary_coding or HEX
        if control.cmd == "write_attrs":
            if order.attrs is None:
                raise ApiError(9015, "write_attrs needs attrs")
            command = PushCommand(order.did, order.mac, order.product_key, order.attrs, b"", coding)
        elif control.cmd in ("write", "write_v1"):
            if not order.raw:
                raise ApiError(9015, f"{control.cmd} needs raw")
            raw = octets(order.raw, coding)
            command = PushCommand(order.did, order.mac, order.product_key, None, raw, coding)
        else:
            raise ApiError(9015, "cmd is write_attrs, write or write_v1")
        await self._service.command(key, command)

    _REQUESTS: ClassVar[dict[str, Request]] = {
        "login_req": Request(messages.Login, _login, before_login=True),
        "subscribe_req": Request(messages.Subscribe, _subscribe),
        "unsubscribe_req": Request(messages.Subscribe, _unsubscribe),
        "ping": Request(messages.Head, _ping, before_login=True),
        "event_ack": Request(messages.Ack, _ack, paced=False),
        "remote_control_req": Request(messages.RemoteControl, _control),
        "remote_control_v2_req": Request(messages.RemoteControl, _control),
        "enterprise_login_req": Request(messages.EnterpriseLogin, _login_all, before_login=True),
        "enterprise_ping": Request(messages.Head, _ping, before_login=True),
        "enterprise_event_ack": Request(messages.Ack, _ack, paced=False),
        "enterprise_remote_control_req": Request(messages.RemoteControl, _control),
        "enterprise_remote_control_v2_req": Request(messages.RemoteControl, _control),
    }


def _wanted(entries: list[Entry]) -> list[tuple[str, str, list[str]]]:
    return [(entry.product_key, entry.subkey, entry.events) for entry in entries]


def _reason(error: ApiError) -> str:
    return error.detail or error.text


def _decoded(line: bytes, form: Any) -> Any:
    try:
        return msgspec.json.decode(line, type=form)
    except msgspec.ValidationError as error:
        _malformed(str(error))
    except (ValueError, RecursionError):
        _malformed("a message is one JSON object in one line of UTF-8")


def _malformed(reason: str) -> NoReturn:
    raise Invalid(messages.MALFORMED, reason) from None
