"""Reading TOML: every mistake at once, each with line, column, data point and remedy."""

import json
import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from product_kinds import PRODUCTS, SAMPLES, specs

from wxlink.product import ProductFileError, Spec, read
from wxlink.product.places import line_and_column, places_of
from wxlink.product.simulation import COMMON, KINDS
from wxlink.product.toml_reader import spec_of_toml
from wxlink.product.toml_writer import toml_of

HEAD = '[product]\nkey = "0123456789abcdef0123456789abcdef"\ntitle = { zh = "灯", en = "Lamp" }\n\n'
POWER = '[[point]]\nname = "Power"\nclass = "writable"\ntype = "bool"\n'
LEVEL = '[[point]]\nname = "Level"\nclass = "read-only"\ntype = "uint8"\n'

MISTAKES = {
    "unknown key": (
        LEVEL + "rnage = [0, 9]\n",
        9,
        1,
        "Level",
        'unknown key "rnage"',
        'did you mean "range"?',
    ),
    "class": (POWER.replace("writable", "writeable"), 7, 1, "Power", "class cannot be", '"writable"'),
    "type": (POWER.replace("bool", "boolean"), 8, 1, "Power", "type cannot be", '"bool"'),
    "no type": (POWER.replace('type = "bool"\n', ""), 5, 1, "Power", "type is missing", "uint16"),
    "name": (POWER.replace("Power", "Po wer"), 6, 1, "Po wer", "fits no program", "English letters"),
    "twice": (POWER + POWER, 10, 1, "Power", "used twice", "its own"),
    "not a step": (
        LEVEL + "range = [0, 10]\nstep = 3\n",
        9,
        1,
        "Level",
        "10 is no whole number of steps",
        "nearest is 9",
    ),
    "too wide": (LEVEL + "range = [0, 100]\nstep = 0.1\n", 9, 1, "Level", "needs raw 1000", "larger type"),
    "falling range": (LEVEL + "range = [9, 0]\n", 9, 1, "Level", "begins above its end", "[0, 9]"),
    "range of a bool": (
        POWER + "range = [0, 1]\n",
        9,
        1,
        "Power",
        "the type bool has no range",
        "remove range",
    ),
    "no values": (POWER.replace("bool", "enum"), 5, 1, "Power", "values is missing", "list its texts"),
    "half English": (
        POWER.replace("bool", "enum") + 'values = ["a", { zh = "b", en = "B" }]\n',
        9,
        1,
        "Power",
        "only some values",
        "every value or to none",
    ),
    "no size": (POWER.replace("bool", "binary"), 5, 1, "Power", "size is missing", "give its bytes"),
    "limit": (
        LEVEL + "range = [0, 9]\nlimits = { low = 0, high = 99 }\n",
        10,
        21,
        "Level",
        "lies outside",
        "0 to 9",
    ),
    "gate": (
        LEVEL + 'simulate = { kind = "drift", by = 1, while = "Powre" }\n' + POWER,
        9,
        38,
        "Level",
        '"Powre" is no other data point',
        "Power",
    ),
    "kind": (
        POWER + 'simulate = { kind = "drift", by = 1 }\n',
        9,
        14,
        "Power",
        "cannot move a bool",
        "pulse",
    ),
    "needs": (
        LEVEL + 'simulate = { kind = "drift" }\n',
        9,
        1,
        "Level",
        "simulate.by is missing",
        '"drift" needs by',
    ),
    "two moves": (
        LEVEL + 'simulate = { kind = "drift", by = [1, 2] }\n',
        9,
        30,
        "Level",
        "one amount",
        "such as 2",
    ),
    "rest of an enum": (
        POWER.replace("bool", "enum")
        + 'values = ["a", "b"]\nsimulate = { kind = "count", by = 1, rest = 2 }\n',
        10,
        38,
        "Power",
        "there is no value 2",
        "from 0 to 1",
    ),
    "no title": (POWER + "title = true\n", 9, 1, "Power", "true is no text", "or { zh ="),
    "no text among values": (
        POWER.replace("bool", "enum") + 'values = ["a", 5]\n',
        9,
        16,
        "Power",
        "5 is no text",
        "give a text in quotes",
    ),
    "falling enum": (
        POWER.replace("bool", "enum") + 'values = ["a", "b"]\nsimulate = { kind = "count", by = -1 }\n',
        10,
        30,
        "Power",
        "by -1 is below 0",
        "use 0 to 2",
    ),
    "answer of another type": (
        LEVEL + 'simulate = { kind = "answer", of = "Power" }\n' + POWER,
        9,
        31,
        "Level",
        '"Power" is a bool',
        "name a uint8",
    ),
    "danger": (LEVEL + "dangerous = true\n", 9, 1, "Level", "must be writable", "remove dangerous"),
    "half the ids": (
        POWER + "id = 0\n" + LEVEL,
        10,
        1,
        "Level",
        "id is missing",
        "every data point or to none",
    ),
    "kept JSON": (LEVEL + 'json = \'{"type": "alert"}\'\n', 9, 1, "Level", "contradicts", "remove that key"),
    "panel step far from the step": (
        LEVEL + f"panel = {{ step = {10**29}.5 }}\n",
        9,
        11,
        "Level",
        "is no multiple of 1",
        "take a multiple",
    ),
    "gate of nothing": (
        LEVEL + 'simulate = { kind = "drift", by = 1, while = "On" }\n',
        9,
        38,
        "Level",
        '"On" is no other data point',
        "add the data point",
    ),
    "size of no type": (
        POWER.replace("bool", "boolean") + "size = 3\n",
        8,
        1,
        "Power",
        "type cannot be",
        '"bool"',
    ),
    "broken JSON": (LEVEL + "json = '{'\n", 9, 1, "Level", "holds no JSON object", "give the text of one"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_named_with_its_place_and_remedy(case: str) -> None:
    text, line, column, point, said, remedy = MISTAKES[case]
    spec, problems = spec_of_toml(HEAD + text)
    assert spec is None
    assert [(problem.line, problem.column, problem.point) for problem in problems] == [
        (line, column, point)
    ], problems
    assert said in problems[0].text
    assert remedy in problems[0].remedy


def test_all_mistakes_are_named_at_once_in_the_order_of_the_file() -> None:
    texts = [text for text, *_ in MISTAKES.values() if not re.search("Powre|id = 0|alert", text)]
    parts = [text.replace('"Power"', f'"P{i}"').replace('"Level"', f'"L{i}"') for i, text in enumerate(texts)]
    spec, problems = spec_of_toml(HEAD.replace("0123", "xyz") + "\n".join(parts))
    assert spec is None
    assert len(problems) >= len(parts)  # and the key; what only a whole product shows comes later
    assert [problem[:2] for problem in problems] == sorted(problem[:2] for problem in problems)


def test_what_is_kept_from_json_cannot_contradict_the_rest() -> None:
    spec, problems = spec_of_toml(
        HEAD.replace("title", 'json = \'{"protocolType": "var_len"}\'\ntitle') + POWER
    )
    assert spec is None
    assert "contradicts its other keys" in problems[0].text


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[product\n", 1, "not TOML"),
        ('[product]\nkey = "a\n', 2, "not TOML"),
        ("a = 1\na = 2\n", 2, "not TOML"),
        ("", 1, "[product] is missing"),
        (HEAD, 1, "there is no data point"),
        ("product = 3\n", 1, "3 is no table"),
        (HEAD + "point = 3\n", 1, "there is no data point"),
        ("a = 1\na = 2\n", 2, "Cannot overwrite a value"),
        ("a = " + "[" * 5000, 0, "nested too deeply"),
    ],
)
def test_texts_that_are_no_product_file_at_all(text: str, line: int, said: str) -> None:
    spec, problems = spec_of_toml(text)
    assert spec is None
    assert any(said in problem.text for problem in problems), problems
    assert problems[0].line == line or said == "there is no data point"


@settings(deadline=None, max_examples=80)
@given(specs(), st.data())
def test_whatever_stands_in_a_file_reading_ends_with_a_product_or_with_problems(
    spec: Spec, data: st.DataObject
) -> None:
    """A text with a piece exchanged is read, or refused with places inside it; nothing is raised."""
    text = toml_of(spec)
    at = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(at, min(at + 30, len(text))))
    piece = data.draw(
        st.sampled_from(["", "]", "-1", "1e400", "nan", "{ }", '"Power"', "true", "[]", "[[point]]\n", "#"])
    )
    broken = text[:at] + piece + text[end:]
    found, problems = spec_of_toml(broken)
    assert (found is None) == bool(problems)
    lines = broken.count("\n") + 1
    assert all(0 < problem.line <= lines and problem.text and problem.remedy for problem in problems)


@settings(deadline=None, max_examples=60)
@given(specs())
def test_places_are_those_of_the_keys(spec: Spec) -> None:
    text = toml_of(spec)
    places = places_of(text)
    for path in _paths(tomllib.loads(text, parse_float=Decimal)):
        assert path in places, path
        if isinstance(path[-1], str):
            rest = text[places[path] :]
            assert rest.startswith((path[-1], json.dumps(path[-1], ensure_ascii=False), "["))


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += _paths(inner, (*path, key))
    return found


def test_places_of_a_text_with_everything_toml_has() -> None:
    text = (
        'a.b = """x\n"y" ]"""  # c = 3\n[t]\r\n"q u" = \'\'\'z\n\'\'\'\n'
        '  k = [ 1, # two\n { n = 1, "m" = {o=[]} },\n]\n'
        "d = 1979-05-27 07:32:00\n[[l]]\n[[l.m]]\nx = true\n[[l]]\ny.z = 'e\\'\n"
    )
    document = tomllib.loads(text)
    places = places_of(text)
    assert set(_paths(document)) <= set(places)
    assert line_and_column(text, places[("t", "k", 1, "m")]) == (7, 11)
    assert line_and_column(text, places[("l", 0, "m", 0, "x")]) == (12, 1)
    assert line_and_column(text, places[("l", 1, "y", "z")]) == (14, 3)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_samples_are_bilingual_and_say_how_they_behave(path: Path) -> None:
    file = read(path)
    assert file.spec.title.en
    assert all(point.title and point.title.zh and point.title.en for point in file.points)
    moving = {point.simulate.kind for point in file.points if point.simulate} - {"hold"}
    assert len(moving) >= 2
    assert any(point.panel and point.panel.main for point in file.points)


def test_samples_are_of_both_lengths_and_have_keys_of_their_own() -> None:
    files = [read(path) for path in SAMPLES]
    assert {file.product.variable for file in files} == {True, False}
    assert len({file.product.product_key for file in files}) == len(files) == 8


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProductFileError, match=r"nowhere\.toml: No such file or directory: give the path"):
        read(tmp_path / "nowhere.toml")
    (tmp_path / "latin.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ProductFileError, match=r"latin\.toml: not UTF-8 text: save"):
        read(tmp_path / "latin.toml")
    (tmp_path / "half.json").write_text('{"name": 1e999}')
    with pytest.raises(ProductFileError, match="too large"):
        read(tmp_path / "half.json")


def test_the_schema_and_the_table_of_simulations_say_the_same() -> None:
    schema = json.loads((PRODUCTS / "product-toml.schema.json").read_text("utf-8"))["$defs"]
    for word, kind in KINDS.items():
        keys = {key.rstrip("_") for key in (*kind.needs, *kind.allows, *COMMON)}
        assert set(schema[word]["properties"]) == {"kind", *keys}
        assert set(schema[word]["required"]) == {"kind", *(key.rstrip("_") for key in kind.needs)}
    named = [row["$ref"].rpartition("/")[2] for row in schema["point"]["properties"]["simulate"]["oneOf"]]
    assert named == list(KINDS)


def readme_rows() -> list[list[str]]:
    """The cells of every table row in the README of the samples."""
    lines = (PRODUCTS / "README.md").read_text("utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]


def test_the_readme_and_the_table_of_simulations_say_the_same() -> None:
    rows = readme_rows()
    for word, kind in KINDS.items():
        needs, allows = (", ".join(key.rstrip("_") for key in keys) for keys in (kind.needs, kind.allows))
        assert [word, kind.summary, needs, allows] in rows


def test_the_readme_names_every_sample_with_its_length() -> None:
    lengths = {row[0].strip("`"): row[-1] for row in readme_rows()}
    for path in SAMPLES:
        assert lengths[path.name] == ("variable" if read(path).product.variable else "fixed")
