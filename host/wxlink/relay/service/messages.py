"""Messages to users: invitations, alerts and what else they should know of."""

import re
from typing import Final, NamedTuple

from wxlink.relay.errors import ApiError
from wxlink.relay.service.core import Core
from wxlink.relay.service.message_texts import text
from wxlink.relay.store import Message

_ID: Final = re.compile(r"[0-9a-f]{24}")


class Letter(NamedTuple):
    """A message and its text in the language of its reader."""

    message: Message
    content: str


class Letters(NamedTuple):
    """Part of a user's messages, and how many there are."""

    total: int
    letters: list[Letter]


class Messages(Core):
    """Use cases of messages."""

    async def messages(self, uid: str, kind: int | None, limit: int, skip: int) -> Letters:
        """The user's messages of a type, or of all, newest first."""
        user = await self.store.users.get(uid)
        if user is None:
            raise ApiError(9005)
        total, found = await self.store.messages.page(uid, kind, limit, skip)
        return Letters(total, [Letter(one, text(one.event, one.words, user.lang)) for one in found])

    async def mark_message(self, uid: str, message: str, status: int) -> None:
        """Mark a message read (1) or deleted (2).

        Raises ApiError: 9085 there is none, 9098 deleted before, 9101 another user's.
        """
        if not _ID.fullmatch(message):
            raise ApiError(9085)
        await self.store.messages.mark(message, uid, status, self.clock())
