"""YAML as people write it: blocks, texts in double quotes."""

import json
import re
from typing import Any, NamedTuple

_KEY = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_STEP = "  "


class Secret(NamedTuple):
    """Home Assistant's `!secret NAME`."""

    name: str


def dump(value: dict[str, Any]) -> str:
    """A document. Values are dicts, lists, texts, numbers, bools and Secrets; no list is empty."""
    return "".join(f"{line}\n" for line in _lines(value))


def _lines(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [line for key, inner in value.items() for line in _entry(_key(key), inner)]
    return [line for inner in value for line in _item(inner)]


def _entry(key: str, value: Any) -> list[str]:
    if value and isinstance(value, dict | list):
        return [f"{key}:", *(_STEP + line for line in _lines(value))]
    return [f"{key}: {_scalar(value)}"]


def _item(value: Any) -> list[str]:
    if not isinstance(value, dict):
        return [f"- {_scalar(value)}"]
    first, *rest = _lines(value)
    return [f"- {first}", *(_STEP + line for line in rest)]


def _key(key: str) -> str:
    return key if _KEY.fullmatch(key) and key not in ("on", "off", "yes", "no", "y", "n") else _quoted(key)


def _scalar(value: Any) -> str:
    if isinstance(value, Secret):
        return f"!secret {value.name}"
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> str:
    """JSON's quotes are YAML's, too; what cannot be seen is escaped."""
    return "".join(
        char if char.isprintable() else f"\\U{ord(char):08x}" for char in json.dumps(text, ensure_ascii=False)
    )
