"""What the account says: binding by scanning, the state of devices, help."""

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from wxlink.wechat.home import DeviceView, Home, Language, Person, Refusal
from wxlink.wechat.messages import (
    Image,
    Link,
    Location,
    MenuClicked,
    Push,
    Scanned,
    Subscribed,
    Text,
    Unsubscribed,
    Video,
    Voice,
)
from wxlink.wechat.pace import Pace
from wxlink.wechat.replies import MAX_TEXT_BYTES, Reply, TextReply
from wxlink.wechat.texts import TEXTS
from wxlink.wechat.tokens import Clock

BIND_SCENE = "bind:"
STATE_KEY = "wxlink.state"
HELP_KEY = "wxlink.help"

MAX_DEVICES = 10  # in one answer
MAX_VALUES_BYTES = 900  # for the data points of one device; its page shows all of them
_MAX_NAME_CHARS = 40
_MAX_VALUE_CHARS = 60
_BURST, _EVERY_S = 10, 3.0  # asks of one person at once, and seconds until one more is allowed
_ROOM_FOR_LAST_LINE = 120  # bytes kept free for the line that says that devices were left out
_URL_CHARS = ":/?#[]@!$&'()*+,;=%"  # stay as they are in a link: WeChat reads no &amp;

_ASKS_STATE = "state"
_ASKS_HELP = "help"
_WORDS: dict[str, tuple[str, Language]] = {
    "状态": (_ASKS_STATE, Language.ZH),
    "设备": (_ASKS_STATE, Language.ZH),
    "帮助": (_ASKS_HELP, Language.ZH),
    "state": (_ASKS_STATE, Language.EN),
    "status": (_ASKS_STATE, Language.EN),
    "help": (_ASKS_HELP, Language.EN),
}
_MENU_ASKS = {STATE_KEY: _ASKS_STATE, HELP_KEY: _ASKS_HELP}


def default_menu() -> dict[str, Any]:
    """The menu that goes with this conversation, as `WeChatClient.menu_create` takes it."""
    return {
        "button": [
            {"type": "click", "name": "设备状态", "key": STATE_KEY},
            {"type": "click", "name": "帮助", "key": HELP_KEY},
        ]
    }


class Conversation:
    """Answers the pushes of one account, Chinese first; in English when asked in English.

    `answer` is what a `Callback` wants. It raises what the home raises.
    """

    def __init__(self, appid: str, home: Home, *, clock: Clock = time.time) -> None:
        self._appid = appid
        self._home = home
        self._pace = Pace(_BURST, _EVERY_S, clock)

    async def answer(self, push: Push) -> Reply | None:
        """The reply to a push; None when there is nothing to say."""
        act = _ACTS.get(type(push))
        if act is None:
            return None
        if not isinstance(push, Unsubscribed) and not self._pace.allows(push.openid):
            return TextReply(TEXTS[Language.ZH].too_fast)
        text = await act(self, push)
        return TextReply(text) if text else None

    async def _subscribed(self, push: Subscribed) -> str:
        texts = TEXTS[Language.ZH]
        welcome = f"{texts.welcome}\n"
        return welcome + (await self._bind(push, push.scene) or texts.help)

    async def _scanned(self, push: Scanned) -> str:
        return await self._bind(push, push.scene) or TEXTS[Language.ZH].help

    async def _unsubscribed(self, push: Unsubscribed) -> str:
        if push.trusted:
            await self._home.forget(self._person(push))
        return ""

    async def _said(self, push: Text) -> str:
        word = push.content.strip(" \t\r\n?？!！。.").casefold()
        language = Language.EN if word.isascii() and word else Language.ZH
        asks, language = _WORDS.get(word, (_ASKS_HELP, language))
        return await self._asked(push, asks, language)

    async def _sent_something(self, push: Push) -> str:
        return TEXTS[Language.ZH].help

    async def _clicked(self, push: MenuClicked) -> str:
        return await self._asked(push, _MENU_ASKS.get(push.menu_key, _ASKS_HELP), Language.ZH)

    async def _asked(self, push: Push, asks: str, language: Language) -> str:
        return await self._state(push, language) if asks == _ASKS_STATE else TEXTS[language].help

    async def _bind(self, push: Push, scene: str) -> str:
        """What to say to a scanned scene; empty when it is not a binding one."""
        if not scene.startswith(BIND_SCENE):
            return ""
        texts = TEXTS[Language.ZH]
        if not push.trusted:
            return texts.cannot_bind_here
        person = self._person(push)
        outcome = await self._home.claim(person, scene, Language.ZH)
        if isinstance(outcome, Refusal):
            return texts.refusals[outcome]
        described = await self._describe(person, outcome, Language.ZH, trusted=True)
        return texts.bound.format(device=described)

    async def _state(self, push: Push, language: Language) -> str:
        texts, person = TEXTS[language], self._person(push)
        devices = await self._home.devices(person, language, MAX_DEVICES + 1)
        if not devices:
            return texts.no_devices
        blocks: list[str] = []
        room = MAX_TEXT_BYTES - _ROOM_FOR_LAST_LINE
        for device in devices[:MAX_DEVICES]:
            block = await self._describe(person, device, language, trusted=push.trusted)
            room -= len(block.encode()) + 2
            if room < 0 and blocks:
                break
            blocks.append(block)
        if len(blocks) < len(devices):
            blocks.append(texts.more_devices)
        return "\n\n".join(blocks)

    async def _describe(
        self, person: Person, device: DeviceView, language: Language, *, trusted: bool
    ) -> str:
        """A device in a few lines: name, state, values, and its page's link, never for a clear-text push."""
        texts = TEXTS[language]
        unreachable = texts.stale if device.values else texts.offline
        lines = [
            _shown(device.name, _MAX_NAME_CHARS) or device.did,
            texts.online if device.online else unreachable,
        ]
        room = MAX_VALUES_BYTES
        for label, text in device.values:
            line = texts.value.format(
                label=_shown(label, _MAX_NAME_CHARS), text=_shown(text, _MAX_VALUE_CHARS)
            )
            room -= len(line.encode())
            if room < 0:
                lines.append("…")
                break
            lines.append(line)
        if not device.reported:
            lines.append(texts.no_values)
        link = await self._home.page_link(person, device.did) if trusted else None
        if link:
            lines.append(f'<a href="{quote(link, safe=_URL_CHARS)}">{texts.open_page}</a>')
        return "\n".join(lines)

    def _person(self, push: Push) -> Person:
        return Person(self._appid, push.openid)


def _shown(text: str, limit: int) -> str:
    """Somebody's text on one line, cut, and unable to be taken for a link."""
    text = re.sub(r"\s+", " ", text).strip().replace("<", "＜").replace(">", "＞")
    return text if len(text) <= limit else text[: limit - 1] + "…"


_ACTS: dict[type[Push], Callable[[Conversation, Any], Awaitable[str]]] = {
    Subscribed: Conversation._subscribed,
    Unsubscribed: Conversation._unsubscribed,
    Scanned: Conversation._scanned,
    MenuClicked: Conversation._clicked,
    Text: Conversation._said,
    **dict.fromkeys((Image, Voice, Video, Location, Link), Conversation._sent_something),
}
