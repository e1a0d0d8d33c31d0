"""The generated Arduino library: its form by the public specification, its code by Arduino's builder."""

import json
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from arduino_build import GOKIT as GOKIT_SKETCH
from arduino_build import Arduino

from wxlink.assets import asset
from wxlink.codegen import NoCompiler
from wxlink.codegen.build import compiler
from wxlink.codegen.targets import files
from wxlink.product import read

HERE = Path(__file__).parent
PRODUCTS = sorted(
    path
    for path in asset("protocol/products").iterdir()
    if path.suffix in (".json", ".toml") and ".schema" not in path.name
)
GOKIT = asset("protocol/products/gokit.json")

# From the library specification, revision 2.2 (docs of arduino-cli), and the rules of its Library Manager.
REQUIRED = (
    "name",
    "version",
    "author",
    "maintainer",
    "sentence",
    "paragraph",
    "category",
    "url",
    "architectures",
)
CATEGORIES = (
    "Display", "Communication", "Signal Input/Output", "Sensors", "Device Control", "Timing", "Data Storage",
    "Data Processing", "Other",
)  # fmt: skip
NAME = re.compile(r"(?!arduino)(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}", re.IGNORECASE)
SEMVER = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
TOKENS = {"KEYWORD1", "KEYWORD2", "KEYWORD3", "LITERAL1", "LITERAL2"}
SOURCES = {".c", ".cpp", ".h", ".hpp", ".S", ".ino", ".pde"}


def library(product: Path) -> tuple[str, dict[str, str]]:
    """(name of the folder, its files by their names within it)."""
    written = {name: str(content) for name, content in files(read(product), "arduino").items()}
    (folder,) = {name.partition("/")[0] for name in written}
    return folder, {name.partition("/")[2]: text for name, text in written.items()}


def properties(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


@pytest.fixture(params=PRODUCTS, ids=lambda path: path.stem)
def product(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_metadata_is_as_specified(product: Path) -> None:
    folder, written = library(product)
    given = properties(written["library.properties"])
    assert all(given[field].strip() == given[field] != "" for field in REQUIRED)
    assert NAME.fullmatch(given["name"])
    assert folder == given["name"].replace(" ", "_")
    assert SEMVER.fullmatch(given["version"])
    assert given["category"] in CATEGORIES
    assert urlsplit(given["url"]).scheme == "https"
    assert given["architectures"] == "avr,esp32"
    assert [f"src/{name}" in written for name in given["includes"].split(",")] == [True]
    assert len(given["sentence"]) < 200
    assert not given["paragraph"].startswith(given["sentence"])


def test_folders_are_as_specified(product: Path) -> None:
    _, written = library(product)
    assert not [name for name in written if Path(name).suffix in SOURCES and "/" not in name]
    assert {name.partition("/")[0] for name in written if "/" in name} == {"src", "examples"}
    assert {Path(name).name for name in written if name.count("/") == 1} <= {
        f"{library(product)[0]}{suffix}" for suffix in (".h", ".cpp")
    }, "only what sketches include lies on the include path"
    sketches = [Path(name) for name in written if name.startswith("examples/")]
    assert sketches
    assert all(path.parent.name == path.stem for path in sketches)
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", part) for name in written for part in name.split("/"))


def test_keywords_are_as_specified_and_exist(product: Path) -> None:
    _, written = library(product)
    code = "\n".join(text for name, text in written.items() if name.startswith("src/"))
    rows = [line for line in written["keywords.txt"].splitlines() if line and not line.startswith("#")]
    assert rows
    for row in rows:
        word, token = row.split("\t")
        assert token in TOKENS
        assert re.search(rf"\b{re.escape(word)}\b", code), word


def test_files_are_whole_and_marked(product: Path) -> None:
    """Every include of our own is there, and every text has the mark by which a stale file is known."""
    _, written = library(product)
    names = {Path(name).name for name in written}
    for name, text in written.items():
        assert "by wxlink codegen" in text[:300], name
        assert set(re.findall(r'#include "(?:\w+/)?(\w+\.h)"', text)) <= names, name


def test_example_compiles_for_an_uno(arduino: Arduino, product: Path) -> None:
    folder = arduino.install(product)
    for sketch in (folder / "examples").glob("*/*.ino"):
        assert arduino.build(sketch, at=folder.name).exists()


def test_names_that_arduino_has_taken_compile_too(arduino: Arduino, tmp_path: Path) -> None:
    """Data points called like macros, keywords and members of the class, and texts that end comments."""
    definition = json.loads(GOKIT.read_text("utf-8"))
    definition |= {"name": '*/ \\ "product" $x ??/', "name_en": "switch */ // \n new"}
    taken = (
        "switch", "LOW", "boolean", "byte", "a_b", "value", "F", "min", "HIGH", "bit", "link", "values", "PI",
        "stream", "OUTPUT",
    )  # fmt: skip
    for point, name in zip(definition["entities"][0]["attrs"], taken, strict=True):
        point |= {"name": name, "display_name": "??/ */ \\"}
    product = tmp_path / "开关.json"
    product.write_text(json.dumps(definition), "utf-8")
    folder = arduino.install(product)
    assert arduino.build(folder / "examples/Minimal/Minimal.ino", at=folder.name).exists()


def test_sketches_of_the_sdk_compile_for_an_uno(arduino: Arduino, tmp_path: Path) -> None:
    """The GoKit example, and the sketch that the ports' README shows."""
    text = asset("protocol/csdk/ports/README.md").read_text("utf-8")
    shown = tmp_path / "Shown" / "Shown.ino"
    shown.parent.mkdir()
    shown.write_text(text.partition("```cpp\n")[2].partition("```")[0], "utf-8")
    assert arduino.build(shown).exists()
    assert arduino.build(GOKIT_SKETCH).exists()


def test_library_and_sketches_are_strict_cxx11_for_an_esp32(product: Path, tmp_path: Path) -> None:
    """For the syntax only: an ESP32's core and compiler are not at hand."""
    try:
        command = [
            *compiler(),
            "-fsyntax-only",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-Wshadow",
            "-DARDUINO_ARCH_ESP32",
        ]
    except NoCompiler as error:
        pytest.skip(str(error))
    folder, written = library(product)
    for name, text in written.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    includes = [f"-I{HERE / 'esp32_core'}", f"-I{tmp_path / 'src'}"]
    sketches = [*tmp_path.glob("examples/*/*.ino"), *([GOKIT_SKETCH] if product == GOKIT else [])]
    for path in [tmp_path / f"src/{folder}.cpp", *sketches]:
        head = ["-include", "Arduino.h", "-x", "c++", "-std=c++11", "-Wpedantic"]
        subprocess.run([*command, *includes, *head, path], check=True, timeout=60)
    for path in tmp_path.glob("src/wxlink/*.c"):
        subprocess.run([*command, *includes, "-std=c99", path], check=True, timeout=60)
