"""What `wxlink frame decode` prints for people, from what describe() says."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from wxproto.product import Product

_ROW_BYTES: Final = 16
_HEADS: Final = ("", "cmd", "name", "sn", "flags", "payload")


def table(said: Sequence[Mapping[str, Any]], product: Product | None) -> str:
    """One line a frame in columns, and below it what the payload says."""
    rows = [_row(one) for one in said]
    widths = [max(len(row[i]) for row in [_HEADS, *rows]) for i in range(len(_HEADS) - 1)]
    indent = " " * (widths[0] + 2 if widths[0] else 0)
    lines = [_line(_HEADS, widths)]
    for one, row in zip(said, rows, strict=True):
        payload = row[-1].splitlines() or [""]
        lines.append(_line((*row[:-1], payload[0]), widths))
        below = " " * (len(_line((*row[:-1], "x"), widths)) - 1)
        lines += [below + more for more in payload[1:]]
        lines += [f"{indent}    {more}" for more in _inside(one, product)]
    return "\n".join(line.rstrip() for line in lines)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False) if width]
    return "  ".join([*cells, row[-1]])


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    where = " ".join(_text(text) for text in (one["stamp"], one["direction"]) if text)
    known = one["cmd"] is not None
    return (
        where,
        f"{one['cmd']:02X}" if known else "--",
        one["name"] or ("unknown" if known else "broken"),
        "--" if one["sn"] is None else f"{one['sn']:02X}",
        "" if one["flags"] is None else f"{one['flags']:04X}",
        "\n".join(_rows(one["payload"] or "")),
    )


def _rows(digits: str) -> Iterator[str]:
    pairs = [digits[i : i + 2] for i in range(0, len(digits), 2)]
    for i in range(0, len(pairs), _ROW_BYTES):
        yield " ".join(pairs[i : i + _ROW_BYTES])


def _inside(one: Mapping[str, Any], product: Product | None) -> Iterator[str]:
    if one["reason"]:
        sums = "" if one["expected"] is None else f": {one['checksum']:02X}, not {one['expected']:02X}"
        yield f"bad: {one['reason']}{sums}"
    if one["skipped"]:
        yield f"{one['skipped']} bytes before it belong to no good frame"
    if one["reason"] is None and one["checksum_ok"] is None:
        yield "starred in the log, so its checksum cannot be compared"
    if one["sub_device"]:
        yield f"sub-device {one['sub_device']}"
    if one["action"] is not None:
        yield f"{one['action']:02X} {one['action_name'] or 'unknown action'}"
    if one["asked"] is not None:
        yield f"  asks for {', '.join(one['asked'])}"
    yield from _values(one["points"] or {}, product)
    fields = {name: value for name, value in (one["fields"] or {}).items() if value is not None}
    for entry in fields.pop("entries", ()):
        yield "  " + "  ".join(f"{name} = {_text(value)}" for name, value in entry.items())
    yield from _values(fields, None)
    if one["problem"]:
        yield f"cannot be read: {one['problem']}"


def _values(values: Mapping[str, Any], product: Product | None) -> Iterator[str]:
    width = max(map(len, values), default=0)
    for name, value in values.items():
        unit = product.point(name).unit if product else ""
        yield f"  {name:<{width}} = {_text(value)}{' ' + unit if unit else ''}"


def _text(value: Any) -> str:
    """A value on its line: what a device sent moves no cursor and begins no line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value) or "none"
    if isinstance(value, dict):
        return " ".join(f"{name}={_text(one)}" for name, one in value.items())
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in str(value))
