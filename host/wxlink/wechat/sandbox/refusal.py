"""How the sandbox says no: WeChat's error codes with WeChat's words."""

import secrets
from typing import Any


class Refusal(Exception):
    """An API call is refused with this code."""

    def __init__(self, code: int, hint: str = "") -> None:
        super().__init__(f"{code} {_WORDS[code]} {hint}".rstrip())
        self.code = code
        self.hint = hint

    def as_answer(self) -> dict[str, Any]:
        """The JSON that WeChat answers with."""
        hint = f" hint: [{self.hint}]" if self.hint else ""
        return {"errcode": self.code, "errmsg": f"{_WORDS[self.code]}{hint} rid: {secrets.token_hex(12)}"}


_WORDS = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40014: "invalid access_token",
    40016: "invalid button size",
    40017: "invalid button type",
    40018: "invalid button name size",
    40019: "invalid button key size",
    40020: "invalid button url size",
    40022: "invalid sub menu level",
    40023: "invalid sub button size",
    40024: "invalid sub button type",
    40025: "invalid sub button name size",
    40026: "invalid sub button key size",
    40027: "invalid sub button url size",
    40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
    40053: "invalid action info",
    40054: "invalid sub button url domain",
    40055: "invalid button url domain",
    40125: "invalid appsecret",
    40164: "invalid ip",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    43004: "require subscribe",
    44002: "empty post data",
    44004: "empty content",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    46003: "menu no exist",
    47001: "data format error",
    48001: "api unauthorized",
}
