"""The sandbox as one server of this machine."""

import secrets
import socket
import string
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

from wxlink.wechat.account import Account
from wxlink.wechat.sandbox.acts import Acts
from wxlink.wechat.sandbox.api import Api
from wxlink.wechat.sandbox.control import Control, only_this_machine
from wxlink.wechat.sandbox.people import DEMO_OPENID, People
from wxlink.wechat.sandbox.pushes import DROP_S, PushSide
from wxlink.wechat.sandbox.quotas import Quotas
from wxlink.wechat.sandbox.scene_codes import SceneCodes
from wxlink.wechat.sandbox.tokens import TokenOffice
from wxlink.wechat.tokens import Clock

_HOST = "127.0.0.1"


class Sandbox:
    """WeChat for one account, on the loopback address: `async with Sandbox(account) as sandbox`.

    `port` 0 picks a free one. `user` is the openid of the person whose chat the page shows. `clock` (unix
    seconds) makes tokens, codes and allowances expire; `drop_s` is how long an answer may take; `quotas`
    replaces daily allowances by path. Started, it has `url`, and `acts`: what people do.
    """

    url: str
    acts: Acts

    def __init__(
        self,
        account: Account,
        callback_url: str = "",
        *,
        port: int = 0,
        user: str = DEMO_OPENID,
        clock: Clock = time.time,
        drop_s: float = DROP_S,
        quotas: Mapping[str, int] | None = None,
    ) -> None:
        self.user = user
        self.api = Api(account, People(clock), TokenOffice(clock), Quotas(clock, quotas), SceneCodes(clock))
        self._callback_url = callback_url
        self._port = port
        self._clock = clock
        self._drop_s = drop_s
        self._parts = AsyncExitStack()

    async def __aenter__(self) -> Self:
        listener = socket.create_server((_HOST, self._port))
        self.url = self.api.url = f"http://{_HOST}:{listener.getsockname()[1]}"
        session = await self._parts.enter_async_context(aiohttp.ClientSession())
        pushes = PushSide(self.api.account, self._callback_url, session, self._clock, self._drop_s)
        self.acts = Acts(self.api, pushes)
        app = web.Application(middlewares=[only_this_machine])
        app.add_routes([*self.api.routes(), *Control(self.acts, self.user).routes()])
        # No access log: its lines would hold tokens and openids.
        runner = web.AppRunner(app, access_log=None)
        self._parts.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._parts.aclose()

    def push_to(self, url: str) -> None:
        """Where pushes go, such as `http://127.0.0.1:8080/wx/demo/callback`."""
        self.acts.pushes.callback_url = url


def made_up_account(name: str = "demo") -> Account:
    """An account with credentials drawn at random, for a sandbox."""
    letters = string.ascii_letters + string.digits
    return Account(
        name=name,
        appid="wx" + secrets.token_hex(8),
        secret=secrets.token_hex(16),
        token="".join(secrets.choice(letters) for _ in range(24)),
        aes_key="".join(secrets.choice(letters) for _ in range(43)),
        original_id="gh_" + secrets.token_hex(6),
    )
