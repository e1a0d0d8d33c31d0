"""What a module tells of itself: its condition, and how far it is with an update. JSON in, no I/O.

Unknown keys are kept: a newer module tells more, and MAX_BYTES bounds it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeAlias

from wxlink.relay.store import TOLD_STATES, TYPES

MAX_BYTES: Final = 1024  # of a message; the module's own has about 400
MAX_TEXT: Final = 64  # characters of a version, an address or a cause
MAX_REASON: Final = 255
MAX_NUMBER: Final = 2**53  # exact in every JSON reader
MAX_DEPTH: Final = 4  # the module's own is 2 deep


@dataclass(frozen=True, slots=True)
class Condition:
    """How the module is; `words` is the JSON object as it came."""

    did: str
    words: dict[str, Any]


@dataclass(frozen=True, slots=True)
class UpdateNews:
    """How far the module is with an update of itself (type 1) or of its MCU (2)."""

    did: str
    type: int
    version: str
    state: str
    percent: int
    reason: str


Check: TypeAlias = Callable[[Any], bool]


def condition(did: str, payload: bytes) -> Condition:
    """Read a health message. Raises ValueError with a text for a person."""
    words = _object(payload)
    _check(words, _CONDITION, "health")
    _check(words.get("link") or {}, _LINK, "health.link")
    return Condition(did, words)


def update_news(did: str, payload: bytes) -> UpdateNews:
    """Read an update message. Raises ValueError with a text for a person."""
    words = _object(payload)
    _check(words, _UPDATE, "update", needed=("type", "version", "state"))
    percent = words.get("percent")
    return UpdateNews(
        did,
        words["type"],
        words["version"],
        words["state"],
        0 if percent is None else percent,
        words.get("reason") or "",
    )


def _object(payload: bytes) -> dict[str, Any]:
    if len(payload) > MAX_BYTES:
        raise ValueError(f"a message of {len(payload)} bytes; {MAX_BYTES} at most are taken")
    try:
        words = json.loads(payload.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ValueError("the message is not JSON") from error
    if not isinstance(words, dict):
        raise ValueError("the message is not a JSON object")
    _check_storable(words, MAX_DEPTH)
    return words


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _check_storable(value: Any, depth: int) -> None:
    """What any database and any JSON reader takes back."""
    if not depth:
        raise ValueError("the message is nested too deeply")
    if isinstance(value, dict):
        for name, inner in value.items():
            _check_storable(name, depth)
            _check_storable(inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            _check_storable(inner, depth - 1)
    elif isinstance(value, str):
        if not value.isprintable():
            raise ValueError("the message holds characters that cannot be printed")
    elif isinstance(value, (int, float)) and not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise ValueError("the message holds a number that is too large")


def _check(words: Any, wanted: Mapping[str, Check], what: str, needed: tuple[str, ...] = ()) -> None:
    if not isinstance(words, dict):
        raise ValueError(f"{what} is not an object")
    for name, is_right in wanted.items():
        value = words.get(name)
        if value is None:
            if name in needed:
                raise ValueError(f"{what} without {name}")
        elif not is_right(value):
            raise ValueError(f"{what}: {name} is not what it must be")


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _amount(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_CONDITION: Final[Mapping[str, Check]] = {
    **dict.fromkeys(("version", "mcu_version", "reset", "ip", "failure"), _text),
    **dict.fromkeys(("uptime_s", "heap_free", "heap_used", "signal"), _count),
    "link": lambda value: isinstance(value, dict),
}
_LINK: Final[Mapping[str, Check]] = {
    **dict.fromkeys(("frames_in", "frames_out", "resends", "given_up", "bad_frames"), _count),
    "round_trip_ms": _amount,
}
_UPDATE: Final[Mapping[str, Check]] = {
    "type": lambda value: _count(value) and value in TYPES.values(),
    "version": lambda value: isinstance(value, str) and 1 <= len(value) <= 8,
    "state": lambda value: isinstance(value, str) and value in TOLD_STATES,
    "percent": lambda value: _count(value) and value <= 100,
    "reason": lambda value: isinstance(value, str) and len(value) <= MAX_REASON,
}
