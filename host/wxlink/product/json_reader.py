"""Gizwits' published JSON -> a product, without loss: what has no place of its own is kept word for word."""

import itertools
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, localcontext
from typing import Any

from wxlink.product.checks import findings
from wxlink.product.definition import (
    DIGITS,
    EXTRA,
    canonical_attrs,
    canonical_entity,
    canonical_top,
    ids_of,
)
from wxlink.product.hints import hints_of
from wxlink.product.places import Path
from wxlink.product.problem import Problem
from wxlink.product.spec import Kept, PointSpec, Spec, Title, exact
from wxlink.product.table import Table
from wxproto.product import MAX_TEXT, Point, Product, ProductError


def spec_of_json(definition: Any) -> tuple[Spec | None, list[Problem]]:
    """The product of a parsed JSON, and what is wrong with it; definition_of() gives the same JSON back."""
    problems: list[Problem] = []
    try:
        product = Product.from_dict(definition)
        entity = definition["entities"][0]
        points = [_point(product.point(attr["name"]), attr, problems) for attr in entity["attrs"]]
        spec = _spec(product, points, definition, entity)
    except ProductError as error:
        return None, [_problem(str(error))]
    for one in findings(spec) if not problems else ():
        where = f"{EXTRA}.{'.'.join(map(str, one.path))}: " if one.path else ""
        problems.append(Problem(0, 0, spec.points[one.place].name, where + one.text, one.remedy))
    return (None if problems else spec), problems


def _problem(text: str) -> Problem:
    """Problem of an error text that begins with the data point it is about."""
    name, _, rest = text.partition(": ")
    point = name.removeprefix("data point ") if name.startswith("data point ") and rest else ""
    return Problem(0, 0, point, rest if point else text, "mend it in the JSON")


def _spec(
    product: Product, points: list[PointSpec], definition: dict[str, Any], entity: dict[str, Any]
) -> Spec:
    attrs: list[dict[str, Any]] = entity["attrs"]
    ids = [product.point(point.name).id for point in points]
    title = Title(product.name, product.name_en)
    spec = Spec(product.product_key, title, product.variable, tuple(points), listed=ids != sorted(ids))
    if ids_of(spec) != ids:
        numbered = [replace(point, id=number) for point, number in zip(points, ids, strict=True)]
        spec = replace(spec, points=tuple(numbered))
    pairs = zip(spec.points, canonical_attrs(spec), attrs, strict=True)
    return replace(
        spec,
        points=tuple(replace(point, kept=_kept(ours, theirs)) for point, ours, theirs in pairs),
        kept_top=_kept(canonical_top(spec), definition, {"entities"}),
        kept_entity=_kept(canonical_entity(spec), entity, {"attrs"}),
    )


def _point(point: Point, attr: dict[str, Any], problems: list[Problem]) -> PointSpec:
    has_title = point.display_name_en is not None or isinstance(attr.get("display_name"), str)
    desc_en = attr.get("desc_en")
    english = (
        desc_en if isinstance(desc_en, str) and len(desc_en) <= MAX_TEXT and desc_en.isprintable() else None
    )
    fields: dict[str, Any] = {
        "title": Title(point.display_name, point.display_name_en) if has_title else None,
        "description": Title(point.desc, english) if point.desc or english is not None else None,
        "unit": point.unit if isinstance(attr.get("unit"), str) else None,
    }
    if point.is_number:
        fields |= _scale(point)
    elif point.data_type == "enum":
        english_values = point.values_en or itertools.repeat(None)
        fields["values"] = tuple(map(Title, point.values, english_values))
    elif point.data_type == "binary":
        fields["size"] = point.len
    extra = attr.get(EXTRA)
    if isinstance(extra, Mapping):
        fields |= _hints(point.name, dict(extra), problems)
    return PointSpec(point.name, point.kind, point.data_type, **fields)


def _scale(point: Point) -> dict[str, Any]:
    with localcontext(prec=DIGITS):
        ratio, addition = Decimal(repr(point.ratio)), Decimal(repr(point.addition))
        ends = [(point.minimum or 0) * ratio + addition, (point.maximum or 0) * ratio + addition]
        low, high = map(exact, sorted(ends))
        offset = None if point.minimum == 0 else exact(addition)
        return {"range": (low, high), "step": exact(ratio), "offset": offset}


def _hints(name: str, extra: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    def note(path: Path, point: str, text: str, remedy: str) -> None:
        problems.append(Problem(0, 0, point, f"{'.'.join(map(str, path))}: {text}", remedy))

    table = Table(extra, (EXTRA,), note, name)
    hints = hints_of(table)
    table.end()
    return hints


def _kept(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], apart: frozenset[str] | set[str] = frozenset()
) -> Kept:
    """What turns our JSON object into theirs, but for the keys `apart`."""
    extra: dict[str, Any] = {}
    omits = [key for key in ours if key not in theirs]
    for key, value in theirs.items():
        if key in apart:
            continue
        mine = ours.get(key)
        if isinstance(mine, Mapping) and isinstance(value, Mapping):
            inner = _kept(mine, value)
            omits += [f"{key}.{name}" for name in inner.omits]
            if inner.extra:
                extra[key] = inner.extra
        elif key not in ours or not _same(mine, value):
            extra[key] = value
    return Kept(extra, tuple(omits))


def _same(mine: Any, value: Any) -> bool:
    """Equal as JSON: 1 and 1.0 are one number, true is none."""
    if isinstance(mine, bool) or isinstance(value, bool):
        return mine is value
    if isinstance(mine, list) and isinstance(value, list):
        return len(mine) == len(value) and all(map(_same, mine, value))
    return bool(mine == value) and (type(mine) is type(value) or (_number(mine) and _number(value)))


def _number(value: object) -> bool:
    return isinstance(value, int | float)
