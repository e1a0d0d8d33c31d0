"""A product -> the JSON that Gizwits publishes: ids, raw limits and positions computed (README 4.2 to 4.5).

What that JSON has no key for stands in an object "wxlink" beside a point's other keys; other readers ignore
it.
"""

import copy
from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any

from wxlink.product.hints import hints_said
from wxlink.product.layout import layout_of
from wxlink.product.spec import Kept, Number, PointSpec, Spec, Title, exact, plain
from wxproto.product import DATA_TYPES, KINDS, STANDARD, UINTS, VAR_LEN, Product, ProductError

EXTRA = "wxlink"
"""Key of what wxlink adds to a point's JSON."""
DIGITS = 60
"""Digits of exact arithmetic: 32-bit numbers times factors of 12 digits on both sides of the point."""

_SHOWN = 20  # digits of a refused number in an error text


def definition_of(spec: Spec) -> dict[str, Any]:
    """The JSON of a product. ProductError names the data point and what to mend."""
    attrs = canonical_attrs(spec)
    for attr, point in zip(attrs, spec.points, strict=True):
        _apply(attr, point.kept)
    if not spec.listed:
        attrs.sort(key=lambda attr: _number(attr["id"]))
    entity = canonical_entity(spec)
    _apply(entity, spec.kept_entity)
    entity["attrs"] = attrs
    top = canonical_top(spec)
    _apply(top, spec.kept_top)
    top["entities"] = [entity]
    return top


def canonical_top(spec: Spec) -> dict[str, Any]:
    """The product's JSON without its entities, as this package writes it."""
    return {
        **_named("name", spec.title),
        "product_key": spec.key,
        "protocolType": VAR_LEN if spec.variable else STANDARD,
        "packetVersion": "0x00000004",
    }


def canonical_entity(spec: Spec) -> dict[str, Any]:
    """The entity's JSON without its attrs, as this package writes it."""
    return {"id": 0, "name": "entity0", "display_name": spec.title.zh}


def canonical_attrs(spec: Spec) -> list[dict[str, Any]]:
    """The points' JSON as this package writes it, in file order. ProductError names what to mend."""
    if not spec.points:
        raise ProductError("a product needs a data point at least: add a table [[point]]")
    ids = ids_of(spec)
    attrs = [_attr(point, number) for point, number in zip(spec.points, ids, strict=True)]
    product = Product.from_dict({**canonical_top(spec), "entities": [{"attrs": attrs}]})
    layout = layout_of(product)
    for attr in attrs:
        point = product.points[attr["id"]]
        place, group = layout.places[point.id], layout.groups[KINDS.index(point.kind)]
        attr["position"] = {
            "byte_offset": group.start if point.is_bits else place,
            "unit": "bit" if point.is_bits else "byte",
            "len": point.len,
            "bit_offset": place if point.is_bits else 0,
        }
    return attrs


def ids_of(spec: Spec) -> list[int]:
    """Ids of the points: those given, else by class (fixed length only), type and order of the file."""
    if any(point.id is not None for point in spec.points):
        for point in spec.points:
            if point.id is None:
                raise ProductError(f"data point {point.name}: give id to every data point or to none")
        return [point.id for point in spec.points if point.id is not None]

    def order(index: int) -> tuple[int, int, int]:
        point = spec.points[index]
        area = 0 if spec.variable else KINDS.index(point.kind)
        return area, DATA_TYPES.index(point.data_type), index

    ids = [0] * len(spec.points)
    for number, index in enumerate(sorted(range(len(ids)), key=order)):
        ids[index] = number
    return ids


def raw_limits(point: PointSpec) -> tuple[int, int, Number, Number]:
    """Raw min and max, ratio and addition of a number. ProductError when they do not fit the type."""
    largest = 256 ** UINTS[point.data_type] - 1
    with localcontext(prec=DIGITS):
        step = Decimal(point.step)
        if step == 0:
            raise _misfit(point, "step must not be 0: give the display distance of two neighbouring values")
        low, high = _range(point, largest, step)
        first, last = (low, high) if step > 0 else (high, low)
        offset = first if point.offset is None else Decimal(point.offset)
        raws = [_raw(point, end, offset, step) for end in (first, last)]
    if raws[0] < 0:
        raise _misfit(
            point, f"offset {offset} lies inside the range: give the display value of raw 0, or omit it"
        )
    if raws[1] > largest:
        raise _misfit(
            point,
            f"range {_shown(low)} to {_shown(high)} in steps of {point.step} needs raw {raws[1]}, but a "
            f"{point.data_type} ends at {largest}: take a larger type or a larger step",
        )
    return raws[0], raws[1], exact(step), exact(offset)


def _range(point: PointSpec, largest: int, step: Decimal) -> tuple[Decimal, Decimal]:
    if point.range is not None:
        low, high = map(Decimal, point.range)
        if low > high:
            raise _misfit(point, f"range begins above its end: write [{high}, {low}]")
        return low, high
    ends = sorted((Decimal(point.offset or 0), Decimal(point.offset or 0) + step * largest))
    return ends[0], ends[1]


def _raw(point: PointSpec, display: Decimal, offset: Decimal, step: Decimal) -> int:
    raw = (display - offset) / step
    if raw != raw.to_integral_value():
        near = offset + step * raw.to_integral_value()
        raise _misfit(
            point,
            f"{_shown(display)} is no whole number of steps of {step} from {_shown(offset)}: the nearest is"
            f" {_shown(near)}",
        )
    return int(raw)


def _misfit(point: PointSpec, text: str) -> ProductError:
    return ProductError(f"data point {point.name}: {text}")


def _shown(number: Decimal) -> str:
    return f"{number.normalize():f}"[:_SHOWN]


def _number(value: object) -> float:
    return value if isinstance(value, int | float) else 0


def _attr(point: PointSpec, number: int) -> dict[str, Any]:
    attr: dict[str, Any] = {
        "id": number,
        "name": point.name,
        **_named("display_name", point.title or Title(point.name)),
        **_named("desc", point.description or Title("")),
    }
    if point.unit is not None:
        attr["unit"] = point.unit
    attr |= {"type": point.kind, "data_type": point.data_type}
    if point.data_type == "enum":
        attr["enum"] = [value.zh for value in point.values]
        english = [value.en for value in point.values if value.en is not None]
        if english:
            attr["enum_en"] = english
    if point.data_type in UINTS:
        least, most, ratio, addition = raw_limits(point)
        attr["uint_spec"] = {"min": least, "max": most, "ratio": plain(ratio), "addition": plain(addition)}
    if point.data_type == "binary":
        attr["position"] = {"len": point.size}
    extra = hints_said(point)
    if extra:
        attr[EXTRA] = _jsonable(extra)
    return attr


def _named(key: str, title: Title) -> dict[str, str]:
    return {key: title.zh} if title.en is None else {key: title.zh, f"{key}_en": title.en}


def _jsonable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _jsonable(inner) for key, inner in value.items()}
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_jsonable(inner) for inner in value]
    return value


def _apply(target: dict[str, Any], kept: Kept) -> None:
    for path in kept.omits:
        inner = target
        *outer, last = path.split(".")
        for key in outer:
            found = inner.get(key)
            inner = found if isinstance(found, dict) else {}
        inner.pop(last, None)
    _merge(target, kept.extra)


def _merge(target: dict[str, Any], extra: Mapping[str, Any]) -> None:
    for key, value in extra.items():
        present = target.get(key)
        if isinstance(present, dict) and isinstance(value, Mapping):
            _merge(present, value)
        else:
            target[key] = copy.deepcopy(value)
