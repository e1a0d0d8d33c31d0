"""The kinds of values that settings have: what is allowed, and how text and TOML values become them."""

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

TEXT_MAX: Final = 4096  # characters of one setting

_HOST_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252})")
_FLAGS: Final[Mapping[str, bool]] = {"true": True, "1": True, "false": False, "0": False}


class Kind(NamedTuple):
    """One kind of value.

    allowed: for a person. take: the setting of a TOML value; raises ValueError, TypeError or OverflowError
    when it is not allowed. parse: the TOML value that a text of the environment stands for; raises the same.
    """

    allowed: str
    take: Callable[[object], Any]
    parse: Callable[[str], object] = str


def number(low: int, high: int, allowed: str | None = None) -> Kind:
    """A whole number."""

    def take(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError
        return value

    return Kind(allowed or f"a whole number from {low} to {high}", take, int)


def real(low: float, high: float, allowed: str | None = None) -> Kind:
    """A number."""

    def take(value: object) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError
        return float(value)

    return Kind(allowed or f"a number from {low:g} to {high:g}", take, float)


def choice(*names: str) -> Kind:
    """One of some words."""

    def take(value: object) -> str:
        if value not in names:
            raise ValueError
        return str(value)

    return Kind("one of " + ", ".join(f'"{name}"' for name in names), take)


def url(*schemes: str, allowed: str) -> Kind:
    """An address with one of these schemes."""

    def take(value: object) -> str:
        text = _text(value)
        parts = urlsplit(text)
        if parts.scheme not in schemes or not parts.hostname or not 0 <= (parts.port or 0) <= 65535:
            raise ValueError
        return text

    return Kind(allowed, take)


def list_of(kind: Kind, allowed: str) -> Kind:
    """Any number of values; commas part them in the environment."""

    def take(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise TypeError
        return tuple(kind.take(item) for item in value)

    def parse(text: str) -> object:
        return [kind.parse(item.strip()) for item in text.split(",") if item.strip()]

    return Kind(allowed, take, parse)


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= TEXT_MAX or not value.isprintable():
        raise ValueError
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _flag_of(text: str) -> object:
    try:
        return _FLAGS[text.lower()]
    except KeyError:
        raise ValueError from None


def _host(value: object) -> str:
    text = _text(value)
    if ":" in text:
        ip_address(text)
    elif not _HOST_NAME.fullmatch(text):
        raise ValueError
    return text


_NETWORK: Final = Kind("a network", lambda value: ip_network(_text(value)))

FLAG: Final = Kind("true or false", _flag, _flag_of)
TEXT: Final = Kind(f"a text of 1 to {TEXT_MAX} characters", _text)
HOST: Final = Kind("a host name or an address without port", _host)
PATH: Final = Kind("the path of a file or folder", lambda value: Path(_text(value)).expanduser())
PORT: Final = number(0, 65535, "a port, 0 to 65535; 0 picks a free one")
NETWORKS: Final = list_of(
    _NETWORK, 'a list of networks or addresses, such as ["127.0.0.1", "10.0.0.0/8", "fd00::/8"]'
)
