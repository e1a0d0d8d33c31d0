"""What the newer lists share: `meta` beside `objects`, and times as text."""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from msgspec import Struct

from wxlink.relay.rest import Page


class ListMeta(Struct, kw_only=True):
    """Where in a list its objects stand; the addresses of the parts before and after, null at the ends."""

    previous: str | None
    next: str | None
    skip: int
    limit: int
    total: int


def list_meta(path: str, asked: Mapping[str, object], page: Page, total: int) -> ListMeta:
    """The meta of a page. asked: the rest of the query, without what was not given."""

    def address(skip: int) -> str:
        given = {name: value for name, value in asked.items() if value is not None}
        return f"{path}?{urlencode({'skip': skip, **given, 'limit': page.limit})}"

    before, after = page.skip - page.limit, page.skip + page.limit
    return ListMeta(
        previous=address(max(before, 0)) if page.skip and page.limit else None,
        next=address(after) if page.limit and after < total else None,
        skip=page.skip,
        limit=page.limit,
        total=total,
    )


def iso(at: float) -> str:
    """A time as these calls write it: `2017-09-11T11:41:23Z`."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
