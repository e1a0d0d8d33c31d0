"""Product files: what a product can do, in wxlink's TOML and in the JSON that Gizwits publishes."""

from wxlink.product.problem import Problem, ProductFileError
from wxlink.product.product_file import ProductFile
from wxlink.product.reading import find, from_definition, read
from wxlink.product.spec import Limits, Number, Panel, PointSpec, Spec, Title

__all__ = [
    "Limits",
    "Number",
    "Panel",
    "PointSpec",
    "Problem",
    "ProductFile",
    "ProductFileError",
    "Spec",
    "Title",
    "find",
    "from_definition",
    "read",
]
