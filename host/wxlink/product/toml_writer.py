"""A product -> wxlink's TOML, in one order and one style."""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from wxlink.product.hints import hints_said, title_said
from wxlink.product.spec import CLASS_WORDS, Kept, PointSpec, Spec, Title

SCHEMA = "product-toml.schema.json"
"""File name of the JSON Schema that editors look for beside a product file."""
FIRST_LINE = f"#:schema {SCHEMA}\n"
"""By this line editors such as those with Taplo find the schema."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_WIDTH = 100  # characters of a list that stays on one line


def toml_of(spec: Spec) -> str:
    """The text of a product file; reading it gives an equal product."""
    parts = [FIRST_LINE + "\n[product]\n" + _lines(_head(spec))]
    parts += ["[[point]]\n" + _lines(_point(point)) for point in spec.points]
    return "\n".join(parts)


def quoted(text: str) -> str:
    """A text in quotes, as TOML wants it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _head(spec: Spec) -> Iterator[tuple[str, Any]]:
    yield "key", spec.key
    yield "title", _title(spec.title)
    yield "length", "variable" if spec.variable else "fixed"
    yield "order", "file" if spec.listed else None
    yield from _kept(spec.kept_top, "")
    yield from _kept(spec.kept_entity, "entity_")


def _point(point: PointSpec) -> Iterator[tuple[str, Any]]:
    yield "name", point.name
    yield "id", point.id
    yield "title", _title(point.title)
    yield "description", _title(point.description)
    yield "class", CLASS_WORDS[point.kind]
    yield "type", point.data_type
    yield "range", point.range
    yield "step", None if point.step == 1 else point.step
    yield "offset", point.offset
    yield "unit", point.unit
    yield "values", [_title(value) for value in point.values] or None
    yield "size", point.size
    yield from hints_said(point).items()
    yield from _kept(point.kept, "")


def _kept(kept: Kept, prefix: str) -> Iterator[tuple[str, Any]]:
    yield f"{prefix}json", _Raw(_json_text(kept.extra)) if kept.extra else None
    yield f"{prefix}json_omits", list(kept.omits) or None


class _Raw(str):
    """A text that reads best without escapes."""


def _json_text(value: Any) -> str:
    """JSON in which half a character, which UTF-8 cannot say, stays an escape."""
    text = json.dumps(value, ensure_ascii=False)
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _title(title: Title | None) -> Any:
    return None if title is None else title.zh if title.en is None else title_said(title)


def _lines(pairs: Iterator[tuple[str, Any]]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in pairs if value is not None)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        inner = [_value(one) for one in value]
        line = f"[{', '.join(inner)}]"
        return line if len(line) <= _WIDTH else "[\n" + "".join(f"  {one},\n" for one in inner) + "]"
    return str(value)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    if isinstance(text, _Raw) and "'" not in text and not re.search(r"[\x00-\x1f\x7f]", text):
        return f"'{text}'"
    return quoted(text)
