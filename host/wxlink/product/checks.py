"""What must hold between the parts of a product, after each part is well formed by itself."""

from collections import Counter
from collections.abc import Collection, Iterator
from decimal import Decimal, localcontext
from typing import NamedTuple

from wxlink.product.behaviour import behaviours_of
from wxlink.product.definition import DIGITS, canonical_attrs, canonical_top, definition_of, raw_limits
from wxlink.product.places import Path
from wxlink.product.simulation import KINDS, MAX_BY, REFERENCES, Simulate
from wxlink.product.spec import Number, PointSpec, Spec
from wxproto.product import MAX_POINTS, UINTS, WRITABLE, Product, ProductError


class Finding(NamedTuple):
    """A mistake in the data point at that place of the file: path in its table, text and remedy."""

    place: int
    path: Path
    text: str
    remedy: str


def findings(spec: Spec, unread: Collection[str] = ()) -> list[Finding]:
    """Everything wrong with a product, point by point; empty when it can be used.

    unread: names of further points, which are not part of `spec` because they are wrong by themselves.
    """
    found = list(_names(spec))
    for place, point in enumerate(spec.points):
        found += [Finding(place, *rest) for rest in _point(point, spec, unread)]
    if not unread:
        found += _ids(spec)
    if not unread and not found:
        found += _whole(spec)
    return found


def _names(spec: Spec) -> Iterator[Finding]:
    if len(spec.points) > MAX_POINTS:
        yield Finding(MAX_POINTS, (), "this is one data point too many", f"keep {MAX_POINTS}")
    first: dict[str, int] = {}
    for index, point in enumerate(spec.points):
        if first.setdefault(point.name, index) != index:
            yield Finding(
                index, ("name",), f'the name "{point.name}" is used twice', "give every point its own"
            )


def _ids(spec: Spec) -> Iterator[Finding]:
    ids = Counter(point.id for point in spec.points)
    for index, point in enumerate(spec.points):
        if point.id is None and len(ids) > 1:
            yield Finding(index, ("id",), "id is missing", "give id to every data point or to none")
        elif point.id is not None and (ids[point.id] > 1 or point.id >= len(spec.points)):
            most = len(spec.points) - 1
            yield Finding(index, ("id",), f"id {point.id} leaves a gap or repeats", f"count from 0 to {most}")


def _point(point: PointSpec, spec: Spec, unread: Collection[str]) -> Iterator[tuple[Path, str, str]]:
    numeric = point.data_type in UINTS
    for key, there in (("range", point.range), ("offset", point.offset), ("limits", point.limits)):
        if there is not None and not numeric:
            yield (key,), f"the type {point.data_type} has no {key}", f"remove {key}, or take a number type"
    if point.step != 1 and not numeric:
        yield ("step",), f"the type {point.data_type} has no step", "remove step, or take a number type"
    if 0 < sum(value.en is not None for value in point.values) < len(point.values):
        yield ("values",), "only some values have an English text", "give en to every value or to none"
    for mark, wanted, word in (
        ("ranked", numeric, "a number"),
        ("chart", point.data_type != "binary", "a bool, an enum or a number"),
        ("dangerous", point.kind == WRITABLE, "writable"),
    ):
        if mark in point.marks and not wanted:
            yield (mark,), f"a point marked {mark} must be {word}", f"remove {mark}"
    if numeric:
        try:
            raw_limits(point)
        except ProductError as error:
            yield ("range",), *_split(str(error), point)
            return
        yield from _limits(point)
    if point.simulate is not None:
        for path, text, remedy in _simulation(point, point.simulate, spec, unread):
            yield ("simulate", *path), text, remedy


def _split(text: str, point: PointSpec) -> tuple[str, str]:
    """Text and remedy of an error that names the point and ends with the remedy."""
    said, _, remedy = text.removeprefix(f"data point {point.name}: ").rpartition(": ")
    return (said, remedy) if said else (remedy, "mend it")


def _limits(point: PointSpec) -> Iterator[tuple[Path, str, str]]:
    low, high = display_range(point)
    panel_step = point.panel.step if point.panel else None
    if panel_step is not None and not _multiple(Decimal(panel_step), Decimal(point.step)):
        yield ("panel", "step"), f"panel step {panel_step} is no multiple of {point.step}", "take a multiple"
    if point.limits is None:
        return
    for key, limit in (("low", point.limits.low), ("high", point.limits.high)):
        if limit is not None and not low <= limit <= high:
            yield ("limits", key), f"limit {limit} lies outside the range", f"use {low} to {high}"
    if None not in (point.limits.low, point.limits.high) and point.limits.low >= point.limits.high:  # type: ignore[operator]
        yield ("limits",), "low is not below high", "exchange them"


def _multiple(number: Decimal, step: Decimal) -> bool:
    """True when a number is one or more whole steps."""
    with localcontext(prec=2 * DIGITS):
        return number > 0 and number % step == 0


def display_range(point: PointSpec) -> tuple[Number, Number]:
    """Lowest and highest display number of a number."""
    least, most, ratio, addition = raw_limits(point)
    ends = sorted((least * ratio + addition, most * ratio + addition))
    return ends[0], ends[1]


def _simulation(
    point: PointSpec, hint: Simulate, spec: Spec, unread: Collection[str]
) -> Iterator[tuple[Path, str, str]]:
    kind = KINDS[hint.kind]
    if point.data_type not in kind.types:
        fit = [word for word, other in KINDS.items() if point.data_type in other.types]
        yield ("kind",), f'"{hint.kind}" cannot move a {point.data_type}', f"use {', '.join(fit)}"
        return
    for name in REFERENCES:
        other = getattr(hint, name)
        if other is not None and other not in unread:
            yield from _reference(point, name, other, spec)
    yield from _start(point, hint)
    if hint.kind in ("alarm", "trip") and (hint.below is None) == (hint.above is None):
        yield (), f'"{hint.kind}" needs a bound', "give either below or above"
    if hint.keep and point.data_type == "binary":
        yield ("keep",), "a binary is not kept", "remove keep"
    if isinstance(hint.by, tuple) and hint.kind not in ("count", "drain"):
        yield ("by",), f'"{hint.kind}" moves by one amount', f"give one number, such as {hint.by[1]}"
    yield from _moves(point, hint)
    if point.data_type not in UINTS:
        return
    if point.step < 0 and hint.kind not in ("hold", "answer"):
        yield ("kind",), "only a number with a step above 0 can be moved", 'use "hold"'
    yield from _amounts(point, hint)


_WANTED = {
    "while_": ("bool",),
    "after": ("bool",),
    "order": ("uint32",),
    "amount": tuple(UINTS),
    "balance": tuple(UINTS),
}


def _reference(point: PointSpec, name: str, other: str, spec: Spec) -> Iterator[tuple[Path, str, str]]:
    key = name.rstrip("_")
    found = next((one for one in spec.points if one.name == other), None)
    if found is None or found is point:
        names = ", ".join(one.name for one in spec.points if one is not point)
        remedy = f"name one of {names}" if names else "add the data point that it names"
        yield (key,), f'"{other}" is no other data point', remedy
        return
    hint = point.simulate
    kind = hint.kind if hint else ""
    wanted = _WANTED.get(name, (point.data_type,) if kind == "answer" else tuple(UINTS))
    if found.data_type not in wanted:
        yield (key,), f'"{other}" is a {found.data_type}', f"name a {' or '.join(wanted)}"
    elif kind == "answer" and _form(found) != _form(point):
        yield (key,), f'"{other}" has another size or other limits', "give both the same"
    elif name == "amount" and hint and hint.balance and not _same_scale(found, hint.balance, spec):
        yield (
            (key,),
            f'"{other}" and "{hint.balance}" have other steps',
            "give both the same step and offset 0",
        )


def _form(point: PointSpec) -> tuple[object, ...]:
    """What two points must share to take each other's values."""
    return point.data_type, point.size, len(point.values), point.range, point.step, point.offset


def _same_scale(amount: PointSpec, balance: str, spec: Spec) -> bool:
    other = next((one for one in spec.points if one.name == balance), None)
    if other is None or other.data_type not in UINTS:
        return True  # said elsewhere
    try:
        return raw_limits(amount)[2:] == (other.step, 0) and raw_limits(other)[3] == 0
    except ProductError:
        return True  # said elsewhere


def _start(point: PointSpec, hint: Simulate) -> Iterator[tuple[Path, str, str]]:
    start = hint.start
    if start is None:
        return
    texts = [value.zh for value in point.values]
    right = {
        "bool": isinstance(start, bool),
        "enum": isinstance(start, str) and start in texts,
        "binary": isinstance(start, str) and len(start.encode()) <= (point.size or 0),
    }.get(point.data_type, not isinstance(start, bool | str))
    remedy = {
        "bool": "give true or false",
        "enum": f"give one of {', '.join(texts)}",
        "binary": f"give a text of at most {point.size} bytes",
    }.get(point.data_type, "give a number, or two to draw between")
    if not right:
        yield ("start",), f"start does not fit a {point.data_type}", remedy


def _moves(point: PointSpec, hint: Simulate) -> Iterator[tuple[Path, str, str]]:
    step = abs(Decimal(point.step)) if point.data_type in UINTS else Decimal(1)
    most = len(point.values) or MAX_BY
    moves: tuple[Number, ...] = hint.by if isinstance(hint.by, tuple) else (hint.by or 0,)
    for one in moves:
        if not 0 <= one / step <= most:
            yield ("by",), f"by {one} is below 0 or too much", f"use 0 to {most} steps of {step}"
    for key in ("until", "rest"):
        value = getattr(hint, key) or 0
        if point.values and not 0 <= value < len(point.values):
            yield (key,), f"there is no value {value}", f"count the values from 0 to {most - 1}"


def _amounts(point: PointSpec, hint: Simulate) -> Iterator[tuple[Path, str, str]]:
    low, high = display_range(point)
    ratio = abs(Decimal(point.step))
    for key in ("start", "between", "rest", "until"):
        value = getattr(hint, key)
        for one in value if isinstance(value, tuple) else (value,):
            if one is not None and not isinstance(one, bool | str) and not low <= one <= high:
                yield (key,), f"{one} lies outside the range", f"use {low} to {high}"
    for key in ("start", "between"):
        value = getattr(hint, key)
        pair: tuple[Number, Number] = value if isinstance(value, tuple) else (0, 0)
        if (pair[1] - pair[0]) / ratio > 2 * MAX_BY and not (key == "between" and hint.kind == "drift"):
            yield (key,), f"{key} is wider than {2 * MAX_BY} steps", "narrow it: a draw has 16 bits"


def _whole(spec: Spec) -> Iterator[Finding]:
    """What only the finished definition shows."""
    try:
        plain = Product.from_dict({**canonical_top(spec), "entities": [{"attrs": canonical_attrs(spec)}]})
        product = Product.from_dict(definition_of(spec))
        behaviours_of(spec, plain)
    except ProductError as error:
        places = {point.name: place for place, point in enumerate(spec.points)}
        place = places.get(str(error).removeprefix("data point ").partition(":")[0], 0)
        yield Finding(place, (), *_split(str(error), spec.points[place]))
        return
    for place, point in enumerate(spec.points):
        if point.name not in product or product.point(point.name) != plain.point(point.name):
            text, remedy = "the kept JSON contradicts this table", "remove that key from json and json_omits"
            yield Finding(place, ("json",), text, remedy)
    heads = [(one.name, one.name_en, one.product_key, one.variable) for one in (product, plain)]
    if heads[0] != heads[1]:
        yield Finding(0, (), "json of [product] contradicts its other keys", "remove that key from json")
