"""The broker asks here who may connect (NATS auth callout); the answer comes from the table of devices.

A device's user name and client id are its did, its password the passcode. It may publish to
`dev2app/<did>` and below and to `cli2ser_req`, and subscribe to `app2dev/<did>/#`, `ser2cli_res/<did>`
and `ser2cli_noti/<product key>`.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import nats
import nkeys
from nats.aio.client import Client as NatsClient
from nats.aio.msg import Msg

from wxlink.relay.broker import DEVICE_ACCOUNT, MAX_PAYLOAD_BYTES, MAX_SUBSCRIPTIONS, Login
from wxlink.relay.ids import DID_LENGTH
from wxlink.relay.metrics import Metrics

CONCURRENT = 8  # logins checked at once: twice the store's readers
WAITING = 4_096  # logins that may wait; the broker refuses the rest, and modules come back later
CONNECT_WITHIN_S = 10.0
RECONNECT_AFTER_S = 0.05  # on loopback; who logs in before we are back is refused when AUTH_TIMEOUT_S is over
REQUEST_SUBJECT = "$SYS.REQ.USER.AUTH"
PING_EVERY_S = 5.0  # a node that is cut off without a word is left after two of them
QUEUE = "wxlink-relay"  # of several relays one answers
FORMAT_VERSION = 2

log = logging.getLogger(__name__)

_DID = re.compile(rf"[A-Za-z0-9]{{{DID_LENGTH}}}")
_PRODUCT_KEY = re.compile(r"[0-9a-f]{32}")


class DeviceRecord(Protocol):
    """What a login is checked against."""

    @property
    def did(self) -> str: ...
    @property
    def product_key(self) -> str: ...
    @property
    def passcode(self) -> str: ...
    @property
    def disabled(self) -> bool: ...


Credentials = Callable[[str], Awaitable[DeviceRecord | None]]


class Asker(Protocol):
    """Where the logins come from, and the key by which the answers are known."""

    @property
    def nats_urls(self) -> Sequence[str]: ...
    @property
    def callout_login(self) -> Login: ...
    @property
    def issuer(self) -> nkeys.KeyPair: ...


class Refused(Exception):
    """A login is refused; the text is for our log and never holds a passcode."""


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """One login as the broker describes it."""

    user_key: str
    server_id: str
    user: str
    password: str
    client_id: str
    mqtt: bool
    address: str

    @classmethod
    def parse(cls, token: bytes) -> "LoginRequest":
        """Read the broker's JWT. Raises ValueError when it is malformed.

        Its signature is not checked: only the broker can publish in the account where it arrives.
        """
        try:
            _, body, _ = token.split(b".")
            nats_claims = json.loads(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)))["nats"]
            options, client = nats_claims["connect_opts"], nats_claims["client_info"]
            return cls(
                user_key=_text(nats_claims, "user_nkey"),
                server_id=_text(nats_claims["server_id"], "id"),
                user=_text(options, "user", ""),
                password=_text(options, "pass", ""),
                client_id=_text(client, "mqtt_id", ""),
                mqtt=_text(client, "type", "") == "mqtt",
                address=_text(client, "host", "?"),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"no such field: {error}") from error


class AuthCallout:
    """Answers the broker's logins until stopped; reconnects by itself when the broker restarts.

    credentials: did -> its record, or None. on_login: called with did and address of each that is let in.
    """

    def __init__(
        self,
        broker: Asker,
        credentials: Credentials,
        metrics: Metrics | None = None,
        *,
        on_login: Callable[[str, str], None] = lambda _did, _address: None,
    ) -> None:
        self._on_login = on_login
        self._broker = broker
        self._credentials = credentials
        self._logins = (metrics or Metrics()).logins
        self._busy = asyncio.Semaphore(CONCURRENT)
        self._running: set[asyncio.Task[None]] = set()
        self._link: NatsClient | None = None
        self._stopping = False

    async def start(self) -> None:
        """Begin to answer. Raises OSError or nats.errors.Error when the broker is not there."""
        login = self._broker.callout_login
        self._link = await nats.connect(
            list(self._broker.nats_urls),
            name="relay auth callout",
            user=login.user,
            password=login.password,
            connect_timeout=CONNECT_WITHIN_S,
            max_reconnect_attempts=-1,
            reconnect_time_wait=RECONNECT_AFTER_S,
            ping_interval=PING_EVERY_S,
            error_cb=_log_error,
            disconnected_cb=self._lost,
            reconnected_cb=self._back,
        )
        await self._link.subscribe(REQUEST_SUBJECT, queue=QUEUE, cb=self._take, pending_msgs_limit=WAITING)
        await self._link.flush()

    async def stop(self) -> None:
        """Stop answering. Safe to call twice."""
        self._stopping = True
        if self._link:
            await self._link.close()
        for task in tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _take(self, message: Msg) -> None:
        """Start one check; waits while CONCURRENT are running, so that the rest queue in the client."""
        await self._busy.acquire()
        task = asyncio.create_task(self._answer(message))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        task.add_done_callback(lambda _: self._busy.release())

    async def _answer(self, message: Msg) -> None:
        try:
            request = LoginRequest.parse(message.data)
        except ValueError as error:
            # Without the user key there is no valid answer: the broker refuses the login when its time is up.
            log.error("the broker's login request cannot be read: %s", error)
            return
        verdict: dict[str, object]
        outcome = "failed"
        try:
            device = await check(request, self._credentials)
            self._on_login(request.user, request.address)
            verdict = {"jwt": jwt(self._broker.issuer, user_claims(self._issuer, request.user_key, device))}
            outcome = "admitted"
        except Refused as refusal:
            log.warning("login of %.64r from %s refused: %s", request.user, request.address, refusal)
            verdict = {"error": "refused"}
            outcome = "refused"
        except Exception:
            log.exception("login of %.64r could not be checked", request.user)
            verdict = {"error": "not checked"}
        self._logins.labels(outcome).inc()
        claims = {
            "iss": self._issuer,
            "sub": request.user_key,
            "aud": request.server_id,
            "iat": int(time.time()),
            "nats": {"type": "authorization_response", "version": FORMAT_VERSION, **verdict},
        }
        try:
            await message.respond(jwt(self._broker.issuer, claims).encode())
        except (OSError, nats.errors.Error) as error:
            log.warning("the answer to a login was not sent: %s", error)

    async def _lost(self) -> None:
        if not self._stopping:
            log.warning("auth callout: the broker is away; devices cannot log in until it is back")

    async def _back(self) -> None:
        log.info("auth callout: the broker is back")

    @property
    def _issuer(self) -> str:
        key: bytes = self._broker.issuer.public_key
        return key.decode()


async def check(request: LoginRequest, credentials: Credentials) -> DeviceRecord:
    """The device that logs in. Raises Refused with the reason."""
    if not request.mqtt:
        raise Refused("only MQTT clients log in this way")
    if not _DID.fullmatch(request.user):
        raise Refused(f"the user name is not a did of {DID_LENGTH} letters and digits")
    if request.client_id != request.user:
        # Another client id would take over the session of the device that it names.
        raise Refused("the client id is not the did")
    device = await credentials(request.user)
    expected = device.passcode if device else ""
    right = hmac.compare_digest(expected.encode(), request.password.encode())
    if device is None or not expected:
        raise Refused("there is no such device")
    if not right:
        raise Refused("wrong passcode")
    if device.disabled:
        raise Refused("the device is disabled")
    if not _PRODUCT_KEY.fullmatch(device.product_key):
        raise Refused("its product key is not 32 hex digits")
    return device


def user_claims(issuer: str, user_key: str, device: DeviceRecord) -> dict[str, object]:
    """The JWT claims of a device that may connect: its account, topics and limits."""
    did = device.did
    return {
        "iss": issuer,
        "sub": user_key,
        "aud": DEVICE_ACCOUNT,
        "name": did,
        "iat": int(time.time()),
        "nats": {
            "type": "user",
            "version": FORMAT_VERSION,
            "subs": MAX_SUBSCRIPTIONS,
            "data": -1,
            "payload": MAX_PAYLOAD_BYTES,
            "pub": {"allow": [f"dev2app.{did}", f"dev2app.{did}.>", "cli2ser_req"]},
            # MQTT's `app2dev/<did>/#` includes the level above; QoS 1 is delivered on `$MQTT.sub.<random>`.
            "sub": {
                "allow": [
                    f"app2dev.{did}",
                    f"app2dev.{did}.>",
                    f"ser2cli_res.{did}",
                    f"ser2cli_noti.{device.product_key}",
                    "$MQTT.sub.>",
                ]
            },
        },
    }


def jwt(issuer: nkeys.KeyPair, claims: Mapping[str, object]) -> str:
    """`claims` as a NATS JWT signed by `issuer` (ed25519-nkey); its id is the hash of the claims."""
    digest = hashlib.sha256(json.dumps({**claims, "jti": ""}).encode()).digest()
    identified = {**claims, "jti": base64.b32encode(digest).rstrip(b"=").decode()}
    signed = f"{_base64url(_JWT_HEADER)}.{_base64url(json.dumps(identified).encode())}"
    return f"{signed}.{_base64url(issuer.sign(signed.encode()))}"


_JWT_HEADER = b'{"typ":"JWT","alg":"ed25519-nkey"}'


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _text(claims: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = claims[key] if default is None else claims.get(key, default)
    if not isinstance(value, str):
        raise TypeError(key)
    return value


async def _log_error(error: Exception) -> None:
    log.warning("auth callout: %s", error or type(error).__name__)
