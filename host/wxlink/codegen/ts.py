"""Target ts: TypeScript types of the app API's JSON, with this product's data points in them."""

import json
from string import Template

from wxlink.assets import asset
from wxlink.codegen import c_text, py_text
from wxlink.codegen.targets import mark
from wxlink.product import ProductFile
from wxproto.product import ALERT, FAULT, READONLY, WRITABLE, Point

API = "app-api.ts"
"""The file that all products share; it holds no product's data points."""

_KIND_WORDS = {WRITABLE: "writable", READONLY: "read-only", ALERT: "alert", FAULT: "fault"}


def files(product_file: ProductFile) -> dict[str, str]:
    """NAME.ts with the data points of the product, and the messages that carry them."""
    product = product_file.product
    word = c_text.file_word(product_file.stem, product.name_en, product.name)
    points = product.points
    writable = [point for point in points if point.writable]
    fields = {
        "mark": mark(product_file, "ts"),
        "title": _comment(product.name, product.name_en),
        "name": py_text.class_name(word),
        "key": json.dumps(product.product_key),
        "point_names": "\n".join(f"  {json.dumps(point.name)}," for point in points),
        "attrs": "\n".join(_member(point, _told(point)) for point in points),
        "writable": "\n".join(_member(point, _set(point)) for point in writable) or "  // nothing",
        "latest": "\n".join(_member(point, _latest(point)) for point in points),
    }
    template = Template(asset("protocol/templates/product.ts.in").read_text("utf-8"))
    return {
        f"{word}.ts": template.substitute(fields),
        API: asset(f"protocol/templates/{API}").read_text("utf-8"),
    }


def _comment(*texts: str | None) -> str:
    return c_text.comment(*texts).replace("@", "(at)").replace("{", "(").replace("}", ")")


def _member(point: Point, types: list[str]) -> str:
    title = _comment(point.display_name, point.display_name_en) or point.name
    line = f"  {point.name}: {' | '.join(types)};"
    if py_text.width(line) > py_text.LINE:
        line = f"  {point.name}:" + "".join(f"\n    | {one}" for one in types) + ";"
    return f"  /** {title} ({_KIND_WORDS[point.kind]}){_range(point)} */\n{line}"


def _range(point: Point) -> str:
    """What a number may be: TypeScript cannot say it."""
    if point.data_type == "binary":
        return f": {point.len} bytes."
    if not point.is_number:
        return "."
    unit = f" {_comment(point.unit)}" if point.unit else ""
    shown = f": {point.display_minimum} to {point.display_maximum}{unit}"
    if (point.ratio, point.addition) == (1, 0):
        return f"{shown}."
    return f"{shown}; raw {point.minimum} to {point.maximum}, times {point.ratio}, plus {point.addition}."


def _texts(point: Point) -> list[str]:
    return list(dict.fromkeys(_literal(text) for text in point.values))


def _literal(text: str) -> str:
    """A string literal; the two line ends of Unicode are escaped, for older compilers end the line there."""
    return json.dumps(text, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _told(point: Point) -> list[str]:
    """As the WebSocket tells it."""
    return _texts(point) or _TOLD.get(point.data_type, ["number"])


def _set(point: Point) -> list[str]:
    """As WebSocket and HTTP take it: an enum by its index, too."""
    if point.data_type == "enum":
        return [*_texts(point), *(str(index) for index in range(len(point.values)))]
    return _SET.get(point.data_type, ["number"])


def _latest(point: Point) -> list[str]:
    """As HTTP tells it."""
    return _texts(point) or _LATEST.get(point.data_type, ["number"])


_TOLD = {"bool": ["boolean"], "binary": ["number[]"]}
_SET = {"bool": ["boolean", "0", "1"], "binary": ["number[]", "string"]}
_LATEST = {"bool": ["0", "1"], "binary": ["string"]}
"""Data type -> TypeScript types; what is not here is a number."""
