"""The product that units are made for, as a person names it."""

import re
from pathlib import Path
from typing import Final

from wxlink.flash.identity import parse_product_key
from wxlink.flash.problem import FlashError
from wxlink.product import read
from wxproto.product import ProductError

_KEY: Final = re.compile(r"[0-9a-fA-F]{32}")


def product_key(given: str) -> str:
    """The key that is given, or that of the product file that is given. Raises FlashError."""
    if _KEY.fullmatch(given):
        return parse_product_key(given)
    try:
        return parse_product_key(read(Path(given)).spec.key)
    except ProductError as error:
        raise FlashError(str(error).splitlines()[0]) from error
    except OSError as error:
        raise FlashError(f"{given}: {error.strerror}") from error
