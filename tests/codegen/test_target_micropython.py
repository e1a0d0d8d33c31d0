"""The class for the SoC scheme: formatted, importable whatever the points are called, true to its product."""

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wxlink.assets import asset
from wxlink.codegen import micropython
from wxlink.product import from_definition, read
from wxproto.errors import LocalError
from wxproto.p0 import Codec

FOLDER = asset("protocol/products")
PRODUCTS = sorted(path for path in FOLDER.iterdir() if path.suffixes in ([".json"], [".toml"]))


@pytest.fixture(autouse=True)
def _firmware_importable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(asset("firmware")))
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "module"]:
        del sys.modules[name]


def instance(folder: Path, product_file: Any) -> Any:
    """An object of the generated class, on CPython."""
    ((name, text),) = micropython.files(product_file).items()
    path = folder / name
    path.write_text(text, "utf-8")
    spec = importlib.util.spec_from_file_location("generated", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (found,) = [
        value for key, value in vars(module).items() if key.endswith("Product") and key != "SocProduct"
    ]
    return found()


@pytest.mark.parametrize("path", PRODUCTS, ids=lambda path: path.stem)
def test_the_class_packs_like_the_product_file(path: Path, tmp_path: Path) -> None:
    product_file = read(path)
    made = instance(tmp_path, product_file)
    product = product_file.product
    assert product.product_key == made.KEY
    assert made.VARIABLE is product.variable
    p0 = made.codec.encode_report(made.values)
    assert p0 == Codec(product).encode_report(made.values)
    assert [(one.name, one.kind, one.len, one.values) for one in made.codec.product.points] == [
        (one.name, one.kind, one.len, one.values) for one in product.points
    ]
    for mine, theirs in zip(made.codec.product.points, product.points, strict=True):
        assert mine.display_minimum == theirs.display_minimum
        assert mine.display_maximum == theirs.display_maximum


@pytest.mark.parametrize("path", PRODUCTS, ids=lambda path: path.stem)
def test_the_file_is_formatted(path: Path, tmp_path: Path) -> None:
    for name, text in micropython.files(read(path)).items():
        (tmp_path / name).write_text(text, "utf-8")
    ruff = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "110", "--check", tmp_path]
    done = subprocess.run(ruff, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_data_points_are_properties_in_display_values(tmp_path: Path) -> None:
    made = instance(tmp_path, read(FOLDER / "gokit.json"))
    made.Motor_Speed = -2
    made.LED_Color = made.LED_COLOR_PINK
    made.Temperature = 26.4
    made.Humidity = 1000
    assert (made.Motor_Speed, made.LED_Color, made.Temperature, made.Humidity) == (-2, "粉色", 26, 100)
    with pytest.raises(LocalError, match="LED_Color is one of"):
        made.LED_Color = "green"
    assert made.take_control(bytes.fromhex("013F071122330003")) == {
        "LED_OnOff": True,
        "LED_Color": "粉色",
        "LED_R": 17,
        "LED_G": 34,
        "LED_B": 51,
        "Motor_Speed": -2,
    }


def test_any_names_and_texts_make_a_class(tmp_path: Path) -> None:
    evil = 'a"""\\" \\N{BEL} \x07 \'{x}$x \n*/'
    names = [
        "class",
        "None",
        "run",
        "report",
        "report_",
        "values",
        "soc",
        "_t",
        "__x",
        "on_control",
        "A_0",
        "a",
        "property",
        "_1",
        "_",
    ]
    attrs: list[dict[str, Any]] = [
        {
            "id": i,
            "name": name,
            "type": "status_writable",
            "data_type": "enum",
            "enum": [evil, "b", "b", f"长{'长' * 60}", ""],
            "enum_en": ["0", "", "x", "x", "x"],
            "display_name": evil,
        }
        for i, name in enumerate(names)
    ]
    definition = {
        "name": evil,
        "product_key": "0" * 32,
        "protocolType": "var_len",
        "entities": [{"attrs": attrs}],
    }
    made = instance(tmp_path, from_definition(definition, "blood-pressure"))
    assert type(made).__name__ == "BloodPressureProduct"
    made.class_ = 1
    assert made.values["class"] == "b"
    assert [point.values[0] for point in made.codec.product.points] == [evil] * len(names)


def test_no_data_point_hides_what_the_base_needs() -> None:
    source = asset("firmware/module/soc_product.py").read_text("utf-8")
    (base,) = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    own = {
        target.id
        for node in ast.walk(base)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id.isupper()
    }
    own |= {node.name for node in base.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    own |= {
        node.attr
        for node in ast.walk(base)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }
    assert own - {"__init__"} == micropython.BASE_NAMES
