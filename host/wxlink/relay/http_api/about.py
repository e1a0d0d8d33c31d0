"""What the API tells of itself."""

from typing import Final

from msgspec import Struct

from wxlink import __version__
from wxlink.relay.errors import ERRORS
from wxlink.relay.rest import Call, Route


class Version(Struct):
    """Which relay answers."""

    version: str


class Status(Struct):
    """That it does answer."""

    status: Version


class ErrorEntry(Struct):
    """An error code and the HTTP status with which it comes."""

    status: int
    error_code: int
    error_message: str


async def show_status(_call: Call) -> Status:
    """GET /status: the version of the relay."""
    return Status(Version(__version__))


async def show_errors(_call: Call) -> list[ErrorEntry]:
    """GET /errors: every error code."""
    return [ErrorEntry(status, code, text) for code, (text, status) in ERRORS.items()]


ROUTES: Final = (
    Route("GET", "/status", show_status),
    Route("GET", "/errors", show_errors),
)
