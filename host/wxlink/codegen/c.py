"""Target c: the tables of a product for the MCU SDK."""

from wxlink.codegen.product_c import generate
from wxlink.product import ProductFile


def files(product_file: ProductFile) -> dict[str, str]:
    """Header, tables and names, all beginning with the name of the product file."""
    return generate(product_file.product, product_file.stem)
