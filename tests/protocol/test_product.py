"""Product files: what is taken, what is refused and how the text says it (README 4.5)."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from wxproto import product as tables
from wxproto.actions import MODULE_P0
from wxproto.product import Product, ProductError
from wxproto.scale import MAX_FACTOR, Scale

PRODUCTS = Path(__file__).parents[2] / "protocol" / "products"
GOKIT = json.loads((PRODUCTS / "gokit.json").read_text(encoding="utf-8"))
METER = json.loads((PRODUCTS / "meter.json").read_text(encoding="utf-8"))


def test_gokit() -> None:
    gokit = Product.from_dict(GOKIT)
    assert (gokit.name, gokit.name_en, gokit.variable) == ("微信宠物屋", "GoKit pet house", False)
    assert [point.id for point in gokit.points] == list(range(15))
    motor = gokit.point("Motor_Speed")
    assert (motor.minimum, motor.maximum, motor.ratio, motor.addition, motor.len) == (0, 10, 1, -5, 2)
    assert (motor.display_minimum, motor.display_maximum) == (-5, 5)
    assert motor.writable
    colour = gokit.point("LED_Color")
    assert colour.values == ["自定义", "黄色", "紫色", "粉色"]
    assert colour.values_en == ["custom", "yellow", "purple", "pink"]
    assert (colour.len, colour.minimum, colour.display_minimum) == (2, None, None)
    assert not gokit.point("Humidity").writable
    assert "Humidity" in gokit
    assert "humidity" not in gokit


def test_meter() -> None:
    meter = Product.from_dict(METER)
    assert meter.variable
    assert [point.data_type for point in meter.points] == (
        ["bool"] + ["enum"] * 3 + ["uint8"] * 3 + ["uint16"] * 2 + ["uint32"] * 5
    )


@pytest.mark.parametrize("definition", [GOKIT, METER], ids=["gokit", "meter"])
def test_a_published_file_without_our_keys_is_taken_as_it_is(definition: dict[str, Any]) -> None:
    published = copy.deepcopy(definition)
    published["ui"] = {"object": {"version": 4}, "sections": []}
    del published["name_en"]
    for attr in published["entities"][0]["attrs"]:
        del attr["display_name_en"]
        attr.pop("enum_en", None)
    ours = Product.from_dict(definition).points
    theirs = Product.from_dict(published).points
    assert [(one.name, one.len) for one in theirs] == [(one.name, one.len) for one in ours]
    assert theirs[0].display_name_en is None


def test_the_order_is_the_id_whatever_the_order_in_the_file() -> None:
    shuffled = copy.deepcopy(GOKIT)
    shuffled["entities"][0]["attrs"].reverse()
    assert Product.from_dict(shuffled) == Product.from_dict(GOKIT)


def test_given_offsets_are_not_read() -> None:
    moved = copy.deepcopy(GOKIT)
    for attr in moved["entities"][0]["attrs"]:
        attr["position"] |= {"byte_offset": 99, "bit_offset": 7}
    assert Product.from_dict(moved) == Product.from_dict(GOKIT)


def mend(path: str, value: Any) -> dict[str, Any]:
    """GoKit with one value changed; REMOVED takes the key away."""
    definition: dict[str, Any] = copy.deepcopy(GOKIT)
    place: Any = definition
    *way, last = path.split("/")
    for key in way:
        place = place[int(key)] if isinstance(place, list) else place[key]
    if value is REMOVED:
        del place[last]
    else:
        place[int(last) if isinstance(place, list) else last] = value
    return definition


REMOVED = object()
ATTR = "entities/0/attrs"
BINARY = GOKIT["entities"][0]["attrs"][0] | {"data_type": "binary"}
SCHEMA = json.loads((PRODUCTS / "product.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


REFUSED = [
    ("protocolType", "custom", 'protocolType must be "standard" or "var_len"'),
    ("product_key", "ABC", "product_key must be 32 lower-case hex"),
    ("product_key", REMOVED, "product_key is missing"),
    ("name", 5, "name must be text, not 5"),
    ("entities", [], "exactly one"),
    ("entities/0/attrs", [], "1..256 data points, not 0"),
    (f"{ATTR}/3/name", REMOVED, r"attrs\[3\]: name is missing"),
    (f"{ATTR}/3/name", "LED R", "data point LED R: name must be English letters"),
    (f"{ATTR}/3/name", "3D", "data point 3D: name must be"),
    (f"{ATTR}/3/id", True, "data point LED_G: id must be a whole number"),
    (f"{ATTR}/3/type", "writable", "data point LED_G: type must be one of"),
    (f"{ATTR}/3/data_type", "int", "data point LED_G: data_type must be one of"),
    (f"{ATTR}/1/enum", REMOVED, "data point LED_Color: enum is missing"),
    (f"{ATTR}/1/enum", [], "data point LED_Color: enum must hold 1..256 texts, not 0"),
    (f"{ATTR}/1/enum", [1, 2], "data point LED_Color: enum must hold texts, not 1"),
    (f"{ATTR}/1/enum_en", [], "data point LED_Color: enum_en must hold 1..256 texts, not 0"),
    (f"{ATTR}/3/uint_spec/ratio", 0, "data point LED_G: uint_spec: ratio must not be 0"),
    (f"{ATTR}/3/uint_spec/ratio", "1", "data point LED_G: uint_spec: ratio must be a number"),
    (
        f"{ATTR}/3/uint_spec/ratio",
        1e13,
        "data point LED_G: uint_spec: ratio and addition may be 10{12} at most",
    ),
    (f"{ATTR}/3/desc", list(range(10**6)), r"LED_G: desc must be text, not \[0, 1, 2.{0,40}$"),
    (f"{ATTR}/3/desc", "x" * 1025, "data point LED_G: desc is longer than 1024"),
    (f"{ATTR}/3", 5, r"attrs\[3\] must be a JSON object"),
    (f"{ATTR}/0/position", {"len": 0}, "data point LED_OnOff: position: len is 0"),
    (f"{ATTR}/0", BINARY | {"position": {}}, "data point LED_OnOff: position: len must give the bytes"),
    (
        f"{ATTR}/0",
        BINARY | {"position": {"len": 2048}},
        "all data points together take 2.* bytes; a module carries 2048",
    ),
    (f"{ATTR}/3/uint_spec/max", 99.5, "data point LED_G: uint_spec: max must be a whole number, not 99.5"),
    (f"{ATTR}/3/unit", 5, "data point LED_G: unit must be text, not 5"),
]

BEYOND_SCHEMA = [  # what two values say together, and what no schema can see
    (f"{ATTR}/3/name", "LED_R", "data point LED_R: the name is used twice"),
    (f"{ATTR}/3/id", 2, "data point LED_G: id is 2, 3 was expected"),
    (
        f"{ATTR}/3/position/len",
        2,
        "data point LED_G: position: len is 2, but this uint8 takes 1 bytes",
    ),
    (
        f"{ATTR}/1/position/len",
        3,
        "data point LED_Color: position: len is 3, but this enum takes 2 bits",
    ),
    (f"{ATTR}/1/enum", ["\ud800"], "data point LED_Color: enum holds half a character"),
    (f"{ATTR}/1/enum_en", ["one"], "data point LED_Color: enum_en must hold as many"),
    (f"{ATTR}/3/uint_spec/min", 255, "data point LED_G: uint_spec: min 255 is above max 254"),
    (f"{ATTR}/3/desc", "\udfff", "data point LED_G: desc holds half a character"),
]


@pytest.mark.parametrize(("path", "value", "text"), REFUSED + BEYOND_SCHEMA)
def test_a_refused_file_says_where_and_what(path: str, value: Any, text: str) -> None:
    with pytest.raises(ProductError, match=text):
        Product.from_dict(mend(path, value))


def test_limits_beyond_the_type_are_cut_to_it() -> None:
    point = Product.from_dict(mend(f"{ATTR}/3/uint_spec", {"min": -7, "max": 70_000})).point("LED_G")
    assert (point.minimum, point.maximum) == (0, 255)


def test_the_schema_is_one_and_takes_our_products() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    VALIDATOR.validate(GOKIT)
    VALIDATOR.validate(METER)


@pytest.mark.parametrize(("path", "value"), [row[:2] for row in REFUSED])
def test_the_schema_refuses_what_the_code_refuses(path: str, value: Any) -> None:
    assert not VALIDATOR.is_valid(mend(path, value))


@pytest.mark.parametrize(("path", "value"), [row[:2] for row in BEYOND_SCHEMA])
def test_the_schema_cannot_tell(path: str, value: Any) -> None:
    assert VALIDATOR.is_valid(mend(path, value))


def test_the_schema_takes_no_more_than_the_code() -> None:
    point = SCHEMA["$defs"]["point"]["properties"]
    assert SCHEMA["properties"]["protocolType"]["enum"] == [tables.STANDARD, tables.VAR_LEN]
    assert point["type"]["enum"] == list(tables.KINDS)
    assert point["data_type"]["enum"] == list(tables.DATA_TYPES)
    assert point["id"]["maximum"] == tables.MAX_POINTS - 1
    assert point["position"]["properties"]["len"]["maximum"] < MODULE_P0
    assert SCHEMA["properties"]["entities"]["items"]["properties"]["attrs"]["maxItems"] == tables.MAX_POINTS
    assert SCHEMA["$defs"]["text"]["maxLength"] == tables.MAX_TEXT
    assert SCHEMA["$defs"]["factor"]["maximum"] == -SCHEMA["$defs"]["factor"]["minimum"] == MAX_FACTOR
    for definition in (GOKIT, METER):
        for attr in definition["entities"][0]["attrs"]:
            assert set(attr) <= set(point), "a key that the schema does not describe"


def test_a_whole_number_may_be_written_with_a_point() -> None:
    assert Product.from_dict(mend(f"{ATTR}/3/uint_spec/max", 254.0)) == Product.from_dict(GOKIT)


@pytest.mark.parametrize(
    ("ratio", "addition", "raw", "shown"),
    [
        (1, 0, 7, 7),
        (1, -13, 39, 26),
        (0.1, 0, 3, 0.3),
        (0.1, -20, 455, 25.5),
        (0.1, 0, 10, 1),
        (0.0001, 0, 312304, 31.2304),
        (1e-05, 0, 3, 0.00003),
        (0.5, -0.25, 3, 1.25),
        (-1, 100, 30, 70),
        (1000, 0, 4294967295, 4294967295000),
    ],
)
def test_scale(ratio: float, addition: float, raw: int, shown: float) -> None:
    scale = Scale(ratio, addition)
    assert scale.display(raw) == shown
    assert type(scale.display(raw)) is type(shown)
    assert scale.raw(shown) == raw


@pytest.mark.parametrize("value", [1.7e308, -1.7e308])
def test_no_float_is_too_large_to_be_scaled(value: float) -> None:
    assert Scale(0.0001, -13).raw(value) == int(value) * 10_000 + 130_000


@pytest.mark.parametrize(("value", "raw"), [(2.5, 3), (-2.5, -2), (2.4999, 2), (3, 3)])
def test_halves_go_upwards(value: float, raw: int) -> None:
    assert Scale().raw(value) == raw
    assert Scale(2).raw(2 * value) == raw
