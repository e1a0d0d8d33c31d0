"""Product -> what its simulated board (protocol/csdk/examples/board) is compiled with: C files, behaviour."""

from collections.abc import Iterator
from decimal import Decimal

from wxlink.codegen import c_text
from wxlink.codegen.product_c import Named, generate, names
from wxlink.product import ProductFile
from wxlink.product.behaviour import Behaviour
from wxproto.product import Point

PREFIX = "board"
"""Every generated name of a board begins with it, so that one program serves all products."""

_NUMBERS = ("start_low", "start_high", "by_low", "by_high", "low", "high", "floor", "ceiling")
_REFERENCES = ("gate", "of", "after", "order", "amount", "balance")
_SIZES = {"bool": 1, "enum": 1, "uint8": 1, "uint16": 2, "uint32": 4}


def board_files(file: ProductFile) -> dict[str, str]:
    """The generated files of a board, name -> text; the same product always gives the same text."""
    named = names(file.product, PREFIX.upper())
    rows = zip(named, file.behaviours, strict=True)
    title = c_text.comment(file.product.name, file.product.name_en)
    text = f"/* Generated from {title}, do not edit. */\n" if title else "/* Generated, do not edit. */\n"
    text += '#include "board_hardware.h"\n\n#include <stddef.h>\n\n'
    text += "#define AT(name) (uint16_t)offsetof(board_values, name)\n\n"
    text += "const board_row board_rows[BOARD_POINTS] = {\n"
    text += "".join(f"    {{{', '.join(_fields(one, row))}}},\n" for one, row in rows) + "};\n"
    return {**generate(file.product, PREFIX), "board_rows.c": text}


def _fields(one: Named, row: Behaviour) -> Iterator[str]:
    """The initializers of a row; what is 0 is left out."""
    point = one.point
    yield f".kind = BOARD_{row.kind.upper()}"
    yield f".offset = AT({one.member})"
    yield f".size = {_SIZES.get(point.data_type, point.len)}"
    yield f".every = {row.every}"
    for name in ("keep", "again", "less"):
        if getattr(row, name):
            yield f".{name} = true"
    for name in _REFERENCES:
        number = getattr(row, name)
        if number is not None:
            yield f".{name} = POINT({number})"
    if isinstance(row.start, bytes):
        yield ".binary = true"
        if any(row.start):
            yield f".start = {_bytes(row.start)}"
        return
    numbers = dict(
        zip(_NUMBERS, (*row.start, *row.by, row.low, row.high, row.floor, row.ceiling), strict=True)
    )
    yield from (f".{name} = {number}u" for name, number in numbers.items() if number)
    if row.rest is not None:
        yield ".rests = true"
        yield f".rest = {row.rest}u"
    wide = {"num": row.num, "den": row.den, "add": row.add, "bound": row.bound, **_shown(point)}
    yield from (f".{name} = INT64_C({number})" for name, number in wide.items() if number)
    yield from (f".decimals = {count}" for count in (_decimals(point),) if count)


def _bytes(data: bytes) -> str:
    return '"' + "".join(f"\\{byte:03o}" for byte in data) + '"'


def _shown(point: Point) -> dict[str, int]:
    if not point.is_number:
        return {"ratio": 1, "addition": 0}
    unit = 10 ** _decimals(point)
    ratio, addition = Decimal(repr(point.ratio)), Decimal(repr(point.addition))
    return {"ratio": int(ratio * unit), "addition": int(addition * unit)}


def _decimals(point: Point) -> int:
    if not point.is_number:
        return 0
    numbers = (Decimal(repr(point.ratio)), Decimal(repr(point.addition)))
    return max(max(0, -int(number.normalize().as_tuple().exponent)) for number in numbers)
