"""wxlink's TOML -> a product. Every mistake is found at once, with line and column."""

import json
import re
import tomllib
from decimal import Decimal
from typing import Any

from wxlink.product.checks import findings
from wxlink.product.hints import hints_of
from wxlink.product.places import Path, line_and_column, places_of
from wxlink.product.problem import Problem
from wxlink.product.spec import CLASSES, LENGTHS, Kept, PointSpec, Spec, Title
from wxlink.product.table import Table
from wxproto.actions import MODULE_P0
from wxproto.product import DATA_TYPES, MAX_POINTS

MAX_VALUES = 256
"""Values of an enum; its number is one byte in every program."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEY = re.compile(r"[0-9a-f]{32}")
_ANY_KEY = "0" * 32  # stands in for one that is wrong, which has been said
_SYNTAX = re.compile(r"(.*) \(at line (\d+), column (\d+)\)", re.DOTALL)


def spec_of_toml(text: str) -> tuple[Spec | None, list[Problem]]:
    """A product and no problems, or None and every problem, in the order of the file."""
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except RecursionError:
        return None, [Problem(0, 0, "", "nested too deeply", "this is no product file")]
    except ValueError as error:
        return None, [_syntax(str(error), text)]
    reader = _Reader(text)
    spec = reader.spec(document)
    return (None if reader.problems else spec), sorted(reader.problems, key=lambda one: one[:2])


def _syntax(message: str, text: str) -> Problem:
    found = _SYNTAX.fullmatch(message)
    twice = "overwrite" in message or "twice" in message
    remedy = (
        "a key or a table may stand only once: remove one of the two"
        if twice
        else "mend the TOML here; texts stand in quotes, tables in [ ], points in [[point]]"
    )
    if found:
        return Problem(int(found[2]), int(found[3]), "", f"not TOML: {found[1]}", remedy)
    line, column = line_and_column(text, len(text)) if "end of document" in message else (1, 1)
    return Problem(line, column, "", f"not TOML: {message.partition(' (at')[0]}", remedy)


class _Reader:
    def __init__(self, text: str) -> None:
        self.problems: list[Problem] = []
        self._text = text
        self._places = places_of(text)
        self._unread: list[str] = []

    def spec(self, document: dict[str, Any]) -> Spec | None:
        top = Table(document, (), self._note)
        if not top.has("product"):
            top.wrong(
                "product",
                "the table [product] is missing",
                "`wxlink product new` writes a file to begin with",
            )
        head = Table(document.get("product", {}), ("product",), self._note)
        key = head.text("key", remedy="`wxlink product new` draws one") if top.has("product") else ""
        if key and not _KEY.fullmatch(key):
            head.wrong("key", "key is no product key", "give 32 lower-case hex digits")
            key = None
        title = head.title("title", remedy="name the product") if top.has("product") else None
        length = head.choice("length", LENGTHS)
        order = head.choice("order", ("id", "file"))
        kept_top = _kept(head, "json", "json_omits")
        kept_entity = _kept(head, "entity_json", "entity_json_omits")
        head.end()
        points = self._points(top)
        top.end()
        spec = Spec(
            key or _ANY_KEY,
            title or Title(""),
            length == "variable",
            tuple(points.values()),
            order == "file",
            kept_top,
            kept_entity,
        )
        places = list(points)
        for one in findings(spec, self._unread) if points else ():
            path = ("point", places[one.place], *one.path)
            self._note(path, spec.points[one.place].name, one.text, one.remedy)
        return spec

    def _points(self, top: Table) -> dict[int, PointSpec]:
        """The points that can be read, by their place in the file."""
        tables = top.raw("point")
        if not isinstance(tables, list) or not tables:
            top.wrong("point", "there is no data point", "add one: [[point]] with name, class and type")
            return {}
        points = {}
        for place, one in enumerate(tables):
            table = Table(one, ("point", place), self._note)
            point = self._point(table)
            if point is None:
                self._unread.append(table.point)
            else:
                points[place] = point
        return points

    def _point(self, table: Table) -> PointSpec | None:
        before = len(self.problems)
        name = table.text("name", remedy="give English letters, digits and _")
        table.point = (name or "")[:40]
        if name is not None and not _NAME.fullmatch(name):
            remedy = "use English letters, digits and _, not beginning with a digit; titles may be anything"
            table.wrong("name", f'the name "{name[:40]}" fits no program', remedy)
        word = table.choice("class", CLASSES, remedy=f"give one of {', '.join(CLASSES)}")
        data_type = table.choice("type", DATA_TYPES, remedy=f"give one of {', '.join(DATA_TYPES)}")
        fields: dict[str, Any] = {
            "title": table.title("title"),
            "description": table.title("description"),
            "unit": table.text("unit"),
            "range": table.pair("range"),
            "offset": table.number("offset"),
            "id": table.whole("id", 0, MAX_POINTS - 1),
            "kept": _kept(table, "json", "json_omits"),
            **hints_of(table),
        }
        step = table.number("step")
        if step is not None:
            fields["step"] = step
        self._typed(table, data_type, fields)
        table.end()
        if len(self.problems) > before or name is None or word is None or data_type is None:
            return None
        return PointSpec(name, CLASSES[word], data_type, **fields)

    def _typed(self, table: Table, data_type: str | None, fields: dict[str, Any]) -> None:
        """What only an enum or a binary has."""
        remedy = 'list its texts, as in [{ zh = "制冷", en = "cool" }, { zh = "制热", en = "heat" }]'
        if data_type == "enum":
            fields["values"] = table.titles("values", MAX_VALUES, remedy=remedy)
        elif table.has("values") and data_type is not None:
            remedy = "remove values, or take the type enum"
            table.wrong("values", f"the type {data_type} has no values", remedy)
        if data_type == "binary":
            fields["size"] = table.whole("size", 1, MODULE_P0, remedy="give its bytes")
        elif table.has("size") and data_type is not None:
            remedy = "remove size, or take the type binary"
            table.wrong("size", f"the type {data_type} has no size of its own", remedy)

    def _note(self, path: Path, point: str, text: str, remedy: str) -> None:
        while path and path not in self._places:
            path = path[:-1]
        line, column = line_and_column(self._text, self._places.get(path, 0))
        self.problems.append(Problem(line, column, point, text, remedy))


def _kept(table: Table, key: str, omits_key: str) -> Kept:
    """The JSON that an import could not say in TOML."""
    omits = table.texts(omits_key)
    text = table.raw(key)
    if text is None:
        return Kept({}, omits)
    try:
        value = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        table.wrong(
            key, f"{key} holds no JSON object", "give the text of one, as in '{\"ui\": {}}', or remove it"
        )
        return Kept({}, omits)
    return Kept(value, omits)
