"""The C SDK's P0, against the recorded vectors and wxproto's codec."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wxproto.commands import HEARTBEAT, P0_DOWN, P0_UP, P0_UP_ACK
from wxproto.frame import Decoder, Frame, encode
from wxproto.p0 import Codec, raw_value
from wxproto.product import MAX_POINTS, Product

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "protocol/vectors/p0.json").read_text("utf-8")
)["vectors"]
PRODUCTS = ("gokit", "meter", "two_binaries", "fish_tank")


def of_kind(*kinds: str, error: bool = False) -> list[Any]:
    return [
        pytest.param(vector, id=vector["name"])
        for vector in VECTORS
        if vector["kind"] in kinds and vector.get("error", False) == error and vector["p0"]
    ]


def payload_of(line: str, cmd: int) -> bytes:
    """P0 of the only frame in a `tx HEX` line."""
    (found,) = Decoder().feed(bytes.fromhex(line.removeprefix("tx ")))
    assert isinstance(found, Frame)
    assert found.cmd == cmd
    return found.payload


def read_back(link: Any, sn: int = 200) -> dict[str, Any]:
    """All values, as the C side answers a read."""
    codec = Codec(link.product)
    (line,) = link.rx(encode(P0_DOWN, sn, codec.encode_read()))
    values: dict[str, Any] = codec.decode_report(payload_of(line, 0x04))
    return values


def typed(product: Product, values: dict[str, Any]) -> dict[str, Any]:
    """Values of a vector: binaries are written as hex there."""
    binaries = [name for name in values if product.point(name).data_type == "binary"]
    return {**values, **{name: bytes.fromhex(values[name]) for name in binaries}}


@pytest.mark.parametrize("vector", of_kind("control"))
def test_control_sets_the_flagged_points_and_no_other(
    link: Callable[..., Any], vector: dict[str, Any]
) -> None:
    device = link(vector["product"])
    before = read_back(device)
    lines = device.rx(encode(P0_DOWN, 1, bytes.fromhex(vector["p0"])))
    asked = typed(device.product, vector["values"])
    ids = sorted(device.product.point(name).id for name in asked)
    assert lines == ["tx FFFF0005040100000A", *[f"control {id_}" for id_ in ids]]
    assert read_back(device) == {**before, **asked}


@pytest.mark.parametrize("vector", of_kind("control", error=True))
def test_control_that_does_not_fit_is_acknowledged_and_changes_nothing(
    link: Callable[..., Any], vector: dict[str, Any]
) -> None:
    device = link(vector["product"])
    before = read_back(device)
    assert device.rx(encode(P0_DOWN, 1, bytes.fromhex(vector["p0"]))) == ["tx FFFF0005040100000A"]
    assert read_back(device) == before


@pytest.mark.parametrize("vector", of_kind("report", "reply"))
def test_values_are_reported_in_the_recorded_bytes(link: Callable[..., Any], vector: dict[str, Any]) -> None:
    device = link(vector["product"])
    product = device.product
    codec = Codec(product)
    values = typed(product, vector["values"])
    for name, value in values.items():
        device.set(name, raw_value(product.point(name), value))
    (line,) = device.rx(encode(P0_DOWN, 1, codec.encode_read(values)))
    p0 = payload_of(line, 0x04)
    assert p0 == codec.encode_report(values, reply=True)
    if not vector.get("one_way"):
        assert p0[1:] == bytes.fromhex(vector["p0"])[1:]


def random_value(point: Any, source: random.Random) -> Any:
    match point.data_type:
        case "bool":
            return source.random() < 0.5
        case "enum":
            return source.choice(point.values)
        case "binary":
            return source.randbytes(point.len)
        case _:
            return point.scale.display(source.randint(point.minimum, point.maximum))


def largest(form: str) -> Product:
    """As many data points as a product may have, of every type, in an image of more than 600 bytes."""
    kinds: list[dict[str, Any]] = [
        {"data_type": "bool"},
        {"data_type": "enum", "enum": [str(i) for i in range(5)]},
        {"data_type": "uint8", "uint_spec": {"min": 3, "max": 200, "ratio": 1, "addition": 0}},
        {"data_type": "uint16", "uint_spec": {"min": 0, "max": 65535, "ratio": 1, "addition": 0}},
        {"data_type": "uint32", "uint_spec": {"min": 1, "max": 4294967295, "ratio": 1, "addition": 0}},
        {"data_type": "binary", "position": {"len": 9}},
    ]
    types = ("status_writable", "status_readonly")
    attrs = [{"id": i, "name": f"p{i}", "type": types[i % 7 > 3], **kinds[i % 6]} for i in range(MAX_POINTS)]
    return Product.from_dict(
        {"name": "large", "product_key": "0" * 32, "protocolType": form, "entities": [{"attrs": attrs}]}
    )


@pytest.mark.parametrize("name", [*PRODUCTS, "standard", "var_len"])
def test_random_controls_and_reads_agree_with_wxproto(
    link: Callable[..., Any], seeded: random.Random, name: str
) -> None:
    device = link(name) if name in PRODUCTS else link(f"large_{name}", largest(name))
    codec = Codec(device.product)
    writable = [point for point in device.product.points if point.writable]
    expected = read_back(device)
    for sn in range(200):
        points = seeded.sample(writable, seeded.randint(1, len(writable)))
        asked = {point.name: random_value(point, seeded) for point in points}
        device.at(sn * 1000).rx(encode(P0_DOWN, sn, codec.encode_control(asked)))
        expected.update(asked)
        wanted = [point.name for point in device.product.points if seeded.random() < 0.5]
        (line,) = device.rx(encode(P0_DOWN, sn, codec.encode_read(wanted)))
        shown = wanted if device.product.variable else list(expected)
        assert codec.decode_report(payload_of(line, 0x04)) == {point: expected[point] for point in shown}


@pytest.mark.parametrize("name", [*PRODUCTS, "standard", "var_len"])
def test_reports_one_after_the_other_give_the_values(
    link: Callable[..., Any], seeded: random.Random, name: str
) -> None:
    """Whoever merges the reports knows every value; those of a variable product hold what changed."""
    device = link(name) if name in PRODUCTS else link(f"large_{name}", largest(name))
    codec = Codec(device.product)
    device.rx(encode(HEARTBEAT, 1))
    (line,) = device.report()
    known = codec.decode_report(payload_of(line, P0_UP))
    sn = 0
    for step in range(1, 60):
        device.rx(encode(P0_UP_ACK, sn))
        assert device.at(step * 7000).report() == []
        changed = {}
        for point in seeded.sample(device.product.points, seeded.randint(1, 2)):
            value = random_value(point, seeded)
            device.set(point.name, raw_value(point, value))
            if value != known[point.name]:
                changed[point.name] = value
        lines = device.report()
        assert len(lines) == bool(changed)
        if changed:
            sn += 1
            told = codec.decode_report(payload_of(lines[0], P0_UP))
            known.update(told)
            assert told == (changed if device.product.variable else known)
        assert known == read_back(device)


def test_numbers_beyond_their_limits_are_clamped_in_both_directions(link: Callable[..., Any]) -> None:
    device = link("gokit")
    device.rx(encode(P0_DOWN, 1, bytes.fromhex("012000000000FFFF")))
    assert read_back(device)["Motor_Speed"] == 5
    device.set("Humidity", 255)
    assert read_back(device)["Humidity"] == 100


def test_any_p0_leaves_the_link_alive(link: Callable[..., Any], seeded: random.Random) -> None:
    """Whatever the bytes: an answer, no memory error (the sanitizers watch), and the next read works."""
    for name in PRODUCTS:
        device = link(name)
        for sn in range(150):
            action = seeded.choice((1, 2, 5, 0x11, 0x12, 0x33))
            p0 = bytes((action,)) + seeded.randbytes(seeded.randrange(40))
            lines = device.at(sn * 1000).rx(encode(P0_DOWN, sn, p0, seeded.choice((0, 0, 0, 1))))
            assert lines[0].startswith("tx FFFF"), (name, p0.hex())
        assert read_back(device)
