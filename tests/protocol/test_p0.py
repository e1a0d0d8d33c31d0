"""P0: values to bytes and back for both forms (README 4), beyond the vectors."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxproto import p0
from wxproto.errors import LocalError, PeerError
from wxproto.meanings import ACTIONS
from wxproto.p0 import Codec
from wxproto.product import DATA_TYPES, KINDS, Point, Product

PRODUCTS = Path(__file__).parents[2] / "protocol" / "products"


def codec(name: str) -> Codec:
    return Codec(Product.from_dict(json.loads((PRODUCTS / f"{name}.json").read_text(encoding="utf-8"))))


def product(*attrs: dict[str, Any], form: str = "standard") -> Product:
    numbered = [
        {"id": i, "name": f"point_{i}", "type": "status_writable", "data_type": "bool"} | attr
        for i, attr in enumerate(attrs)
    ]
    return Product.from_dict(
        {"name": "test", "product_key": "0" * 32, "protocolType": form, "entities": [{"attrs": numbered}]}
    )


GOKIT = codec("gokit")
METER = codec("meter")


@pytest.mark.parametrize(
    ("given", "sent"),
    [(-2, -2), (-1.6, -2), (-1.4, -1), (99, 5), (-99, -5), (1.7e308, 5), (-1.7e308, -5), (10**400, 5)],
    ids=["exact", "rounds down", "rounds up", "above", "below", "far above", "far below", "endless"],
)
def test_numbers_are_rounded_and_clamped(given: float, sent: int) -> None:
    assert GOKIT.decode_control(GOKIT.encode_control({"Motor_Speed": given})) == {"Motor_Speed": sent}


def test_display_numbers_are_ints_when_whole_and_else_exact_decimals() -> None:
    values = METER.decode_report(METER.encode_report({"HDOP": 0.3, "Energy": 12}))
    assert values == {"HDOP": 0.3, "Energy": 12}
    assert type(values["HDOP"]) is float
    assert type(values["Energy"]) is int


def test_an_enum_is_text_or_index() -> None:
    assert GOKIT.encode_control({"LED_Color": "粉色"}) == GOKIT.encode_control({"LED_Color": 3})


def test_a_binary_is_padded_on_the_right() -> None:
    one = Codec(product({"data_type": "binary", "position": {"len": 4}}))
    assert one.encode_control({"point_0": b"\xff"}) == bytes.fromhex("01 01 FF000000")
    assert one.decode_control(bytes.fromhex("01 01 FF000000")) == {"point_0": b"\xff\0\0\0"}
    with pytest.raises(LocalError, match="point_0 takes 4 bytes, not 5"):
        one.encode_control({"point_0": bytes(5)})


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"Humidity": 3}, "Humidity is read-only"),
        ({"nothing": 3}, "no data point 'nothing'"),
        ({"LED_R": "3"}, "LED_R is a number"),
        ({"LED_R": True}, "LED_R is a number"),
        ({"LED_R": float("nan")}, "LED_R is a number"),
        ({"LED_R": float("inf")}, "LED_R is a number"),
        ({"LED_OnOff": 2}, "LED_OnOff is a bool"),
        ({"LED_OnOff": "on"}, "LED_OnOff is a bool"),
        ({"LED_Color": "绿色"}, "LED_Color is one of 自定义, 黄色, 紫色, 粉色"),
        ({"LED_Color": 4}, "LED_Color is one of"),
        ({"LED_Color": True}, "LED_Color is one of"),
        ({}, "at least one"),
    ],
)
def test_what_cannot_be_controlled_is_named(values: dict[str, Any], text: str) -> None:
    with pytest.raises(LocalError, match=text):
        GOKIT.encode_control(values)


def test_a_fixed_report_needs_every_point() -> None:
    with pytest.raises(LocalError, match=r"missing: LED_OnOff, .*Fault_IR"):
        GOKIT.encode_report({"LED_R": 1})


def test_reads() -> None:
    assert GOKIT.encode_read(["LED_R"]) == b"\x02"
    assert METER.encode_read(["Iock", "Runtime"]) == bytes.fromhex("12 2001")
    assert METER.decode_read(METER.encode_read()) == [point.name for point in METER.product.points]
    with pytest.raises(LocalError, match="no data point"):
        METER.encode_read(["nothing"])
    with pytest.raises(PeerError):
        GOKIT.decode_read(b"\x02\x00")


def test_flags_of_104_points_as_a_generated_program_sends_them() -> None:
    many = Codec(product(*[{}] * 104, form="var_len"))
    report = bytes.fromhex("14 00000000000080000000001081 0F")
    assert many.encode_report({f"point_{i}": True for i in (0, 7, 12, 55)}) == report
    assert many.decode_report(report) == {f"point_{i}": True for i in (0, 7, 12, 55)}


def test_a_group_of_twelve_bits_is_one_big_endian_number() -> None:
    # bits 0 = 1, 7..8 = 2, 9..11 = 5 give 0B 01, as the generated program's own function does
    bits: list[dict[str, Any]] = [{}] * 7 + [
        {"data_type": "enum", "enum": ["a", "b", "c", "d"]},
        {"data_type": "enum", "enum": list("abcdefgh")},
    ]
    twelve = Codec(product(*bits))
    values = {f"point_{i}": i == 0 for i in range(7)} | {"point_7": "c", "point_8": "f"}
    assert twelve.encode_report(values) == bytes.fromhex("04 0B01")


@pytest.mark.parametrize(
    ("count", "bits"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (8, 3), (9, 4), (256, 8)], ids=str
)
def test_width_of_an_enum(count: int, bits: int) -> None:
    one = product({"data_type": "enum", "enum": [str(i) for i in range(count)]})
    assert one.points[0].len == bits


def test_areas_of_a_fixed_report_come_in_the_order_of_their_kinds() -> None:
    mixed = product(*[{"type": kind, "data_type": "uint8"} for kind in reversed(KINDS)])
    assert Codec(mixed).encode_report({f"point_{i}": i for i in range(4)}) == bytes((4, 3, 2, 1, 0))


def test_action() -> None:
    assert p0.action(b"\x11\x00") == p0.V_CONTROL
    with pytest.raises(PeerError):
        p0.action(b"")


def attribute(data_type: str, source: st.DataObject) -> dict[str, Any]:
    attr: dict[str, Any] = {"data_type": data_type, "type": source.draw(st.sampled_from(KINDS))}
    if data_type == "enum":
        attr["enum"] = [f"值{i}" for i in range(source.draw(st.integers(1, 20)))]
    elif data_type == "binary":
        attr["position"] = {"len": source.draw(st.integers(1, 8))}
    elif data_type.startswith("uint"):
        attr["uint_spec"] = {
            "ratio": source.draw(st.sampled_from([1, 2, 0.1, 0.01, 0.0001, 0.5, -1])),
            "addition": source.draw(st.sampled_from([0, -5, -20.5, 1000])),
        }
    return attr


def some_value(point: Point, source: st.DataObject) -> Any:
    if point.data_type == "bool":
        return source.draw(st.booleans())
    if point.data_type == "enum":
        return source.draw(st.sampled_from(point.values))
    if point.data_type == "binary":
        return source.draw(st.binary(min_size=point.len, max_size=point.len))
    assert point.scale is not None
    assert point.maximum is not None
    return point.scale.display(source.draw(st.integers(0, point.maximum)))


ANY_PRODUCT = st.tuples(
    st.sampled_from(["standard", "var_len"]), st.lists(st.sampled_from(DATA_TYPES), min_size=1, max_size=20)
)


@given(ANY_PRODUCT, st.data())
def test_values_survive_a_report_and_a_control(shape: tuple[str, list[str]], source: st.DataObject) -> None:
    form, types = shape
    one = Codec(product(*[attribute(data_type, source) for data_type in types], form=form))
    values = {point.name: some_value(point, source) for point in one.product.points}
    for reply in (False, True):
        assert one.decode_report(one.encode_report(values, reply=reply)) == values
    writable = [point.name for point in one.product.points if point.writable]
    if writable:
        chosen = source.draw(st.lists(st.sampled_from(writable), min_size=1, unique=True))
        control = {name: values[name] for name in chosen}
        assert one.decode_control(one.encode_control(control)) == control
    if form == "var_len":
        part = dict(list(values.items())[::2])
        assert one.decode_report(one.encode_report(part)) == part


@given(st.sampled_from([GOKIT, METER]), st.sampled_from(sorted(ACTIONS)), st.binary())
def test_any_bytes_give_values_or_a_peer_error(one: Codec, first: int, rest: bytes) -> None:
    for decode in (one.decode_control, one.decode_read, one.decode_report):
        try:
            values = decode(bytes((first,)) + rest)
        except PeerError:
            continue
        assert all(name in one.product for name in values)
