"""Types that bodies and queries of several calls share; the limits in them are in OpenAPI, too."""

import binascii
from base64 import b64decode
from typing import Annotated, Any, Final, TypeAlias

from msgspec import Meta, Struct

from wxlink.relay.errors import ApiError
from wxlink.relay.service import PAGE_MAX
from wxlink.relay.values import BASE64, HEX

SKIP_MAX: Final = 1_000_000
PAGE_DEFAULT: Final = 20  # clients that page count on it

Limit: TypeAlias = Annotated[int, Meta(ge=0, le=PAGE_MAX)]
Skip: TypeAlias = Annotated[int, Meta(ge=0, le=SKIP_MAX)]
Flag: TypeAlias = Annotated[int, Meta(ge=0, le=1)]
Byte: TypeAlias = Annotated[int, Meta(ge=0, le=255)]
Attrs: TypeAlias = dict[str, Any]
Raw: TypeAlias = list[Byte] | str
"""Bytes: a list of numbers, or text in the coding that stands beside it."""


class Page(Struct, kw_only=True):
    """Which part of a list is wanted; a list shorter than `limit` is the last one."""

    limit: Limit = PAGE_DEFAULT
    skip: Skip = 0


def octets(raw: Raw, coding: str | None = None) -> bytes:
    """The bytes that are meant; `coding` is hex or base64, hex unless told. Raises ApiError 9015."""
    if isinstance(raw, list):
        return bytes(raw)
    try:
        if coding in (None, HEX):
            return bytes.fromhex(raw)
        if coding == BASE64:
            return b64decode(raw, validate=True)
    except (ValueError, binascii.Error):
        pass
    raise ApiError(9015, f"raw is neither a list of byte numbers nor {HEX} or {BASE64} text")
