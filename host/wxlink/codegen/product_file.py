"""A product file on disk."""

import json
from pathlib import Path
from typing import Any

from wxproto.product import Product, ProductError

MAX_FILE = 4 * 1024 * 1024
"""Bytes; a product of 256 data points with long texts stays far below."""


def read_product(path: Path) -> Product:
    """Read a product file (Gizwits' published JSON). ProductError names the file and what to mend in it."""
    try:
        return Product.from_dict(_json(path))
    except ProductError as error:
        raise ProductError(f"{path}: {error}") from error


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
