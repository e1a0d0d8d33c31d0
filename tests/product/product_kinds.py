"""Products of every kind, drawn by Hypothesis, and the published ones that this project holds."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from wxlink.product import Limits, Panel, PointSpec, Spec, Title
from wxlink.product.simulation import Simulate
from wxlink.product.spec import MARKS, WIDGETS, exact
from wxproto.product import ALERT, FAULT, KINDS, UINTS, WRITABLE

ROOT = Path(__file__).parents[2]
PRODUCTS = ROOT / "protocol" / "products"
SAMPLES = sorted(PRODUCTS.glob("*.toml"))

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
TITLES = st.builds(Title, TEXTS, st.none() | TEXTS)
FACTORS = st.sampled_from(["1", "0.1", "0.001", "2.5", "100", "-0.5", "1e-9"]).map(Decimal)
OFFSETS = st.sampled_from(["0", "-20", "0.05", "1000", "-13"]).map(Decimal)


def published() -> list[Any]:
    """Every definition in JSON that lies in this project: samples, vectors, recorded API answers."""
    found = []
    for folder in ("protocol", "tests"):
        for path in sorted((ROOT / folder).rglob("*.json")):
            if "schema" in path.name or "node_modules" in path.parts:
                continue
            definitions = enumerate(_definitions(json.loads(path.read_text("utf-8"))))
            found += [pytest.param(one, id=f"{path.stem}-{number}") for number, one in definitions]
    return found


def _definitions(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict) and "entities" in value and "product_key" in value:
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        yield from _definitions(one)


@st.composite
def points(draw: st.DrawFn, name: str) -> PointSpec:
    """A point of any type and class, with every extra that fits."""
    kind = draw(st.sampled_from(KINDS))
    data_type = draw(st.sampled_from(["bool", "enum", "uint8", "uint16", "uint32", "binary"]))
    if kind in (ALERT, FAULT):
        data_type = "bool"
    fields: dict[str, Any] = {}
    if data_type == "enum":
        english = draw(st.booleans())
        texts = draw(st.lists(TEXTS, min_size=1, max_size=6, unique=True))
        fields["values"] = tuple(Title(text, f"e{text}" if english else None) for text in texts)
    elif data_type == "binary":
        fields["size"] = draw(st.integers(1, 40))
    elif data_type in UINTS:
        fields |= draw(numbers(data_type))
    marks = set(draw(st.sets(st.sampled_from(["personal", "chart"]))))
    if data_type == "binary":
        marks.discard("chart")
    if kind == WRITABLE and draw(st.booleans()):
        marks.add("dangerous")
    return PointSpec(
        name,
        kind,
        data_type,
        title=draw(st.none() | TITLES),
        description=draw(st.none() | TITLES.filter(lambda title: title != Title(""))),
        unit=draw(st.none() | TEXTS),
        marks=frozenset(marks & set(MARKS)),
        panel=draw(
            st.none()
            | st.builds(Panel, st.none() | st.sampled_from(WIDGETS), st.none() | TITLES, st.booleans())
        ),
        **fields,
    )


@st.composite
def numbers(draw: st.DrawFn, data_type: str) -> dict[str, Any]:
    """Range, step and offset of a number, limits inside them, and a hint that moves it."""
    largest = 256 ** UINTS[data_type] - 1
    step, offset = draw(FACTORS), draw(OFFSETS)
    first = draw(st.integers(0, largest))
    last = draw(st.integers(first, largest))
    ends = sorted((first * step + offset, last * step + offset))
    low, high = map(exact, ends)
    fields: dict[str, Any] = {
        "range": (low, high),
        "step": exact(step),
        "offset": exact(offset) if first else None,
    }
    if last > first and draw(st.booleans()):
        fields["limits"] = Limits(low, high)
    if step > 0 and draw(st.booleans()):
        fields["simulate"] = Simulate("drift", by=exact(step), start=low, every=draw(st.integers(1, 9)))
    return fields


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    """A whole product that is right."""
    names = draw(st.lists(NAMES, min_size=1, max_size=8, unique=True))
    key = draw(st.text("0123456789abcdef", min_size=32, max_size=32))
    listed = tuple(draw(points(name)) for name in names)
    return Spec(key, draw(TITLES), draw(st.booleans()), listed)
