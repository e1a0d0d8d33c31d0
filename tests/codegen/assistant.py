"""A stand-in for Home Assistant, which is not run here: it reads a package, renders its templates, and acts.

Its template functions are those of Jinja and the few that the packages use.
"""

import json
import re
from typing import Any

import jinja2.nativetypes
import yaml

from wxlink.codegen import ha
from wxlink.product import ProductFile


class Loader(yaml.SafeLoader):
    """YAML with Home Assistant's !secret."""


Loader.add_constructor("!secret", lambda loader, node: f"secret:{loader.construct_scalar(node)}")


class Assistant:
    """What Home Assistant does with a package: one state, templates, actions; `sent` are bodies of POSTs."""

    def __init__(self, product_file: ProductFile, language: str) -> None:
        self.product = product_file.product
        ((_, text),) = [item for item in ha.files(product_file).items() if f".{language}." in item[0]]
        self.package = yaml.load(text, Loader)  # noqa: S506 - a safe loader with one tag more
        self.entities = {
            entity["unique_id"].split("_", 2)[2]: (kind, entity)
            for block in self.package["template"]
            for kind, entities in block.items()
            for entity in entities
        }
        self.attributes: dict[str, Any] = {}
        self.polled = 0
        self.sent: list[dict[str, Any]] = []
        self._jinja = jinja2.nativetypes.NativeEnvironment(undefined=jinja2.StrictUndefined)
        self._jinja.filters["to_json"] = json.dumps
        self._jinja.globals["state_attr"] = self._state_attr

    def poll(self, latest: dict[str, Any]) -> None:
        """Take an answer of GET /app/devdata/{did}/latest."""
        (sensor,) = self.package["rest"][0]["sensor"]
        assert sensor["json_attributes_path"] == "$.attr"
        self.entity_id = "sensor." + re.sub(r"\W+", "_", sensor["name"].lower())
        self.attributes = {name: latest["attr"].get(name) for name in sensor["json_attributes"]}

    def render(self, template: Any, **variables: Any) -> Any:
        if isinstance(template, dict):
            return {key: self.render(value, **variables) for key, value in template.items()}
        if not isinstance(template, str):
            return template
        return self._jinja.from_string(template).render(variables)

    def act(self, actions: list[dict[str, Any]], **variables: Any) -> None:
        for action in actions:
            domain, _, name = action.get("action", "delay.").partition(".")
            data = self.render(action.get("data", {}), **variables)
            if domain == "script":
                self.act(self.package["script"][name]["sequence"], **data)
            elif domain == "rest_command":
                command = self.package["rest_command"][name]
                assert (command["method"], command["content_type"]) == ("post", "application/json")
                body = jinja2.Environment(autoescape=False)  # noqa: S701 - JSON, as Home Assistant renders it
                body.filters["to_json"] = json.dumps
                self.sent.append(json.loads(body.from_string(command["payload"]).render(data)))
            elif domain == "homeassistant":
                assert action["target"] == {"entity_id": self.entity_id}
                self.polled += 1

    def state(self, name: str) -> Any:
        return self.render(self.entities[name][1]["state"])

    def _state_attr(self, entity_id: str, name: str) -> Any:
        assert entity_id == self.entity_id
        return self.attributes.get(name)
