"""How fast data points are read out of P0, beside other ways to read the same bytes."""

import json
import struct
from typing import Any

import construct

from bench.figure import Figure
from bench.turns import rates
from wxlink.assets import asset
from wxproto.p0 import Codec
from wxproto.product import Product

SECONDS = 3.0
REPORT = bytes.fromhex("0407112233000301273701" + "09")  # protocol/README.md 4.6
COLOURS = {"自定义": 0, "黄色": 1, "紫色": 2, "粉色": 3}

GRAMMAR = construct.Struct(
    "action" / construct.Const(b"\x04"),
    "lamp"
    / construct.BitStruct(
        construct.Padding(5),
        "LED_Color" / construct.Enum(construct.BitsInteger(2), **COLOURS),
        "LED_OnOff" / construct.Flag,
    ),
    "LED_R" / construct.Int8ub,
    "LED_G" / construct.Int8ub,
    "LED_B" / construct.Int8ub,
    "Motor_Speed"
    / construct.ExprAdapter(construct.Int16ub, lambda raw, _: raw - 5, lambda value, _: value + 5),
    "sensed" / construct.BitStruct(construct.Padding(7), "Infrared" / construct.Flag),
    "Temperature"
    / construct.ExprAdapter(construct.Int8ub, lambda raw, _: raw - 13, lambda value, _: value + 13),
    "Humidity" / construct.Int8ub,
    "alerts"
    / construct.BitStruct(construct.Padding(6), "Alert_2" / construct.Flag, "Alert_1" / construct.Flag),
    "faults"
    / construct.BitStruct(
        construct.Padding(4),
        "Fault_IR" / construct.Flag,
        "Fault_TemHum" / construct.Flag,
        "Fault_Motor" / construct.Flag,
        "Fault_LED" / construct.Flag,
    ),
)
"""The report of protocol/products/gokit.json as construct has it, with the same values."""


def measure() -> list[Figure]:
    """Reports of 15 data points a second."""
    definition = json.loads(asset("protocol/products/gokit.json").read_text("utf-8"))
    codec = Codec(Product.from_dict(definition))
    values = codec.decode_report(REPORT)
    for name, reader in (("construct", _constructed), ("by hand", _by_hand)):
        if reader(REPORT) != values:
            raise AssertionError(f"{name} reads other values: {reader(REPORT)} and not {values}")
    found = rates(
        {
            "ours": lambda: bool(codec.decode_report(REPORT)),
            "construct": lambda: bool(GRAMMAR.parse(REPORT)),
            "by hand": lambda: bool(_by_hand(REPORT)),
        },
        SECONDS,
    )
    name = "P0 decode, CPython, a report of 15 data points"
    return [
        Figure(name, found["ours"], "reports/s", "construct, an equal grammar", found["construct"], "more"),
        Figure(
            name,
            found["ours"],
            "reports/s",
            "a function written by hand for this one product",
            found["by hand"],
            "more",
            "ours reads every product by its file",
        ),
    ]


def _constructed(p0: bytes) -> dict[str, Any]:
    found = GRAMMAR.parse(p0)
    flat: dict[str, Any] = {}
    for name, value in found.items():
        if isinstance(value, construct.Container):
            flat |= {inner: one for inner, one in value.items() if not inner.startswith("_")}
        elif name not in {"_io", "action"}:
            flat[name] = value
    flat["LED_Color"] = str(flat["LED_Color"])
    return flat


def _by_hand(p0: bytes) -> dict[str, Any]:
    lamp, red, green, blue, motor, sensed, warm, humid, alerts, faults = struct.unpack(">x4BH5B", p0)
    return {
        "LED_OnOff": bool(lamp & 1),
        "LED_Color": list(COLOURS)[lamp >> 1 & 3],
        "LED_R": red,
        "LED_G": green,
        "LED_B": blue,
        "Motor_Speed": motor - 5,
        "Infrared": bool(sensed & 1),
        "Temperature": warm - 13,
        "Humidity": humid,
        "Alert_1": bool(alerts & 1),
        "Alert_2": bool(alerts & 2),
        "Fault_LED": bool(faults & 1),
        "Fault_Motor": bool(faults & 2),
        "Fault_TemHum": bool(faults & 4),
        "Fault_IR": bool(faults & 8),
    }
