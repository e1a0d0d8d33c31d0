"""Product -> C: the values struct, tables and limits that the MCU SDK (protocol/csdk) works with."""

from dataclasses import dataclass
from decimal import Decimal
from string import Template

from wxlink.assets import asset
from wxlink.codegen import c_text
from wxlink.product.layout import Layout, layout_of
from wxproto.product import ALERT, FAULT, KINDS, READONLY, WRITABLE, Point, Product

TEMPLATES = (
    ("{}_product.h", "product.h.in"),
    ("{}_product.c", "product.c.in"),
    ("{}_names.c", "names.c.in"),
    ("wxlink_product_config.h", "product_config.h.in"),
)
"""(file name for a prefix, template in protocol/templates) of every generated file."""

_KIND_WORDS = {WRITABLE: "writable", READONLY: "read-only", ALERT: "alert", FAULT: "fault"}
_C_TYPES = {
    "bool": "bool",
    "enum": "uint8_t",
    "uint8": "uint8_t",
    "uint16": "uint16_t",
    "uint32": "uint32_t",
    "binary": "uint8_t",
}
_PADDED = {"bool": 1, "enum": 1, "uint8": 1, "uint16": 4, "uint32": 8, "binary": 0}
_UINT8 = 2**8 - 1
_INT32 = 2**31 - 1
_INT64 = 2**63 - 1


@dataclass(frozen=True)
class Named:
    """A data point with its names in C: struct member, word in macros, names of its enum values."""

    point: Point
    member: str
    word: str
    values: tuple[str, ...]

    @property
    def remark(self) -> str:
        """Chinese and English name, for a comment."""
        return c_text.comment(self.point.display_name, self.point.display_name_en)


def generate(product: Product, prefix: str | None = None) -> dict[str, str]:
    """The generated files of a product, name -> text; the same product always gives the same text.

    prefix: word that begins every file, type and function name; taken from the product's name when None.
    """
    word = c_text.file_word(prefix, product.name_en, product.name)
    upper = word.upper()
    layout = layout_of(product)
    named = names(product, upper)
    flags = layout.flag_size if product.variable else 0
    image = image_of(product, layout)
    fields = {
        "mark": f"Generated from {_title(product)} by wxlink codegen, do not edit.",
        "product_key": product.product_key,
        "prefix": word,
        "upper": upper,
        "form": "Variable-length" if product.variable else "Fixed-length",
        "count": len(product.points),
        "variable": int(product.variable),
        "binary": int(any(point.data_type == "binary" for point in product.points)),
        "uint32": int(any(point.data_type == "uint32" for point in product.points)),
        "large": int(_is_large(product, layout)),
        "flag_size": layout.flag_size,
        "control_flag_size": layout.control_flag_size,
        "control_payload": 1 + layout.control_flag_size + layout.control_size,
        "control_word": "the longest" if product.variable else "every",
        "status_payload": 1 + flags + layout.status_size,
        "status_size": layout.status_size,
        "report_size": flags + layout.status_size,
        "point_ids": "\n".join(f"    {upper}_POINT_{one.word} = {one.point.id}," for one in named),
        "members": "\n".join(_member(one) for one in named),
        "enums": "".join(_enum(one) for one in named if one.values),
        "numbers": "".join(_number(one, upper) for one in named if one.point.is_number),
        "points": "\n".join(_row(one, image) for one in named),
        "names": "\n".join(f"    {c_text.string(one.point.name)}," for one in named),
        "text_tables": "".join(_texts(one) for one in named if one.values),
        "texts": "\n".join(f"    texts_{one.point.id}," if one.values else "    NULL," for one in named),
    }
    files = {}
    for name, template in TEMPLATES:
        text = asset(f"protocol/templates/{template}").read_text("utf-8")
        files[name.format(word)] = Template(text).substitute(fields)
    return files


def names(product: Product, upper: str) -> list[Named]:
    """Names that are valid and unique in C, whatever the product file calls its points."""
    members: set[str] = set()
    taken = {f"{upper}_{word}" for word in ("PRODUCT_H", "PRODUCT_KEY", "POINTS")}
    named = []
    for point in product.points:
        suffix = f"_{point.id}"
        member = c_text.unique(c_text.member_name(point.name), suffix, members, lambda stem: {stem})
        endings = [f"_VALUE{i}{_value_word(point, i)}" for i in range(len(point.values))]
        if point.is_number:
            endings += ["_RAW_MIN", "_RAW_MAX", "_SCALE", "_DISPLAY", "_RAW"]

        def spelled(stem: str, endings: list[str] = endings) -> set[str]:
            return {f"{upper}_POINT_{stem}"} | {f"{upper}_{stem}{ending}" for ending in endings}

        word = c_text.unique(c_text.macro_word(point.name) or f"POINT{point.id}", suffix, taken, spelled)
        values = tuple(f"{upper}_{word}{ending}" for ending in endings[: len(point.values)])
        named.append(Named(point, member, word, values))
    return named


def _value_word(point: Point, index: int) -> str:
    for texts in (point.values_en, point.values):
        word = c_text.macro_word(texts[index]) if texts else ""
        if word:
            return f"_{word}"
    return ""


def _member(one: Named) -> str:
    point = one.point
    declared = one.member + (f"[{point.len}]" if point.data_type == "binary" else "")
    return f"    {_C_TYPES[point.data_type]} {declared}; /* {one.remark} ({_KIND_WORDS[point.kind]}) */"


def _enum(one: Named) -> str:
    english = one.point.values_en or one.point.values
    rows = []
    for index, name in enumerate(one.values):
        remark = c_text.comment(one.point.values[index], english[index])
        rows.append(f"    {name} = {index}," + (f" /* {remark} */" if remark else ""))
    return f"\n/* {one.member}: {one.remark} */\nenum {{\n" + "\n".join(rows) + "\n};\n"


def _number(one: Named, upper: str) -> str:
    point = one.point
    stem = f"{upper}_{one.word}"
    head = f"\n/* {one.member}: {one.remark}"
    limits = f"#define {stem}_RAW_MIN {point.minimum}u\n#define {stem}_RAW_MAX {point.maximum}u\n"
    unit = f"; in {c_text.comment(point.unit)}" if point.unit else ""
    if (point.ratio, point.addition) == (1, 0):
        return f"{head}{unit} */\n{limits}"
    formula = f"; y = {point.ratio} * raw + {point.addition}{unit}"
    scaled = _scaled(point)
    if scaled is None:
        return f"{head}{formula}; no macros: y falls as raw rises, or needs more than 64 bits */\n{limits}"
    scale, ratio, addition, wide = scaled
    kind, function, literal = (
        ("int64_t", "wxlink_raw_wide", "INT64_C({})") if wide else ("int32_t", "wxlink_raw", "({})")
    )
    k, m = literal.format(ratio), literal.format(addition)
    return (
        f"{head}{formula} */\n{limits}"
        f"#define {stem}_SCALE {scale}\n"
        f"#define {stem}_DISPLAY(raw) (({kind})(raw) * {k} + {m})\n"
        f"#define {stem}_RAW(y) {function}((y), {k}, {m}, {stem}_RAW_MIN, {stem}_RAW_MAX)\n"
    )


def _scaled(point: Point) -> tuple[int, int, int, bool] | None:
    """(scale, ratio * scale, addition * scale, needs 64 bits) in whole numbers; None when no macro can."""
    ratio, addition = Decimal(repr(point.ratio)), Decimal(repr(point.addition))
    scale = 10 ** max(_decimals(ratio), _decimals(addition))
    factor, offset = int(ratio * scale), int(addition * scale)
    largest = max(abs(offset) + abs(factor) * (point.maximum or 0), scale)
    if factor <= 0 or largest > _INT64:
        return None
    return scale, factor, offset, largest > _INT32


def _decimals(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _title(product: Product) -> str:
    return c_text.comment(product.name, product.name_en) or "a product without a name"


def _is_large(product: Product, layout: Layout) -> bool:
    """Whether an id, or an offset in the image or in the values struct, may need more than 8 bits.

    A compiler may pad the values struct: _PADDED has more bytes than any takes; a binary has its own.
    """
    values = sum(_PADDED[point.data_type] or point.len for point in product.points)
    return max(len(product.points), layout.status_size + layout.flag_size, values) > _UINT8


def image_of(product: Product, layout: Layout) -> list[tuple[int, int]]:
    """For each data point its byte in an image of everything and the lowest bit it has there.

    The byte is that with the lowest bit; of a binary the first.
    """
    if product.variable:
        return _variable_image(product)
    image = []
    for point in product.points:
        place = layout.places[point.id]
        if point.is_bits:
            group = layout.groups[KINDS.index(point.kind)]
            image.append((group.start + group.size - 1 - place // 8, place % 8))
        else:
            image.append((place + _to_lowest(point), 0))
    return image


def _variable_image(product: Product) -> list[tuple[int, int]]:
    bits = sum(point.len for point in product.points if point.is_bits)
    size = (bits + 7) // 8
    bit, byte = 0, size
    image = []
    for point in product.points:
        if point.is_bits:
            image.append((size - 1 - bit // 8, bit % 8))
            bit += point.len
        else:
            image.append((byte + _to_lowest(point), 0))
            byte += point.len
    return image


def _to_lowest(point: Point) -> int:
    return 0 if point.data_type == "binary" else point.len - 1


def _row(one: Named, image: list[tuple[int, int]]) -> str:
    point = one.point
    largest = {"bool": 1, "enum": len(point.values) - 1, "binary": point.len}
    place, shift = image[point.id]
    traits = [str(shift)] if shift else []
    traits += ["WXLINK_WRITABLE"] if point.writable else []
    traits += ["WXLINK_BITS"] if point.is_bits else []
    traits += ["WXLINK_CHOICE"] if point.data_type == "enum" else []
    traits += ["WXLINK_SLOW"] if not point.writable and not point.is_bits else []
    cells = (
        f"AT({one.member})",
        str(place),
        " | ".join(traits) or "0",
        str({"binary": 0}.get(point.data_type, point.len if point.is_bits else 8 * point.len)),
        f"{point.minimum or 0}u",
        f"{largest.get(point.data_type, point.maximum)}u",
    )
    return f"    {{{', '.join(cells)}}},"


def _texts(one: Named) -> str:
    texts = ", ".join(c_text.string(text) for text in one.point.values)
    return f"\nstatic const char *const texts_{one.point.id}[] = {{{texts}}};\n"
