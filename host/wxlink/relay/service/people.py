"""People who come through WeChat, and the messages that bring them."""

from typing import Final

from wxlink.relay.ids import new_key
from wxlink.relay.service.accounts import NAME_MAX
from wxlink.relay.service.core import Core, check_text
from wxlink.relay.store import Claimed

PUSH_KEY_MAX: Final = 255  # characters


class People(Core):
    """Use cases of WeChat's callback."""

    async def person(self, account: str, openid: str) -> str:
        """The uid of a person of an official account, drawn at the first time.

        Only for an openid that WeChat vouched for: in a signed message or an OAuth answer. It is never the
        uid of the anonymous user with the same phone id (see store.people).
        """
        check_text("account", account, NAME_MAX, 1)
        check_text("openid", openid, NAME_MAX, 1)
        return await self.store.people.uid(account, openid, new_key(), self.clock())

    async def claim_push(self, key: str, ttl_s: float) -> Claimed:
        """Whether this message is the caller's to handle; WeChat sends it again when an answer takes long."""
        check_text("key", key, PUSH_KEY_MAX, 1)
        return await self.store.pushes.claim(key, self.clock(), ttl_s)

    async def reply_push(self, key: str, reply: bytes) -> None:
        """Keep the reply for the message's repetitions."""
        await self.store.pushes.reply(key, reply)
