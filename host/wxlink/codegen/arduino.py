"""Target arduino: a library folder for the Arduino IDE and arduino-cli, whole in itself."""

from collections.abc import Sequence
from importlib.metadata import version
from string import Template

from wxlink.assets import asset
from wxlink.codegen import c_text, sdk
from wxlink.codegen.product_c import Named, names
from wxlink.codegen.targets import mark
from wxlink.product import ProductFile
from wxproto.product import WRITABLE

EXAMPLE = "Minimal"
"""Name of the example sketch, and of its folder."""

FEATURES = ("SETUP", "TIME")
"""What the class offers beyond data points: a sketch has no compiler options to choose it by."""

TEMPLATES = (
    ("library.properties", "library.properties.in"),
    ("keywords.txt", "keywords.txt.in"),
    ("src/{}.h", "wrapper.h.in"),
    ("src/{}.cpp", "wrapper.cpp.in"),
    (f"examples/{EXAMPLE}/{EXAMPLE}.ino", "example.ino.in"),
)
"""(file for a library name, template in protocol/templates/arduino) of what is written for a product."""


def files(product_file: ProductFile) -> dict[str, str]:
    """The library folder: metadata, class, example, and in src/wxlink the SDK with the product's tables.

    The form is that of Arduino's library specification, revision 2.2: sources in src/, compiled recursively.
    """
    product = product_file.product
    word = c_text.file_word(product_file.stem, product.name_en, product.name)
    library = library_name(word)
    points = names(product, word.upper())
    writable = [one for one in points if one.point.kind == WRITABLE]
    told = [one for one in points if one.point.kind != WRITABLE]
    fields = {
        "library": library,
        "version": version("wxlink"),
        "title": c_text.comment(product.name_en or product.name) or "a product",
        "mark": mark(product_file, "arduino"),
        "prefix": word,
        "upper": word.upper(),
        "constants": "\n".join(f"{_id(one, word)}\tLITERAL1" for one in points),
        "writable": _listed(writable),
        "told": _listed(told),
        "control": _control(writable, word),
    }
    out = {f"{library}/{name.format(library)}": _filled(template, fields) for name, template in TEMPLATES}
    sources = sdk.files(product_file, "arduino", features=FEATURES)
    return out | {f"{library}/src/wxlink/{name}": text for name, text in sources.items()}


def library_name(word: str) -> str:
    """Name of the library, of its folder and of its class: WxlinkGokit for gokit."""
    return "Wxlink" + "".join(part.capitalize() for part in word.split("_"))


def _filled(template: str, fields: dict[str, str]) -> str:
    return Template(asset(f"protocol/templates/arduino/{template}").read_text("utf-8")).substitute(fields)


def _id(one: Named, word: str) -> str:
    return f"{word.upper()}_POINT_{one.word}"


def _listed(points: Sequence[Named]) -> str:
    return "\n".join(f" *     {one.member}: {one.remark}" for one in points) or " *     none"


def _control(writable: Sequence[Named], word: str) -> str:
    """What the example does when a user set something: the lamp shows the first bool, else any change."""
    for one in writable:
        if one.point.data_type == "bool":
            return (
                f"  if (point == {_id(one, word)}) {{\n"
                f"    digitalWrite(LAMP, product.values.{one.member} ? HIGH : LOW);\n  }}"
            )
    return "  (void)point;\n  digitalWrite(LAMP, digitalRead(LAMP) == LOW ? HIGH : LOW);"
