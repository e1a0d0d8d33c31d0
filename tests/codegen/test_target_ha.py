"""The Home Assistant package: YAML parsed, templates rendered, controls taken by the relay's reader."""

import re
from pathlib import Path
from typing import Any

import pytest
from codegen.assistant import Assistant

from wxlink.assets import asset
from wxlink.codegen import ha
from wxlink.product import ProductFile, from_definition, read
from wxlink.relay.values import from_client, to_http
from wxproto.p0 import Codec

FOLDER = asset("protocol/products")
PRODUCTS = sorted(path for path in FOLDER.iterdir() if path.suffixes in ([".json"], [".toml"]))
LANGUAGES = ("zh", "en")
KEYS = {
    "switch": {"state", "turn_on", "turn_off"},
    "binary_sensor": {"state"},
    "sensor": {"state"},
    "select": {"state", "options", "select_option"},
    "number": {"state", "min", "max", "step", "set_value"},
}
"""Kind of template entity -> keys that it must have, beside name, unique_id and availability."""
OPTIONAL = {"device_class", "unit_of_measurement", "state_class"}


def samples(product_file: ProductFile) -> dict[str, Any]:
    """A value for each data point, as the codec has them."""
    found: dict[str, Any] = {}
    for point in product_file.product.points:
        if point.data_type == "bool":
            found[point.name] = True
        elif point.data_type == "enum":
            found[point.name] = point.values[-1]
        else:
            found[point.name] = point.display_maximum if point.is_number else bytes(range(point.len))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PRODUCTS, ids=lambda path: path.stem)
def test_every_entity_shows_and_sets_its_data_point(path: Path, language: str) -> None:
    product_file = read(path)
    assistant = Assistant(product_file, language)
    codec = Codec(product_file.product)
    values = samples(product_file)
    assistant.poll({"attr": to_http(product_file.product, values), "updated_at": 0})
    for name, (kind, entity) in assistant.entities.items():
        point = product_file.product.point(name)
        assert set(entity) - OPTIONAL - {"name", "unique_id", "availability", "options"} == KEYS[kind] - {
            "options"
        }
        assert assistant.render(entity["availability"]) is True
        state = assistant.state(name)
        if point.data_type == "enum":
            options = assistant.render(entity["options"])
            assert len(options) == len(set(options)) == len(point.values)
            assert state == options[-1]
        elif point.data_type != "binary":
            assert state == values[name]
        if point.writable:
            taken = []
            for body in controls(assistant, kind, entity):
                asked = from_client(product_file.product, body["attrs"])
                assert list(asked) == [name]
                taken.append(codec.decode_control(codec.encode_control(asked))[name])
            limits = [point.display_minimum, point.display_maximum]
            assert taken == {"switch": [True, False], "select": point.values}.get(kind, limits)
    for kind, entity in assistant.entities.values():
        assert (entity.get("device_class") == "problem") <= (kind == "binary_sensor")


def controls(assistant: Assistant, kind: str, entity: dict[str, Any]) -> list[dict[str, Any]]:
    """The bodies that each way of using an entity sends."""
    assistant.sent.clear()
    before = assistant.polled
    if kind == "switch":
        assistant.act(entity["turn_on"])
        assistant.act(entity["turn_off"])
    elif kind == "select":
        for option in assistant.render(entity["options"]):
            assistant.act(entity["select_option"], option=option)
    else:
        for value in (entity["min"], entity["max"]):
            assistant.act(entity["set_value"], value=float(value))
    assert assistant.polled - before == len(assistant.sent)
    return assistant.sent


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_option_means_the_same_colour_in_both_languages(language: str) -> None:
    product_file = read(FOLDER / "gokit.json")
    assistant = Assistant(product_file, language)
    assistant.poll({"attr": {}})
    kind, entity = assistant.entities["LED_Color"]
    assert assistant.render(entity["availability"]) is False
    assert assistant.state("LED_Color") is None
    assistant.act(entity["select_option"], option={"zh": "粉色", "en": "pink"}[language])
    assert (kind, assistant.sent) == ("select", [{"attrs": {"LED_Color": 3}}])
    assistant.poll({"attr": {"LED_Color": "紫色"}})
    assert assistant.state("LED_Color") == {"zh": "紫色", "en": "purple"}[language]


def test_secrets_are_named_and_never_written() -> None:
    for text in ha.files(read(FOLDER / "gokit.json")).values():
        named = set(re.findall(r"!secret (\w+)", text))
        assert named == {"gokit_latest", "gokit_control", "wxlink_appid", "wxlink_token"}
        assert all(f"#   {name}: " in text for name in named)


def test_any_names_and_texts_stay_text() -> None:
    evil = "{{ 7 * 7 }} {{{ 7 * 7 }}} {\u200b{ 7 * 7 }} {% raw %} {# \"' \\ : #"
    evil += " \u2028 \U0001f600 \n- x: !secret wxlink_token"
    attrs = [
        {"id": 0, "name": "on", "type": "status_writable", "data_type": "enum", "enum": [evil, "", "", evil]},
        {"id": 1, "name": "yes", "type": "alert", "data_type": "bool", "display_name": evil},
        {"id": 2, "name": "blob", "type": "status_readonly", "data_type": "binary", "position": {"len": 9}},
    ]
    definition = {
        "name": evil,
        "product_key": "0" * 32,
        "protocolType": "var_len",
        "entities": [{"attrs": attrs}],
    }
    assistant = Assistant(from_definition(definition), "zh")
    assistant.poll({"attr": {"on": evil, "yes": 1, "blob": "00ff"}})
    assert assistant.state("on") == f"{evil} (0)"
    assert assistant.state("yes") is True
    for _, entity in assistant.entities.values():
        assert "49" not in assistant.render(entity["name"])
