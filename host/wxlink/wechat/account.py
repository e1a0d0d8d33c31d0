"""One Official Account: what its owner copies from WeChat's developer platform."""

import base64
import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self
from urllib.parse import urlsplit

WECHAT_API = "https://api.weixin.qq.com"

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")  # it stands in the callback's path
_APPID = re.compile(r"wx[0-9a-f]{16}")
_SECRET = re.compile(r"[0-9A-Za-z]{32}")
_ORIGINAL_ID = re.compile(r"gh_[0-9a-f]{12}")
_TOKEN = re.compile(r"[0-9A-Za-z]{3,32}")
_AES_KEY = re.compile(r"[0-9A-Za-z]{43}")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Mode(StrEnum):
    """How WeChat sends pushes to the callback; set where the callback's address is set."""

    SAFE = "safe"
    COMPATIBLE = "compatible"
    PLAIN = "plain"


class AccountError(ValueError):
    """A field of an account cannot be right; the text names the field and where its value is found."""


@dataclass(frozen=True, slots=True)
class Account:
    """Settings of one Official Account. Raises AccountError naming the field to mend.

    `name` stands in the callback's path (`/wx/<name>/callback`). `next_aes_key` is the key that WeChat
    is about to switch to. `customer_messages` says whether the account was granted customer messages.
    """

    name: str
    appid: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    aes_key: str = field(repr=False)
    original_id: str
    mode: Mode = Mode.SAFE
    next_aes_key: str | None = field(default=None, repr=False)
    customer_messages: bool = True
    api_base: str = WECHAT_API

    def __post_init__(self) -> None:
        for name, pattern, advice in _RULES:
            if not pattern.fullmatch(getattr(self, name)):
                raise AccountError(f"WeChat account {self.name!r}: {name} must be {advice}")
        if self.next_aes_key is not None and not _AES_KEY.fullmatch(self.next_aes_key):
            raise AccountError(f"WeChat account {self.name!r}: next_aes_key must be {_AES_KEY_ADVICE}")
        if not isinstance(self.mode, Mode):
            modes = ", ".join(Mode)
            raise AccountError(f"WeChat account {self.name!r}: mode must be one of {modes}")
        base = urlsplit(self.api_base)
        if not (base.scheme == "https" or (base.scheme == "http" and base.hostname in _LOOPBACK)):
            advice = "https://, or http:// on this machine for the sandbox"
            raise AccountError(f"WeChat account {self.name!r}: api_base must be {advice}")

    def at(self, api_base: str) -> Self:
        """The same account whose API is asked for elsewhere, such as at a sandbox."""
        return replace(self, api_base=api_base)


def decode_aes_key(text: str) -> bytes:
    """The 32-byte AES key behind the 43 characters of an EncodingAESKey.

    43 characters hold 258 bits; the two spare bits may be set and are ignored.
    """
    return base64.b64decode(text + "=")


_AES_KEY_ADVICE = "the EncodingAESKey: 43 letters and digits, from the message push settings"
_RULES = (
    ("name", _NAME, "1-32 lower-case letters, digits or hyphens: it becomes part of the callback's path"),
    ("appid", _APPID, "'wx' and 16 hexadecimal digits, from the account's basic settings"),
    ("secret", _SECRET, "the AppSecret: 32 letters and digits, from the account's basic settings"),
    ("token", _TOKEN, "the Token: 3-32 letters and digits, as in the message push settings"),
    ("aes_key", _AES_KEY, _AES_KEY_ADVICE),
    ("original_id", _ORIGINAL_ID, "'gh_' and 12 hexadecimal digits, from the account's details"),
)
