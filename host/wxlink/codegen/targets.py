"""What codegen can write: a table of targets, each a module that is imported when it is used."""

import importlib
from collections.abc import Mapping
from typing import NamedTuple

from wxlink.codegen import c_text
from wxlink.product import ProductFile

DEFAULT = "c"
"""The target of a command that names none."""


class Target(NamedTuple):
    """A reader of the product file: `module` offers files(product_file) -> {name: text or bytes}.

    Names are relative, with "/" between folders; the same product file always gives the same files. A text
    carries mark() in a comment of its first lines: so a file that is no longer generated is known.
    """

    name: str
    module: str
    summary: str


_ROWS = (
    Target("c", "wxlink.codegen.c", "C tables for the MCU SDK"),
    Target("arduino", "wxlink.codegen.arduino", "a library folder for the Arduino IDE and arduino-cli"),
    Target(
        "stm32",
        "wxlink.codegen.stm32",
        "SDK, tables and glue to ST's HAL, a folder for an STM32CubeMX project",
    ),
    Target(
        "micropython", "wxlink.codegen.micropython", "a class for a product that runs on the module itself"
    ),
    Target(
        "book", "wxlink.codegen.book", "the protocol book in Chinese and English, HTML for screen and paper"
    ),
    Target("ts", "wxlink.codegen.ts", "TypeScript types of the app API's JSON, with the data points"),
    Target("ha", "wxlink.codegen.ha", "a Home Assistant package that works with the relay's HTTP API"),
)

TARGETS = {row.name: row for row in _ROWS}
"""Every target by its name, in the order of the help text."""


def mark(product_file: ProductFile, target: str) -> str:
    """The words by which a generated file is known."""
    product = product_file.product
    title = c_text.comment(product.name, product.name_en) or "a product without a name"
    option = "" if target == DEFAULT else f" --for {target}"
    return f"Generated from {title} by wxlink codegen{option}, do not edit."


def files(product_file: ProductFile, target: str) -> Mapping[str, str | bytes]:
    """The files of one target, name -> content. ProductError when the product cannot be said in it."""
    found: Mapping[str, str | bytes] = importlib.import_module(TARGETS[target].module).files(product_file)
    return found
