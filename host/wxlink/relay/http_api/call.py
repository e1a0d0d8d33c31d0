"""One API call as its handler sees it: who calls, and what was sent, checked for its type."""

import binascii
import json
import re
from base64 import b64decode
from typing import Any, Final, NoReturn

from aiohttp import hdrs, web

from wxlink.relay.errors import ApiError
from wxlink.relay.service import Service
from wxlink.relay.settings import Endpoints
from wxlink.relay.values import BASE64, HEX

BODY_MAX: Final = 256 * 1024  # bytes; the longest raw command, written as a list of numbers, takes 100 KB

APP_ID: Final = "X-Gizwits-Application-Id"
USER_TOKEN: Final = "X-Gizwits-User-token"  # noqa: S105  the name of a header
TIMESTAMP: Final = "X-Gizwits-Timestamp"
SIGNATURE: Final = "X-Gizwits-Signature"

_NUMBER: Final = re.compile(r"[0-9]{1,9}")


class Call:
    """A request, with the service that answers it."""

    def __init__(self, request: web.Request, service: Service) -> None:
        self.service = service
        self._request = request

    @property
    def did(self) -> str:
        """The did in the path."""
        return self._request.match_info["did"]

    @property
    def appid(self) -> str:
        """The app that calls; whether it exists is the service's to say."""
        return self.header(APP_ID)

    async def uid(self) -> str:
        """The user who calls. Raises ApiError 9003 or 9004."""
        return await self.service.authenticate(self.appid, self.header(USER_TOKEN))

    def endpoints(self) -> Endpoints:
        """Where this caller reaches the relay."""
        return self.service.settings.endpoints(self._request.headers.get(hdrs.HOST))

    def header(self, name: str) -> str:
        """A header's text, empty when it is missing."""
        return self._request.headers.get(name, "")

    def query(self, name: str) -> str:
        """A text of the query. Raises ApiError 9015 when it is missing."""
        text = self._request.query.get(name)
        if not text:
            raise ApiError(9015, f"the query needs {name}")
        return text

    def query_number(self, name: str, default: int, most: int) -> int:
        """A number of the query from 0 to `most`. Raises ApiError 9015."""
        text = self._request.query.get(name) or str(default)
        if not _NUMBER.fullmatch(text) or int(text) > most:
            raise ApiError(9015, f"{name} is a number from 0 to {most}")
        return int(text)

    async def form(self) -> "Form":
        """The body, a JSON object whatever its content type says. Raises ApiError 9015."""
        # A copy of the request carries this API's own limit; reading past it raises 413.
        body = await self._request.clone(client_max_size=BODY_MAX).read()
        try:
            parsed = json.loads(body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ApiError(9015, "the body is not JSON") from error
        if not isinstance(parsed, dict):
            raise ApiError(9015, "the body is not a JSON object")
        return Form(parsed)


class Form:
    """A JSON object from a client. What is missing and what is null are the same."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields

    def __contains__(self, name: str) -> bool:
        return self._fields.get(name) is not None

    def text(self, name: str, default: str | None = None) -> str:
        """A text. Raises ApiError 9015 when it is none, or missing without a default."""
        value = self._fields.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise ApiError(9015, f"{name} is missing" if value is None else f"{name} is not a text")
        return value

    def optional_text(self, name: str) -> str | None:
        """A text or None. Raises ApiError 9015 for anything else."""
        return self.text(name) if name in self else None

    def optional_texts(self, name: str) -> list[str] | None:
        """A list of texts or None. Raises ApiError 9015 for anything else."""
        value = self._fields.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ApiError(9015, f"{name} is not a list of texts")
        return value

    def attrs(self, name: str) -> dict[str, Any]:
        """An object. Raises ApiError 9015 for anything else."""
        value = self._fields.get(name)
        if not isinstance(value, dict):
            raise ApiError(9015, f"{name} is not an object")
        return value

    def forms(self, name: str, most: int) -> list["Form"]:
        """A list of objects. Raises ApiError 9015 for anything else, and for more than `most`."""
        value = self._fields.get(name)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise ApiError(9015, f"{name} is not a list of objects")
        if len(value) > most:
            raise ApiError(9015, f"{name} holds at most {most} entries")
        return [Form(item) for item in value]

    def octets(self, name: str, coding: str) -> bytes:
        """Bytes given as a list of numbers, or as hex or base64 text. Raises ApiError 9015."""
        value = self._fields.get(name)
        try:
            if isinstance(value, list) and not any(isinstance(item, bool) for item in value):
                return bytes(value)
            if isinstance(value, str) and coding in (HEX, BASE64):
                return b64decode(value, validate=True) if coding == BASE64 else bytes.fromhex(value)
        except (ValueError, TypeError, binascii.Error):
            pass
        raise ApiError(9015, f"{name} is neither a list of byte numbers nor {HEX} or {BASE64} text")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
