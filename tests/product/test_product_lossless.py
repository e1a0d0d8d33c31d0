"""TOML and Gizwits' JSON say the same: whatever goes one way comes back, key for key."""

import copy
import json
import tomllib
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from product_kinds import PRODUCTS, SAMPLES, TEXTS, published, specs

from wxlink.product import ProductFile, ProductFileError, Spec, from_definition, read
from wxlink.product.toml_reader import spec_of_toml
from wxlink.product.toml_writer import toml_of

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
UNKNOWN = st.dictionaries(st.sampled_from(["ui", "ext", "a.b", "版本", "'", ""]), JSON, max_size=3)
TOML_SCHEMA = json.loads((PRODUCTS / "product-toml.schema.json").read_text("utf-8"))
JSON_SCHEMA = json.loads((PRODUCTS / "product.schema.json").read_text("utf-8"))


def through_toml(spec: Spec) -> Spec:
    text = toml_of(spec)
    jsonschema.validate(tomllib.loads(text), TOML_SCHEMA)
    again, problems = spec_of_toml(text)
    assert again is not None, problems
    return again


@settings(deadline=None, max_examples=60)
@given(specs())
def test_what_a_maker_wrote_comes_back_from_toml_and_from_json(spec: Spec) -> None:
    assert through_toml(spec) == spec
    definition = ProductFile(spec).definition
    jsonschema.validate(definition, JSON_SCHEMA)
    imported = from_definition(json.loads(json.dumps(definition)))
    assert imported.definition == definition
    assert from_definition(definition).product == ProductFile(spec).product
    in_order = sorted(spec.points, key=lambda point: imported.product.point(point.name).id)
    for ours, theirs in zip(in_order, imported.points, strict=True):
        assert (ours.marks, ours.limits, ours.panel, ours.simulate) == (
            theirs.marks,
            theirs.limits,
            theirs.panel,
            theirs.simulate,
        )


@settings(deadline=None, max_examples=60)
@given(specs(), st.data())
def test_a_json_with_keys_nobody_knows_comes_back_key_for_key(spec: Spec, data: st.DataObject) -> None:
    definition = copy.deepcopy(ProductFile(spec).definition)
    entity = definition["entities"][0]
    for part in (definition, entity, *entity["attrs"]):
        part.update(data.draw(UNKNOWN))
    for part in entity["attrs"]:
        needed = {"uint_spec"} if "wxlink" in part else set()
        if part["data_type"] == "binary":
            needed.add("position")
        for key in sorted({"desc", "desc_en", "unit", "position", "uint_spec"} & part.keys() - needed):
            if data.draw(st.integers(0, 5)) == 0:
                part.pop(key)
    entity["attrs"] = data.draw(st.permutations(entity["attrs"]))
    imported = from_definition(definition)
    assert same(imported.definition, definition)
    assert same(ProductFile(through_toml(imported.spec)).definition, definition)


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: 1 is 1.0, but true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


@pytest.mark.parametrize("definition", published())
def test_every_published_definition_comes_back(definition: dict[str, Any]) -> None:
    imported = from_definition(definition)
    assert same(imported.definition, definition)
    assert same(ProductFile(through_toml(imported.spec)).definition, definition)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_samples_fit_both_schemas_and_come_back(path: Any) -> None:
    jsonschema.validate(tomllib.loads(path.read_text("utf-8")), TOML_SCHEMA)
    file = read(path)
    jsonschema.validate(file.definition, JSON_SCHEMA)
    assert through_toml(file.spec) == file.spec
    assert from_definition(file.definition, file.stem).definition == file.definition


def test_numbers_are_exact_decimals() -> None:
    spec, problems = spec_of_toml(
        '[product]\nkey = "00000000000000000000000000000000"\ntitle = "a"\n[[point]]\nname = "T"\n'
        'class = "read-only"\ntype = "uint16"\nrange = [-20.3, 60.1]\nstep = 0.1\n'
    )
    assert spec is not None, problems
    assert spec.points[0].range == (Decimal("-20.3"), Decimal("60.1"))
    assert ProductFile(spec).definition["entities"][0]["attrs"][0]["uint_spec"] == {
        "min": 0,
        "max": 804,
        "ratio": 0.1,
        "addition": -20.3,
    }


def test_positions_are_those_that_gizwits_publishes() -> None:
    """The GoKit's positions were written by Gizwits: nothing of them had to be kept beside the types."""
    definition = json.loads((PRODUCTS / "gokit.json").read_text("utf-8"))
    assert all(not point.kept for point in from_definition(definition).points)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from([one.values[0] for one in published()]), st.data())
def test_a_json_with_anything_exchanged_is_taken_without_loss_or_refused(
    definition: dict[str, Any], data: st.DataObject
) -> None:
    changed = copy.deepcopy(definition)
    attr = data.draw(st.sampled_from(changed["entities"][0]["attrs"]))
    part = data.draw(st.sampled_from([changed, changed["entities"][0], attr, attr.setdefault("wxlink", {})]))
    key = data.draw(st.sampled_from([*part, "limits", "panel", "simulate", "personal", "uint_spec"]))
    part[key] = data.draw(JSON | st.sampled_from([{"kind": "drift", "by": 1}, {"low": 1}, {"main": True}]))
    try:
        imported = from_definition(changed)
    except ProductFileError:
        return
    assert same(imported.definition, changed)
    assert same(ProductFile(through_toml(imported.spec)).definition, changed)
