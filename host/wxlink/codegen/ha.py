"""Target ha: a Home Assistant package, which polls and controls a device through the relay's app API.

The relay publishes nothing for MQTT discovery, so the package uses what works today: one RESTful sensor holds
the latest state, template entities show it, and a script sets data points with POST /app/control/{did}.
"""

import json
import re
from collections import Counter
from typing import Any

from wxlink.codegen import c_text
from wxlink.codegen.bilingual import LANGUAGES
from wxlink.codegen.targets import mark
from wxlink.codegen.yaml_text import Secret, dump
from wxlink.product import ProductFile
from wxproto.product import ALERT, FAULT, Point, Product

POLL_S = 30
"""Seconds between two polls; a control is followed by one at once."""
SETTLE_S = 1
"""Seconds from a control to that poll: the device reports in a few tenths."""
MAX_BINARY = 127
"""Bytes; a state of Home Assistant has 255 characters, and hex takes two a byte."""

UNITS = {"℃": "°C", "度": "°C"}
"""Units of product files that Home Assistant spells differently."""
DEVICE_CLASSES = {"°C": "temperature", "V": "voltage", "A": "current", "W": "power", "mmHg": "pressure"}
"""What a unit says of a reading; other readings have none."""

_BEGINS = re.compile(r"\{(?=[{%#])")
"""What makes a template of a text, from its first character on."""

_HEAD = """\
# {mark}
#
# A Home Assistant package (2025.8 or newer). Put it into the folder packages, named in configuration.yaml by
#   homeassistant:
#     packages: !include_dir_named packages
# and give in secrets.yaml what it needs to know of the device and of a user who is bound to it:
#   {latest}: http://RELAY/app/devdata/DID/latest
#   {control}: http://RELAY/app/control/DID
#   wxlink_appid: the app's id
#   wxlink_token: that user's token; it expires, POST /app/login gives a new one
"""


def files(product_file: ProductFile) -> dict[str, str]:
    """NAME-home-assistant.zh.yaml and .en.yaml: the same entities, named in one language each."""
    product = product_file.product
    word = c_text.file_word(product_file.stem, product.name_en, product.name)
    head = _HEAD.format(mark=mark(product_file, "ha"), latest=f"{word}_latest", control=f"{word}_control")
    packages = {language: _Package(product, word, language).as_dict() for language in LANGUAGES}
    return {
        f"{word}-home-assistant.{language}.yaml": f"{head}\n{dump(package)}"
        for language, package in packages.items()
    }


class _Package:
    def __init__(self, product: Product, word: str, language: str) -> None:
        self._product = product
        self._word = word
        self._english = language == "en"
        self._state = f"sensor.{word}_state"

    def as_dict(self) -> dict[str, Any]:
        """The whole package, by integration."""
        entities: dict[str, list[dict[str, Any]]] = {}
        for point in self._product.points:
            if point.data_type == "binary" and (point.writable or point.len > MAX_BINARY):
                continue  # Home Assistant has no entity for it; the state sensor shows it as an attribute
            kind, more = self._entity(point)
            entities.setdefault(kind, []).append(self._common(point) | more)
        headers = {
            "X-Gizwits-Application-Id": Secret("wxlink_appid"),
            "X-Gizwits-User-token": Secret("wxlink_token"),
        }
        package: dict[str, Any] = {"rest": [self._poll(headers)]}
        if any(point.writable for point in self._product.points):
            package["rest_command"] = {
                f"{self._word}_control": {
                    "url": Secret(f"{self._word}_control"),
                    "method": "post",
                    "headers": headers,
                    "content_type": "application/json",
                    "payload": "{{ {'attrs': {name: value}} | to_json }}",
                }
            }
            package["script"] = {f"{self._word}_set": self._script()}
        package["template"] = [{kind: found} for kind, found in entities.items()]
        return package

    def _poll(self, headers: dict[str, Secret]) -> dict[str, Any]:
        return {
            "resource": Secret(f"{self._word}_latest"),
            "headers": headers,
            "scan_interval": POLL_S,
            "sensor": [
                {
                    "name": f"{self._word} state",
                    "unique_id": self._unique("state"),
                    "device_class": "timestamp",
                    "value_template": "{{ value_json.updated_at | as_datetime }}",
                    "json_attributes_path": "$.attr",
                    "json_attributes": [point.name for point in self._product.points],
                }
            ],
        }

    def _script(self) -> dict[str, Any]:
        return {
            "mode": "queued",
            "fields": {
                "name": {"required": True, "selector": {"text": {}}},
                "value": {"required": True, "selector": {"object": {}}},
            },
            "sequence": [
                {
                    "action": f"rest_command.{self._word}_control",
                    "data": {"name": "{{ name }}", "value": "{{ value }}"},
                },
                {"delay": {"seconds": SETTLE_S}},
                {"action": "homeassistant.update_entity", "target": {"entity_id": self._state}},
            ],
        }

    def _common(self, point: Point) -> dict[str, Any]:
        title = (point.display_name_en if self._english else None) or point.display_name
        name = (self._product.name_en if self._english else None) or self._product.name
        return {
            "name": _plain(f"{name} {title}"),
            "unique_id": self._unique(point.name),
            "availability": f"{{{{ {self._value(point)} is not none }}}}",
        }

    def _entity(self, point: Point) -> tuple[str, dict[str, Any]]:
        """Kind of the template entity, and what it has beside name and id."""
        if point.data_type == "bool":
            return self._bool(point)
        if point.data_type == "enum":
            return self._enum(point)
        return (
            self._number(point)
            if point.is_number
            else ("sensor", {"state": f"{{{{ {self._value(point)} }}}}"})
        )

    def _bool(self, point: Point) -> tuple[str, dict[str, Any]]:
        state = {"state": f"{{{{ {self._value(point)} == 1 }}}}"}
        if point.writable:
            on, off = self._set(point, True), self._set(point, False)
            return "switch", state | {"turn_on": on, "turn_off": off}
        return "binary_sensor", state | ({"device_class": "problem"} if point.kind in (ALERT, FAULT) else {})

    def _enum(self, point: Point) -> tuple[str, dict[str, Any]]:
        """Options are the texts of this language; the device is told the index, which both share."""
        options = _list(_labels((point.values_en if self._english else None) or point.values))
        told, value = _list(point.values), self._value(point)
        state = f"{{{{ {options}[{told}.index({value})] if {value} in {told} else none }}}}"
        if point.writable:
            chosen = self._set(point, f"{{{{ {options}.index(option) }}}}")
            return "select", {"state": state, "options": f"{{{{ {options} }}}}", "select_option": chosen}
        return "sensor", {"state": state, "device_class": "enum", "options": f"{{{{ {options} }}}}"}

    def _number(self, point: Point) -> tuple[str, dict[str, Any]]:
        unit = UNITS.get(point.unit, point.unit)
        shown: dict[str, Any] = {"state": f"{{{{ {self._value(point)} }}}}"}
        if unit:
            shown["unit_of_measurement"] = _plain(unit)
        if unit in DEVICE_CLASSES:
            shown["device_class"] = DEVICE_CLASSES[unit]
        if not point.writable:
            return "sensor", shown | {"state_class": "measurement"}
        limits = {
            "min": point.display_minimum,
            "max": point.display_maximum,
            "step": abs(point.ratio or 1),
            "set_value": self._set(point, "{{ value }}"),
        }
        return "number", shown | limits

    def _value(self, point: Point) -> str:
        return f"state_attr('{self._state}', '{point.name}')"

    def _set(self, point: Point, value: bool | str) -> list[dict[str, Any]]:
        return [{"action": f"script.{self._word}_set", "data": {"name": point.name, "value": value}}]

    def _unique(self, name: str) -> str:
        return f"wxlink_{self._product.product_key}_{name}"


def _plain(text: str) -> str:
    """A text that no template reads anything into."""
    return _BEGINS.sub("{ ", c_text.comment(text))


def _labels(texts: list[str]) -> list[str]:
    """Options that differ: Home Assistant tells them apart by their text alone."""
    often = Counter(texts)
    return [f"{text} ({index})" if often[text] > 1 or not text else text for index, text in enumerate(texts)]


def _list(texts: list[str]) -> str:
    """A list of texts in a template."""
    return json.dumps(texts, ensure_ascii=False)
