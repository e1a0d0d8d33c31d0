"""The callback that WeChat calls: `GET` to check its address, `POST` for every push."""

import asyncio
import logging
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from aiohttp import web

from wxlink.wechat.account import Account, Mode
from wxlink.wechat.bounded_body import BodyTooLong, read_at_most
from wxlink.wechat.crypto import CryptoError, MessageCrypto, Opened, Sealed, check_signature
from wxlink.wechat.home import PushLog
from wxlink.wechat.messages import Push, Unknown, Unsubscribed, parse_push
from wxlink.wechat.redact import shown_openid
from wxlink.wechat.replay import ReplayGuard
from wxlink.wechat.replies import SUCCESS, Reply, TextReply, write_reply, write_sealed
from wxlink.wechat.strict_xml import MAX_BYTES, XmlError, parse
from wxlink.wechat.tokens import Clock

ANSWER_BUDGET_S = 4.0  # WeChat drops the connection after 5 s
TIMESTAMP_WINDOW_S = 300  # how far a push's timestamp may be from this machine's clock
BODY_TIME_S = 5.0  # a body that takes longer is not WeChat's
MAX_WORKING = 1000  # pushes being worked on at a time; more get a 503
LOG_EVERY_S = 10.0  # one log line a reason and interval, so that an attacker cannot fill the disk
_NONCE = ("timestamp", "nonce")
_MAX_QUERY_CHARS = 128  # timestamp 10, nonce about 10, signature 40, echostr about 20

_log = logging.getLogger(__name__)

Answer = Callable[[Push], Awaitable[Reply | None]]


class Messenger(Protocol):
    """Sends what was not ready in time."""

    async def send_text(self, openid: str, text: str) -> None:
        """Send a customer message."""


class Refused(Exception):
    """The request is not WeChat's. `reason` goes to a counter and the log, never to the peer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Callback:
    """The callback of one account.

    `answer` is called once a push, whatever WeChat repeats. Ready within the budget, its reply goes back at
    once and is remembered for retries; later than that, a text goes out through `late`. `failure_text` is
    what a person reads when `answer` raises. `counts` holds how often each thing happened, by name.
    """

    def __init__(
        self,
        account: Account,
        answer: Answer,
        pushes: PushLog,
        *,
        late: Messenger | None = None,
        failure_text: str = "",
        budget_s: float = ANSWER_BUDGET_S,
        window_s: float = TIMESTAMP_WINDOW_S,
        clock: Clock = time.time,
    ) -> None:
        self.account = account
        self.counts: Counter[str] = Counter()
        self._answer = answer
        self._pushes = pushes
        self._late = late
        self._failure_text = failure_text
        self._budget_s = budget_s
        self._window_s = window_s
        self._clock = clock
        self._crypto = MessageCrypto.of(account)
        self._replays = ReplayGuard(2 * window_s)
        self._working: dict[str, _Work] = {}
        self._logged_at: dict[str, float] = {}
        if account.mode is Mode.PLAIN:
            _log.warning("WeChat %s: clear-text pushes switch nothing; use the safe mode", account.name)

    async def check(self, request: web.Request) -> web.Response:
        """`GET`: echostr as it came when the signature is right, else 403."""
        try:
            timestamp, nonce, signature, echostr = _query(request, *_NONCE, "signature", "echostr")
            self._check_time(timestamp)
            check_signature(signature, self.account.token, timestamp, nonce)
        except (Refused, CryptoError) as error:
            return self._refuse(error.reason)
        self.counts["address checked"] += 1
        return web.Response(text=echostr, headers={"X-Content-Type-Options": "nosniff"})

    async def push(self, request: web.Request) -> web.Response:
        """`POST`: the reply, `success` when there is none (yet), or 403."""
        try:
            body = await self._read(request)
            push, opened = self._open(request, body)
        except (Refused, CryptoError) as error:
            return self._refuse(error.reason)
        except XmlError as error:
            return self._refuse(f"bad XML: {error}")
        try:
            reply = await self._reply_once(push)
        except _WorkLost:
            return web.Response(status=503)  # not claimed: a further try of WeChat's starts anew
        if not reply:
            return web.Response(text=SUCCESS)
        if opened is None:
            return web.Response(text=reply, content_type="application/xml")
        nonce = secrets.token_hex(8)
        sealed = self._crypto.seal(reply.encode(), str(int(self._clock())), nonce, key=opened.key)
        return web.Response(text=write_sealed(sealed), content_type="application/xml")

    async def close(self, grace_s: float = 5.0) -> None:
        """Let running work end within the grace, then cancel it."""
        tasks = [work.task for work in self._working.values()]
        if not tasks:
            return
        _, running = await asyncio.wait(tasks, timeout=grace_s)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    # The request: is it WeChat's, and what does it say?

    async def _read(self, request: web.Request) -> bytes:
        try:
            async with asyncio.timeout(BODY_TIME_S):
                return await read_at_most(request.content, MAX_BYTES)
        except BodyTooLong:
            raise Refused("body too long") from None
        except TimeoutError:
            raise Refused("body too slow") from None

    def _open(self, request: web.Request, body: bytes) -> tuple[Push, Opened | None]:
        encrypted = request.query.get("encrypt_type", "raw") == "aes"
        timestamp, nonce = _query(request, *_NONCE)
        self._check_time(timestamp)
        if encrypted:
            (msg_signature,) = _query(request, "msg_signature")
            # In the compatible mode clear fields stand beside Encrypt; nothing signs them: they are not read.
            sealed = Sealed(parse(body).only("Encrypt"), msg_signature, timestamp, nonce)
            opened = self._crypto.open(sealed)
            push = parse_push(opened.message, trusted=True)
        elif self.account.mode is Mode.PLAIN:
            (signature,) = _query(request, "signature")
            check_signature(signature, self.account.token, timestamp, nonce)
            opened = None
            push = parse_push(body, trusted=False)
            if not self._replays.admits(signature, push.key, self._clock()):
                raise Refused("signature used for another push")
        else:
            raise Refused("clear text")
        if push.account != self.account.original_id:
            raise Refused("another account's original id")
        return push, opened

    def _check_time(self, timestamp: str) -> None:
        if not (timestamp.isascii() and timestamp.isdigit()):
            raise Refused("bad timestamp")
        if abs(self._clock() - int(timestamp)) > self._window_s:
            raise Refused("timestamp outside the window")

    def _refuse(self, reason: str) -> web.Response:
        self.counts[f"refused: {reason}"] += 1
        now = self._clock()
        if now - self._logged_at.get(reason, 0.0) >= LOG_EVERY_S:
            self._logged_at[reason] = now
            times = self.counts[f"refused: {reason}"]
            _log.warning("WeChat %s: callback refused: %s (%d times)", self.account.name, reason, times)
        return web.Response(status=403)

    # The work: once a push, however often it comes.

    async def _reply_once(self, push: Push) -> str | None:
        """The XML of the reply; empty for nothing to say, None when it is not ready within the budget."""
        if isinstance(push, Unknown):
            self.counts["unknown kind"] += 1
        work = self._working.get(push.key)
        if work is None:
            work = self._start(push)
        else:
            self.counts["retry while working"] += 1
        work.waiting += 1
        try:
            await asyncio.wait([work.ready], timeout=self._budget_s)
        finally:
            work.waiting -= 1
        return work.ready.result() if work.ready.done() else None

    def _start(self, push: Push) -> "_Work":
        """Claim and work in one task: it outlives the connection, and a retry meanwhile joins it."""
        if len(self._working) >= MAX_WORKING:
            self.counts["overloaded"] += 1
            raise _WorkLost
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        work = _Work(ready)
        work.task = asyncio.create_task(self._work(push, work), name=f"wechat push {self.account.name}")
        self._working[push.key] = work

        def ended(task: asyncio.Task[None]) -> None:
            del self._working[push.key]
            error = None if task.cancelled() else task.exception()
            if error is not None:
                self.counts["broken"] += 1
                _log.error("WeChat %s: a push could not be worked on", self.account.name, exc_info=error)
            if not ready.done():
                ready.set_exception(_WorkLost())
                ready.exception()  # looked at: nobody may be waiting any more

        work.task.add_done_callback(ended)
        return work

    async def _work(self, push: Push, work: "_Work") -> None:
        claim = await self._pushes.claim(self.account.name, push.key)
        if not claim.first:
            self.counts["retry"] += 1
            work.ready.set_result(claim.reply or "")
            return
        reply = await self._answered(push)
        text = write_reply(push, reply, int(self._clock())) if reply else ""
        # From here on either a connection that still waits says it, or a customer message: never both.
        in_time = work.waiting > 0
        work.ready.set_result(text if in_time else "")
        await self._pushes.remember(self.account.name, push.key, text if in_time else "")
        self.counts["answered" if text else "nothing to say"] += 1
        if text and not in_time:
            await self._send_late(push, reply)

    async def _answered(self, push: Push) -> Reply | None:
        try:
            return await self._answer(push)
        except Exception:  # noqa: BLE001  whatever went wrong, WeChat must not repeat the push
            self.counts["failed"] += 1
            kind, person = type(push).__name__, shown_openid(push.openid)
            _log.exception("WeChat %s: %s of %s could not be answered", self.account.name, kind, person)
            silent = isinstance(push, Unsubscribed | Unknown) or not self._failure_text
            return None if silent else TextReply(self._failure_text)

    async def _send_late(self, push: Push, reply: Reply | None) -> None:
        if self._late is None or not isinstance(reply, TextReply):
            self.counts["late, not sent"] += 1
            return
        try:
            await self._late.send_text(push.openid, reply.content)
        except Exception:  # noqa: BLE001  the push is done; what is lost is one message
            self.counts["late, not sent"] += 1
            _log.exception("WeChat %s: a late answer was not sent", self.account.name)
        else:
            self.counts["late, sent"] += 1


class _WorkLost(Exception):
    """Too much work, the store failed before the push was claimed, or the house is closing."""


class _Work:
    """One push being worked on: its reply once that is decided, and how many connections wait for it."""

    task: asyncio.Task[None]

    def __init__(self, ready: asyncio.Future[str]) -> None:
        self.ready = ready
        self.waiting = 0


def add_routes(app: web.Application, callbacks: Mapping[str, Callback]) -> None:
    """Put `/wx/{account}/callback` into the app; an unknown account gets the 403 of every other refusal."""

    async def handle(request: web.Request) -> web.Response:
        callback = callbacks.get(request.match_info["account"])
        if callback is None:
            return web.Response(status=403)
        return await (callback.push if request.method == "POST" else callback.check)(request)

    app.router.add_get("/wx/{account}/callback", handle, allow_head=False)
    app.router.add_post("/wx/{account}/callback", handle)


def _query(request: web.Request, *names: str) -> list[str]:
    values = [request.query.getall(name, []) for name in names]
    for name, found in zip(names, values, strict=True):
        if len(found) != 1 or not 0 < len(found[0]) <= _MAX_QUERY_CHARS:
            raise Refused(f"{name} missing or repeated")
    return [found[0] for found in values]
