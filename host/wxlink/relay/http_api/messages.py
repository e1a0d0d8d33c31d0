"""Messages: what a user should know of, kept until it was read."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from wxlink.relay.http_api.lists import ListMeta, iso, list_meta
from wxlink.relay.rest import Page, Route, UserCall


class MessagePage(Page, kw_only=True):
    """type 1: sharing, 2: alerts; all when it is missing."""

    type: Annotated[int, Meta(ge=1, le=2)] | None = None


class MessageEntry(Struct, kw_only=True):
    """A message in the user's language; status 0 not read, 1 read."""

    id: str
    created_at: str
    updated_at: str
    type: int
    status: int
    content: str


class MessageList(Struct):
    """Messages, newest first."""

    meta: ListMeta
    objects: list[MessageEntry]


class Mark(Struct):
    """1: read, 2: deleted."""

    status: Annotated[int, Meta(ge=1, le=2)]


async def list_messages(call: UserCall, query: MessagePage) -> MessageList:
    """GET /app/messages: the user's messages that are not deleted."""
    total, letters = await call.service.messages(call.uid, query.type, query.limit, query.skip)
    entries = [
        MessageEntry(
            id=message.id,
            created_at=iso(message.created_at),
            updated_at=iso(message.updated_at),
            type=message.type,
            status=message.status,
            content=content,
        )
        for message, content in letters
    ]
    return MessageList(list_meta("/app/messages", {"type": query.type}, query, total), entries)


async def mark_message(call: UserCall, query: Mark) -> None:
    """PUT /app/messages/{id}: mark a message read or deleted."""
    await call.service.mark_message(call.uid, call.segment("id"), query.status)


ROUTES: Final = (
    Route("GET", "/app/messages", list_messages, errors=(9005,)),
    Route("PUT", "/app/messages/{id}", mark_message, errors=(9085, 9098, 9101)),
)
