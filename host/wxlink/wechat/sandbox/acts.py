"""What a person does in the sandbox's WeChat, and what the account's chat shows of it."""

from dataclasses import dataclass

from wxlink.wechat.messages import SCENE_PREFIX
from wxlink.wechat.replies import MAX_TEXT_BYTES
from wxlink.wechat.sandbox.api import Api
from wxlink.wechat.sandbox.menu_rules import find_button
from wxlink.wechat.sandbox.people import AFTER_EVENT, AFTER_MESSAGE, Someone
from wxlink.wechat.sandbox.pushes import Delivery, Fields, PushSide

UNAVAILABLE = "该公众号提供的服务出现故障，请稍后再试"  # WeChat's words


class Impossible(Exception):
    """WeChat's app would not let the person do this."""


@dataclass(slots=True)
class Acts:
    """The acts of all people; each returns what became of its push. Raises Impossible."""

    api: Api
    pushes: PushSide

    async def follow(self, someone: Someone) -> Delivery:
        """Follow the account by its name."""
        return await self._follow(someone, "关注 · followed", {"EventKey": ""})

    async def scan(self, someone: Someone, ticket: str) -> Delivery:
        """Scan a scene QR code: a follower's SCAN, a stranger follows with it."""
        code = self.api.codes.get(ticket)
        if code is None or not self.api.codes.valid(code):
            self._note(someone, "二维码已失效 · the QR code has expired")
            raise Impossible("this QR code is unknown or has expired")
        if not someone.following:
            event_key = SCENE_PREFIX + code.scene
            fields: Fields = {"EventKey": event_key, "Ticket": ticket}
            return await self._follow(someone, "扫码关注 · scanned and followed", fields)
        self._note(someone, "扫码 · scanned")
        self.api.people.grant(someone, AFTER_EVENT)
        delivery = await self.pushes.event(
            someone.openid, "SCAN", {"EventKey": code.scene, "Ticket": code.ticket}
        )
        return self._show(someone, delivery)

    async def unfollow(self, someone: Someone) -> Delivery:
        """Stop following; nothing of the account's answer is shown."""
        self._must_follow(someone)
        someone.following = False
        someone.allowances.clear()
        self._note(someone, "取消关注 · unfollowed")
        return await self.pushes.event(someone.openid, "unsubscribe", {"EventKey": ""})

    async def text(self, someone: Someone, content: str) -> Delivery:
        """Send a line of text."""
        self._must_follow(someone)
        if not 1 <= len(content.encode()) <= MAX_TEXT_BYTES:
            raise Impossible(f"a message has 1-{MAX_TEXT_BYTES} bytes")
        self.api.people.say(someone, "user", content)
        self.api.people.grant(someone, AFTER_MESSAGE)
        return self._show(someone, await self.pushes.message(someone.openid, "text", {"Content": content}))

    async def click(self, someone: Someone, key: str) -> Delivery:
        """Tap a click button of the menu."""
        self._must_follow(someone)
        button = find_button(self.api.menu, key)
        if button is None:
            raise Impossible("the menu has no button with this key")
        self._note(someone, f"菜单 · menu: {button['name']}")
        self.api.people.grant(someone, AFTER_EVENT)
        return self._show(someone, await self.pushes.event(someone.openid, "CLICK", {"EventKey": key}))

    async def _follow(self, someone: Someone, note: str, fields: Fields) -> Delivery:
        if someone.following:
            raise Impossible("already following")
        someone.following = True
        self._note(someone, note)
        self.api.people.grant(someone, AFTER_EVENT)
        return self._show(someone, await self.pushes.event(someone.openid, "subscribe", fields))

    def _show(self, someone: Someone, delivery: Delivery) -> Delivery:
        match delivery.outcome:
            case "reply":
                self.api.people.say(someone, "account", delivery.text, "reply")
            case "fault":
                self._note(someone, UNAVAILABLE)
        return delivery

    def _must_follow(self, someone: Someone) -> None:
        if not someone.following:
            raise Impossible("the person does not follow the account")

    def _note(self, someone: Someone, text: str) -> None:
        self.api.people.say(someone, "system", text)
