"""Bytes and bits of P0 as rows of cells, for whoever draws them."""

from collections.abc import Sequence
from dataclasses import dataclass

from wxproto.product import KINDS, WRITABLE, Point, Product

BITS = 8
MAX_DRAWN = 4
"""Bytes of a data point that get a row each; a longer one is a single row."""


@dataclass(frozen=True)
class Cell:
    """`span` bits of a row that belong to one data point, or to none; `part` names those of an enum."""

    point: Point | None
    span: int
    part: str = ""
    rows: int = 1


@dataclass(frozen=True)
class Row:
    """A byte from bit 7 to bit 0, or the bytes `label` of a long point; no cells: the one above goes on."""

    label: str
    cells: tuple[Cell, ...]


def flag_rows(points: Sequence[Point]) -> list[Row]:
    """Flags, one bit a data point: bit k for the k-th (README 4.3)."""
    return _group([(point, 0) for point in points], 0, named=False)


def status_rows(product: Product) -> list[Row]:
    """dev_status of a fixed product; of a variable one what follows the flags when all points are there."""
    if product.variable:
        return _area(product.points, 0)
    rows: list[Row] = []
    at = 0
    for kind in KINDS:
        points = [point for point in product.points if point.kind == kind]
        rows += _area(points, at)
        at += _size(points)
    return rows


def control_rows(product: Product) -> list[Row]:
    """attr_vals of a control: the writable data points."""
    return _area(writable(product), 0)


def writable(product: Product) -> list[Point]:
    """What a control may set, in id order."""
    return [point for point in product.points if point.kind == WRITABLE]


def _size(points: Sequence[Point]) -> int:
    bits = sum(point.len for point in points if point.is_bits)
    return (bits + 7) // BITS + sum(point.len for point in points if not point.is_bits)


def _area(points: Sequence[Point], at: int) -> list[Row]:
    rows = _group([(point, bit) for point in points if point.is_bits for bit in range(point.len)], at)
    at += len(rows)
    for point in points:
        if not point.is_bits:
            rows += _bytes(point, at)
            at += point.len
    return rows


def _group(bits: Sequence[tuple[Point, int]], at: int, named: bool = True) -> list[Row]:
    """Rows of a bit group whose bit i is `bits[i]`, (data point, its own bit): one big-endian number."""
    size = (len(bits) + 7) // BITS
    rows = []
    for byte in range(size):
        start = (size - 1 - byte) * BITS
        row: list[Cell] = []
        here = [bits[i] if i < len(bits) else None for i in range(start + BITS - 1, start - 1, -1)]
        while here:
            first = here[0]
            point = first[0] if first else None
            run = [bit for bit in here if (bit[0] if bit else None) is point]
            del here[: len(run)]
            part = ""
            if named and first and first[0].len > 1:
                last = run[-1]
                part = _part(first[1], last[1] if last else 0)
            row.append(Cell(point, len(run), part))
        rows.append(Row(str(at + byte), tuple(row)))
    return rows


def _part(high: int, low: int) -> str:
    return f"[{high}]" if high == low else f"[{high}:{low}]"


def _bytes(point: Point, at: int) -> list[Row]:
    if point.len > MAX_DRAWN:
        return [Row(f"{at}–{at + point.len - 1}", (Cell(point, BITS),))]
    first = Row(str(at), (Cell(point, BITS, rows=point.len),))
    return [first, *(Row(str(at + i), ()) for i in range(1, point.len))]
