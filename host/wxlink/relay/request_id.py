"""The number of the request that is being answered, for whoever logs or reports something meanwhile."""

import re
import secrets
from contextvars import ContextVar
from typing import Final

HEADER: Final = "X-Request-Id"

current: Final[ContextVar[str | None]] = ContextVar("request_id", default=None)
"""None outside of requests."""

_SOUND: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


def new_request_id() -> str:
    """A number that no other request has."""
    return secrets.token_hex(8)


def is_request_id(text: str) -> bool:
    """Whether a text of a proxy's can stand in a log and in a header."""
    return _SOUND.fullmatch(text) is not None
