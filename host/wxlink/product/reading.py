"""Product files on disk: wxlink's TOML, or the JSON that Gizwits publishes."""

import json
from pathlib import Path
from typing import Any

from wxlink.assets import asset
from wxlink.product.json_reader import spec_of_json
from wxlink.product.problem import Problem, ProductFileError
from wxlink.product.product_file import ProductFile
from wxlink.product.spec import Spec
from wxlink.product.toml_reader import spec_of_toml
from wxproto.product import ProductError

MAX_FILE = 4 * 1024 * 1024
"""Bytes; a product of 256 data points with long texts stays far below."""


def read(path: Path) -> ProductFile:
    """Read a product file, TOML by its ending, else JSON. ProductFileError holds every mistake in it."""
    spec, problems = _spec(path)
    if spec is None:
        raise ProductFileError(str(path), problems)
    return ProductFile(spec, path.stem)


def find(name: str) -> Path:
    """The product file of that path, or the sample of that name. ProductError names the samples."""
    if Path(name).suffix:
        return Path(name)
    samples = asset("protocol/products")
    for ending in (".toml", ".json"):
        if (samples / f"{name}{ending}").is_file():
            return samples / f"{name}{ending}"
    known = {path.stem for path in samples.iterdir() if path.suffix in (".toml", ".json")}
    names = ", ".join(sorted(stem for stem in known if not stem.endswith(".schema")))
    raise ProductError(f"no sample product is called {name}: name one of {names}, or give the path of a file")


def from_definition(definition: Any, stem: str = "product") -> ProductFile:
    """A product whose JSON is at hand. ProductFileError holds every mistake in it."""
    spec, problems = spec_of_json(definition)
    if spec is None:
        raise ProductFileError(stem, problems)
    return ProductFile(spec, stem)


def _spec(path: Path) -> tuple[Spec | None, list[Problem]]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        return _refused(str(error.strerror), "give the path of a product file")
    if len(data) > MAX_FILE:
        return _refused(f"larger than {MAX_FILE} bytes", "this is no product file")
    try:
        text = data.decode("utf-8-sig")  # Windows editors begin UTF-8 with a byte order mark
    except UnicodeDecodeError:
        return _refused("not UTF-8 text", "save the product file as UTF-8")
    return spec_of_toml(text) if path.suffix == ".toml" else _of_json(text)


def _of_json(text: str) -> tuple[Spec | None, list[Problem]]:
    try:
        definition = json.loads(text, parse_constant=_finite, parse_float=_finite)
    except json.JSONDecodeError as error:
        problem = Problem(error.lineno, error.colno, "", f"not JSON: {error.msg}", "mend the JSON here")
        return None, [problem]
    except ValueError:
        return _refused("a number is too large or has too many digits", "this is no product file")
    except RecursionError:
        return _refused("nested too deeply", "this is no product file")
    return spec_of_json(definition)


def _finite(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise ValueError(text)
    return number


def _refused(text: str, remedy: str) -> tuple[None, list[Problem]]:
    return None, [Problem(0, 0, "", text, remedy)]
