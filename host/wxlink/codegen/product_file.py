"""A product file on disk."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wxproto.product import Product, ProductError

MAX_FILE = 4 * 1024 * 1024
"""Bytes; a product of 256 data points with long texts stays far below."""


@dataclass(frozen=True)
class ProductFile:
    """`definition` is the JSON as it stands in the file, `product` what it means, `stem` the file's name."""

    stem: str
    definition: dict[str, Any]
    product: Product


def read(path: Path) -> ProductFile:
    """Read a product file (Gizwits' published JSON). ProductError names the file and what to mend in it."""
    try:
        definition = _json(path)
        return ProductFile(path.stem, definition, Product.from_dict(definition))
    except ProductError as error:
        raise ProductError(f"{path}: {error}") from error


def read_product(path: Path) -> Product:
    """Read a product file (Gizwits' published JSON). ProductError names the file and what to mend in it."""
    return read(path).product


def _json(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise ProductError(f"{error.strerror}: give the path of a product file") from error
    if len(data) > MAX_FILE:
        raise ProductError(f"larger than {MAX_FILE} bytes: this is no product file")
    try:
        return json.loads(data.decode("utf-8-sig"))  # Windows editors begin UTF-8 with a byte order mark
    except UnicodeDecodeError as error:
        raise ProductError("not UTF-8 text: save the product file as UTF-8") from error
    except json.JSONDecodeError as error:
        raise ProductError(f"not JSON: {error.msg} in line {error.lineno}") from error
    except ValueError as error:
        raise ProductError("a number has too many digits: this is no product file") from error
    except RecursionError as error:
        raise ProductError("nested too deeply: this is no product file") from error
