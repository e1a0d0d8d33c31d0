"""The gate before a release: what a change of a product file means to boards and apps in the field."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from product_kinds import PRODUCTS, points, specs

from wxlink.product import ProductFile, ProductFileError, Spec, Title, from_definition, read
from wxlink.product.diff import Level, changes, level_of
from wxlink.product.toml_reader import spec_of_toml
from wxproto.errors import LocalError
from wxproto.p0 import Codec, raw_value
from wxproto.product import Point

LAMP = (PRODUCTS / "lamp.toml").read_text("utf-8")
ROUTER = (PRODUCTS / "router.toml").read_text("utf-8")
EXTRA = '\n[[point]]\nname = "Extra"\nclass = "writable"\ntype = "uint8"\n'

POWER = 'name = "Power"\ntitle = { zh = "开关", en = "Power" }\nclass = '
LIT = 'type = "uint32"\nunit = "s"\nsimulate = { kind = "count", by = 5, while = "Power", keep = true }'
TIMER = LAMP[LAMP.index('[[point]]\nname = "Off_Timer"') : LAMP.index('[[point]]\nname = "Draw"')]
NIGHT = '{ zh = "夜灯", en = "night light" }'
BYTE = 'type = "uint8"\nrange = [0, 240]'

CASES: dict[str, tuple[str, str, str, Level, str]] = {
    "nothing": (LAMP, "", "", Level.SAFE, ""),
    "a title": (LAMP, '"亮度"', '"明暗"', Level.SAFE, "other title"),
    "no unit": (LAMP, 'unit = "K"\n', "", Level.SAFE, "other unit"),
    "another unit": (LAMP, 'unit = "K"', 'unit = "°C"', Level.MCU, "K becomes °C"),
    "a range of many digits": (
        LAMP,
        BYTE,
        'type = "uint32"\nrange = [0.000000000001, 0.004]\nstep = 0.000000000001\noffset = 0',
        Level.APPS,
        "values that apps know are gone",
    ),
    "a mark": (LAMP, "chart = true", "chart = true\npersonal = true", Level.SAFE, "other personal"),
    "English of a value": (LAMP, '"reading"', '"read"', Level.SAFE, "texts of its values"),
    "a new point": (LAMP, "", EXTRA, Level.MCU, "Extra: added"),
    "a new point, variable": (ROUTER, "", EXTRA, Level.MCU, "another place in the frames"),
    "a wider range": (LAMP, "[1, 100]", "[1, 200]", Level.MCU, "1 to 100 in steps of 1 becomes 1 to 200"),
    "an offset": (LAMP, "[1, 100]", "[1, 100]\noffset = 0", Level.MCU, "raw * 1 + 1 becomes"),
    "a finer step": (LAMP, "step = 100", "step = 50", Level.MCU, "steps of 100 becomes"),
    "a larger type": (LAMP, BYTE, BYTE.replace("8", "16"), Level.MCU, "uint8 becomes uint16"),
    "a new value": (LAMP, NIGHT, f'{NIGHT}, {{ zh = "派对", en = "party" }}', Level.MCU, "with 派对"),
    "another length": (LAMP, '"fixed"', '"variable"', Level.MCU, "variable length"),
    "a renamed point": (LAMP, '"Overheated"', '"Too_Hot"', Level.APPS, 'renamed to "Too_Hot"'),
    "a removed point": (LAMP, TIMER, "", Level.APPS, "Off_Timer: removed"),
    "a narrower range": (LAMP, "[1, 100]", "[1, 60]", Level.APPS, "values that apps know are gone"),
    "a coarser step": (LAMP, "[0, 240]", "[0, 240]\nstep = 5", Level.APPS, "in steps of 5"),
    "a value renamed": (LAMP, '"阅读"', '"看书"', Level.APPS, "without 阅读"),
    "another type": (LAMP, LIT, 'type = "binary"\nsize = 4', Level.APPS, "uint32 becomes binary"),
    "no longer writable": (
        LAMP,
        f'{POWER}"writable"',
        f'{POWER}"read-only"',
        Level.APPS,
        "becomes read-only",
    ),
    "another key": (LAMP, "1c5f0e7a", "2c5f0e7a", Level.APPS, "another product key"),
}


def file_of(text: str) -> ProductFile:
    spec, problems = spec_of_toml(text)
    assert spec is not None, problems
    return ProductFile(spec)


@pytest.mark.parametrize("case", CASES)
def test_a_change_is_judged_by_whom_it_reaches(case: str) -> None:
    text, old, new, level, said = CASES[case]
    changed = text.replace(old, new, 1) if old else text + new
    found = changes(file_of(text), file_of(changed))
    assert level_of(found) == level, found
    assert any(said in f"{change.point}: {change.text} ({change.reason})" for change in found) or not said
    assert all(change.reason for change in found)


def test_a_point_at_the_end_of_a_variable_product_moves_the_others_only_with_a_new_byte_of_flags() -> None:
    head = '[product]\nkey = "0123456789abcdef0123456789abcdef"\ntitle = "x"\nlength = "variable"\n'
    bools = [f'[[point]]\nname = "B{i}"\nclass = "writable"\ntype = "bool"\n' for i in range(9)]

    def moved(count: int) -> bool:
        old, new = (file_of(head + "".join(bools[:n])) for n in (count, count + 1))
        return any("another place" in change.text for change in changes(old, new))

    assert [moved(count) for count in (6, 7, 8)] == [False, False, True]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[ProductFile, ProductFile]:
    """A product and the same after a random edit of some of its points."""
    spec = draw(specs())
    edited = [draw(st.sampled_from([point, point, None, draw(points(point.name))])) for point in spec.points]
    kept = [point for point in edited if point is not None]
    if draw(st.booleans()):
        kept = draw(st.permutations(kept))
    new = Spec(spec.key, Title("x"), spec.variable, tuple(kept) or spec.points)
    return ProductFile(spec), ProductFile(new)


@settings(deadline=None, max_examples=150)
@given(pairs(), st.data())
def test_what_is_called_harmless_is_harmless(
    pair: tuple[ProductFile, ProductFile], data: st.DataObject
) -> None:
    """safe: every P0 says the same to both. needs MCU update: what apps know of the old one stays valid."""
    old, new = pair
    level = level_of(changes(old, new))
    values = {point.name: data.draw(values_of(point)) for point in old.product.points}
    if level == Level.SAFE:
        p0 = Codec(old.product).encode_report(values)
        assert Codec(new.product).encode_report(values) == p0
        assert Codec(new.product).decode_report(p0) == Codec(old.product).decode_report(p0)
    if level <= Level.MCU:
        for name, value in values.items():
            point = new.product.point(name)
            assert point.writable or not old.product.point(name).writable
            raw = raw_value(point, value)
            if point.is_number:
                assert point.scale.display(raw) == value


def values_of(point: Point) -> st.SearchStrategy[Any]:
    if point.data_type == "bool":
        return st.booleans()
    if point.data_type == "enum":
        return st.sampled_from(point.values)
    if point.data_type == "binary":
        return st.binary(max_size=point.len)
    return st.integers(point.minimum, point.maximum).map(point.scale.display)


def test_products_of_gizwits_compare_too() -> None:
    gokit, meter = read(PRODUCTS / "gokit.json"), read(PRODUCTS / "meter.json")
    assert changes(gokit, gokit) == []
    assert level_of(changes(gokit, meter)) == Level.APPS
    untitled = from_definition({**gokit.definition, "ui": {}})
    assert level_of(changes(gokit, untitled)) == Level.SAFE


def test_files_that_are_wrong_are_not_compared(tmp_path: Path) -> None:
    with pytest.raises(ProductFileError):
        read(tmp_path / "none.toml")
    with pytest.raises(LocalError):
        replace(read(PRODUCTS / "lamp.toml")).point("nothing")
