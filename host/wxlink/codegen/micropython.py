"""Target micropython: a class for the SoC scheme, where the product runs on the Wi-Fi module itself."""

from string import Template

from wxlink.assets import asset
from wxlink.codegen import c_text, py_text
from wxlink.codegen.targets import mark
from wxlink.product import ProductFile
from wxproto.product import ALERT, FAULT, KINDS, READONLY, WRITABLE, Point

KINDS_AS_CODE = {WRITABLE: "WRITABLE", READONLY: "READONLY", ALERT: "ALERT", FAULT: "FAULT"}

_BASE_NAMES = """
    NAME KEY VARIABLE POINTS HARDWARE_VERSION SOFTWARE_VERSION BINDABLE_S codec values soc
    on_control on_transparent on_status run report send ask store take_control
"""
BASE_NAMES = frozenset(_BASE_NAMES.split())
"""What firmware/module/soc_product.py calls its own; no data point may hide it."""
TAKEN = BASE_NAMES | {"property"}
"""The body of the class calls `property` by name, too."""

_KIND_WORDS = {WRITABLE: "writable", READONLY: "read-only", ALERT: "alert", FAULT: "fault"}


def files(product_file: ProductFile) -> dict[str, str]:
    """NAME_product.py with one class; the base is firmware/module/soc_product.py."""
    product = product_file.product
    word = c_text.file_word(product_file.stem, product.name_en, product.name)
    taken = set(TAKEN)
    names = [
        c_text.unique(py_text.attribute_name(point.name, taken), f"_{point.id}", taken, lambda stem: {stem})
        for point in product.points
    ]
    used = {point.kind for point in product.points}
    texts = [line for point in product.points for line in _texts(point, taken)]
    fields = {
        "mark": mark(product_file, "micropython"),
        "title": py_text.docstring(c_text.comment(product.name, product.name_en)),
        "class_name": py_text.class_name(word) + "Product",
        "kinds": ", ".join(sorted(KINDS_AS_CODE[kind] for kind in KINDS if kind in used)),
        "name": word,
        "key": product.product_key,
        "variable": product.variable,
        "points": "\n".join(_row(point) for point in product.points),
        "texts": "".join(f"    {line}\n" for line in texts) + ("\n" if texts else ""),
        "properties": "\n".join(
            _property(point, name) for point, name in zip(product.points, names, strict=True)
        ),
    }
    template = Template(asset("protocol/templates/product.py.in").read_text("utf-8"))
    return {f"{word}_product.py": template.substitute(fields)}


def _row(point: Point) -> str:
    cells = [py_text.literal(point.name), KINDS_AS_CODE[point.kind], py_text.literal(point.data_type)]
    indent = " " * 8
    if point.is_number:
        more = f"({point.minimum}, {point.maximum}, {point.ratio!r}, {point.addition!r})"
    elif point.data_type == "enum":
        texts = [py_text.literal(text) for text in point.values]
        more = py_text.laid_out(texts, "", "")
        if py_text.width(f"{indent}({', '.join([*cells, more])}),") > py_text.LINE:
            more = py_text.laid_out(texts, indent + "    ", ",").removesuffix(",")
    else:
        more = str(point.len) if point.data_type == "binary" else "None"
    return indent + py_text.laid_out([*cells, more], indent, ",")


def _texts(point: Point, taken: set[str]) -> list[str]:
    """Constants for the texts of an enum, named after the English ones."""
    english = point.values_en or point.values
    lines = []
    for index, text in enumerate(point.values):
        word = c_text.macro_word(point.name)
        if not word or word[0].isdigit():
            word = f"POINT{word or point.id}"
        stem = f"{word}_{c_text.macro_word(english[index]) or index}"
        name = c_text.unique(stem, f"_{index}", taken, lambda stem: {stem})
        lines.append(f"{name} = {py_text.literal(text)}")
    return lines


def _property(point: Point, name: str) -> str:
    title = py_text.docstring(c_text.comment(point.display_name, point.display_name_en)) or point.name
    return (
        "    @property\n"
        f"    def {name}(self):\n"
        f'        """{title} ({_KIND_WORDS[point.kind]}): {_values(point)}."""\n'
        f'        return self.values["{point.name}"]\n\n'
        f"    @{name}.setter\n"
        f"    def {name}(self, value):\n"
        f"        self.store({point.id}, value)\n"
    )


def _values(point: Point) -> str:
    if point.is_number:
        unit = f" {py_text.docstring(point.unit)}" if point.unit else ""
        return f"{point.display_minimum} to {point.display_maximum}{unit}"
    if point.data_type == "enum":
        return "one of its texts"
    return "true or false" if point.data_type == "bool" else f"{point.len} bytes"
