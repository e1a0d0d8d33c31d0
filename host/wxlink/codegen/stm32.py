"""Target stm32: SDK, tables and their glue to ST's HAL, a folder for an STM32CubeMX project."""

from string import Template

from wxlink.assets import asset
from wxlink.codegen import c_text, sdk
from wxlink.codegen.targets import mark
from wxlink.product import ProductFile

TEMPLATES = (("{}_stm32.h", "stm32.h.in"), ("{}_stm32.c", "stm32.c.in"))
"""(file for a prefix, template in protocol/templates/stm32) of what is written beside SDK and tables."""


def files(product_file: ProductFile) -> dict[str, str]:
    """Everything in one folder, to be added to the project's sources and include paths."""
    product = product_file.product
    word = c_text.file_word(product_file.stem, product.name_en, product.name)
    fields = {"mark": mark(product_file, "stm32"), "prefix": word, "upper": word.upper()}
    folder = asset("protocol/templates/stm32")
    glue = {
        name.format(word): Template((folder / template).read_text("utf-8")).substitute(fields)
        for name, template in TEMPLATES
    }
    return glue | sdk.files(product_file, "stm32", ports=("stm32",))
