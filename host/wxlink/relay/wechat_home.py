"""The relay as the home of WeChat's conversation: people, their devices and links to the pages."""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from aiohttp import web

from wxlink.relay.errors import ApiError
from wxlink.relay.service import ClaimRefused, Owned, Service
from wxlink.relay.store import First, Replied
from wxlink.wechat.account import Account
from wxlink.wechat.callback import TIMESTAMP_WINDOW_S, Callback, add_routes
from wxlink.wechat.client import WeChatClient
from wxlink.wechat.conversation import Conversation
from wxlink.wechat.home import Claim, DeviceView, Language, Person, Refusal
from wxlink.wechat.texts import TEXTS
from wxproto.product import ALERT, FAULT, READONLY, WRITABLE, Point

# WeChat repeats a push within 15 s, but whoever has seen one may send it again while its timestamp is taken:
# that is for twice the window when WeChat's clock is ahead of ours.
PUSH_MEMORY_S: Final = 2.0 * TIMESTAMP_WINDOW_S
OWNED_ALREADY: Final = 9092  # of the error table
ENTER_PATH: Final = "/h5/enter/"
_BINARY_SHOWN: Final = 8  # bytes of a binary data point in a chat
_UNBIND_PAGE: Final = 100  # bindings undone between two looks


@dataclass(frozen=True, slots=True)
class WeChat:
    """One Official Account as the relay serves it."""

    account: Account
    client: WeChatClient
    callback: Callback


@asynccontextmanager
async def open_wechat(
    app: web.Application, service: Service, accounts: Iterable[Account], page_base: Callable[[], str]
) -> AsyncIterator[Mapping[str, WeChat]]:
    """Add the callback of each account to the app, by name, and serve them until the block ends.

    Enter it before the app is set up. `page_base` gives the address in front of `/h5/`, without a slash, as a
    person's browser reaches it.
    """
    home = RelayHome(service, page_base)
    pushes = RelayPushLog(service)
    served: dict[str, WeChat] = {}
    async with aiohttp.ClientSession() as session:
        for account in accounts:
            client = WeChatClient(account, session, clock=service.clock)
            conversation = Conversation(account.appid, home, clock=service.clock)
            callback = Callback(
                account,
                conversation.answer,
                pushes,
                late=client if account.customer_messages else None,
                failure_text=TEXTS[Language.ZH].failure,
                clock=service.clock,
            )
            served[account.name] = WeChat(account, client, callback)
        add_routes(app, {name: wechat.callback for name, wechat in served.items()})
        try:
            yield served
        finally:
            for wechat in served.values():
                await wechat.callback.close()


class RelayHome:
    """`wechat.home.Home` on the relay's use cases."""

    def __init__(self, service: Service, page_base: Callable[[], str]) -> None:
        self._service = service
        self._page_base = page_base

    async def claim(self, person: Person, scene: str, language: Language) -> DeviceView | Refusal:
        """Redeem a binding code for the person."""
        uid = await self._uid(person)
        try:
            owned = await self._service.redeem_claim(uid, scene)
        except ClaimRefused as error:
            return Refusal(error.refusal.value)
        except ApiError as error:
            if error.code == OWNED_ALREADY:
                return Refusal.OWNED
            raise
        return await self._view(uid, owned, language)

    async def devices(self, person: Person, language: Language, limit: int) -> Sequence[DeviceView]:
        """The person's devices that are not disabled, oldest binding first."""
        uid = await self._uid(person)
        owned = await self._service.bindings(uid, limit, show_disabled=False)
        return [await self._view(uid, one, language) for one in owned]

    async def page_link(self, person: Person, did: str) -> str:
        """A link with a ticket in it, good for one browser."""
        ticket = await self._service.issue_page_ticket(await self._uid(person), did)
        return f"{self._page_base()}{ENTER_PATH}{ticket}"

    async def forget(self, person: Person) -> None:
        """Undo every binding of the person."""
        uid = await self._uid(person)
        while bound := await self._service.bindings(uid, _UNBIND_PAGE):
            for owned in bound:
                await self._service.unbind(uid, owned.device.did)

    async def _uid(self, person: Person) -> str:
        return await self._service.person(person.appid, person.openid)

    async def _view(self, uid: str, owned: Owned, language: Language) -> DeviceView:
        binding, device, product = owned
        state = (await self._service.latest(uid, device.did)).state
        points = product.points
        own_name = (points.name_en if language is Language.EN else None) or product.name
        name = binding.alias or binding.remark or f"{own_name} {device.mac[-4:]}"
        known = [point for point in points.points if point.name in state.attrs]
        lines = [_line(point, state.attrs[point.name], language) for point in known]
        values = tuple(line for line in lines if line is not None)
        return DeviceView(device.did, name, device.online, state.updated_at > 0, values)


class RelayPushLog:
    """`wechat.home.PushLog` on the relay's store, shared by all its processes."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def claim(self, account: str, key: str) -> Claim:
        """Take the push, unless somebody has."""
        claimed = await self._service.claim_push(_push_key(account, key), PUSH_MEMORY_S)
        reply = claimed.reply.decode() if isinstance(claimed, Replied) else None
        return Claim(isinstance(claimed, First), reply)

    async def remember(self, account: str, key: str, reply: str) -> None:
        """Keep the reply for the retries."""
        await self._service.reply_push(_push_key(account, key), reply.encode())


def _push_key(account: str, key: str) -> str:
    """A key of fixed length that names nobody: the push's own may hold an openid and a long address."""
    return hashlib.sha256(f"{account}|{key}".encode()).hexdigest()


_BOOLS: Final = {  # kind of data point: (true, false), by language
    WRITABLE: {Language.ZH: ("开", "关"), Language.EN: ("on", "off")},
    READONLY: {Language.ZH: ("是", "否"), Language.EN: ("yes", "no")},
    ALERT: {Language.ZH: ("⚠ 有", ""), Language.EN: ("⚠ yes", "")},
    FAULT: {Language.ZH: ("⚠ 有", ""), Language.EN: ("⚠ yes", "")},
}


def _line(point: Point, value: Any, language: Language) -> tuple[str, str] | None:
    """Label and text of a stored value (see values.py); None for an alarm that is not on."""
    english = language is Language.EN
    label = (point.display_name_en if english else point.display_name) or point.name
    text: str
    match point.data_type:
        case "bool":
            text = _BOOLS[point.kind][language][0 if value else 1]
        case "enum":
            translations = dict(zip(point.values, point.values_en or (), strict=False)) if english else {}
            text = translations.get(value, value)
        case "binary":
            text = value[: 2 * _BINARY_SHOWN] + ("…" if len(value) > 2 * _BINARY_SHOWN else "")
        case _:
            number = f"{value:.10g}" if isinstance(value, float) else str(value)
            gap = " " if point.unit[:1].isascii() and point.unit[:1].isalpha() else ""  # 5 kW, but 5% and 5℃
            text = f"{number}{gap}{point.unit}"
    return (label, text) if text else None
