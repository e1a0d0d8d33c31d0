"""What WeChat accepts as a menu."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from wxlink.wechat.sandbox.refusal import Refusal

MAX_KEY_BYTES = 128
MAX_URL_BYTES = 1024
_KEYED = frozenset(
    (
        "click",
        "scancode_push",
        "scancode_waitmsg",
        "pic_sysphoto",
        "pic_photo_or_album",
        "pic_weixin",
        "location_select",
    )
)
_LINKED = frozenset(("view", "miniprogram"))
_STORED = frozenset(("media_id", "view_limited", "article_id", "article_view_limited"))


@dataclass(frozen=True, slots=True)
class _Level:
    """The limits of a level and the code for each way to break them."""

    max_buttons: int
    max_name_bytes: int
    count: int
    kind: int
    name: int
    key: int
    url_size: int
    url_domain: int


_TOP = _Level(3, 16, 40016, 40017, 40018, 40019, 40020, 40055)
_SUB = _Level(5, 60, 40023, 40024, 40025, 40026, 40027, 40054)


def check_menu(menu: dict[str, Any]) -> None:
    """Raise the refusal of a menu that WeChat would not take."""
    _check_buttons(menu.get("button"), _TOP)


def find_button(menu: dict[str, Any] | None, key: str) -> dict[str, Any] | None:
    """The button with this key, at either level."""
    for button in (menu or {}).get("button", []):
        for candidate in (button, *button.get("sub_button", [])):
            if candidate.get("key") == key:
                found: dict[str, Any] = candidate
                return found
    return None


def _check_buttons(buttons: Any, level: _Level) -> None:
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= level.max_buttons:
        raise Refusal(level.count)
    for button in buttons:
        if not isinstance(button, dict):
            raise Refusal(47001)
        _check_size(button.get("name"), level.max_name_bytes, level.name)
        if button.get("sub_button"):
            if level is _SUB:
                raise Refusal(40022)
            _check_buttons(button["sub_button"], _SUB)
        else:
            _check_action(button, level)


def _check_action(button: dict[str, Any], level: _Level) -> None:
    kind = button.get("type")
    if kind in _KEYED:
        _check_size(button.get("key"), MAX_KEY_BYTES, level.key)
    elif kind in _LINKED:
        _check_size(button.get("url"), MAX_URL_BYTES, level.url_size)
        url = urlsplit(button["url"])
        if url.scheme not in ("http", "https") or not url.hostname:
            raise Refusal(level.url_domain)
    elif kind in _STORED:
        raise Refusal(40007, "the sandbox stores no media")
    else:
        raise Refusal(level.kind)


def _check_size(value: Any, limit: int, code: int) -> None:
    if not isinstance(value, str) or not 1 <= len(value.encode()) <= limit:
        raise Refusal(code)
