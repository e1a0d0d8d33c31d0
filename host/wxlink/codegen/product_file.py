"""A product file on disk."""

import json
from pathlib import Path

from wxproto.product import Product, ProductError

MAX_FILE = 4 * 1024 * 1024
"""Bytes; a product of 256 data points with long texts stays far below."""


def read_product(path: Path) -> Product:
    """Read a product file (Gizwits' published JSON). ProductError names the file and what to mend in it."""
    try:
        if path.stat().st_size > MAX_FILE:
            raise ProductError(f"{path}: larger than {MAX_FILE} bytes: this is no product file")
        definition = json.loads(path.read_text(encoding="utf-8"))
        return Product.from_dict(definition)
    except OSError as error:
        raise ProductError(f"{path}: {error.strerror}: give the path of a product file") from error
    except UnicodeDecodeError as error:
        raise ProductError(f"{path}: not UTF-8 text: save the product file as UTF-8") from error
    except json.JSONDecodeError as error:
        raise ProductError(f"{path}:{error.lineno}: not JSON: {error.msg}") from error
    except RecursionError as error:
        raise ProductError(f"{path}: nested too deeply: this is no product file") from error
    except ProductError as error:
        if str(error).startswith(f"{path}"):
            raise
        raise ProductError(f"{path}: {error}") from error
