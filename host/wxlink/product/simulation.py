"""What the simulated hardware of a product does with a data point: one hint a point, from a table of kinds.

Both boards, wxlink.bench in Python and protocol/csdk/examples/board in C, know these kinds and do the same
with the same seed. All numbers are display numbers; a board works with raw ones.
"""

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import NamedTuple, TypeAlias

Amount: TypeAlias = int | Decimal


class Kind(NamedTuple):
    """A kind of behaviour: the fields it needs and those it may have, and what it does."""

    needs: tuple[str, ...]
    allows: tuple[str, ...]
    types: tuple[str, ...]
    summary: str


_NUMBERS = ("uint8", "uint16", "uint32")
_COUNTED = ("enum", *_NUMBERS)
_ALL = ("bool", "enum", *_NUMBERS, "binary")
_TIMED = ("every", "while_")

KINDS = {
    "hold": Kind((), (), _ALL, "stays as it is until somebody sets it"),
    "drift": Kind(("by",), ("between", *_TIMED), _NUMBERS, "goes up or down by up to `by`, inside `between`"),
    "count": Kind(("by",), ("until", "again", "rest", *_TIMED), _COUNTED, "rises by `by` up to `until`"),
    "drain": Kind(("by",), ("until", "again", *_TIMED), _COUNTED, "falls by `by` down to `until`"),
    "follow": Kind(
        ("by",),
        ("of", "times", "plus", "rest", *_TIMED),
        _NUMBERS,
        "moves by up to `by` towards point `of` * `times` + `plus`",
    ),
    "answer": Kind(("of",), (), _ALL, "takes the value of point `of` whenever that one is set"),
    "sample": Kind(
        ("after", "between"), (), _NUMBERS, "a new value inside `between` when bool `after` went off"
    ),
    "tally": Kind(("after", "by"), (), _NUMBERS, "rises by `by` when bool `after` went off"),
    "pulse": Kind((), ("every",), ("bool",), "goes off by itself after `every` ticks"),
    "alarm": Kind(("of",), ("below", "above"), ("bool",), "on while number `of` is `below` or `above`"),
    "trip": Kind(("of",), ("below", "above"), ("bool",), "goes off when number `of` is `below` or `above`"),
    "ledger": Kind(
        ("order", "amount", "balance"),
        (),
        ("uint32",),
        "number of the last credited payment; a higher `order` adds `amount` to `balance`, once",
    ),
}
"""Every kind by its word in a product file."""

COMMON = ("start", "keep")
"""What every kind may have: the value at power-on, and whether it outlives a restart of the board."""

MAX_EVERY = 65535
"""Ticks between two steps; a tick is five seconds unless the board is told otherwise."""
MAX_BY = 32767
"""Raw steps in one move, and half the width of a draw: the boards draw 16 random bits."""


@dataclass(frozen=True, slots=True)
class Simulate:
    """A hint: `kind` is one of KINDS, which says what else is given.

    start: value at power-on, or two numbers to draw between; keep: it outlives a restart. by: display
    amount of a move, or (least, most). between: limits of the values. every: ticks between two moves.
    while_: name of a bool point that must be on. of, after, order, amount, balance: names of other points.
    times, plus: follow goes to of * times + plus. rest: where follow goes, and what a count is, while
    `while_` is off. until, again: where counting ends, and whether it begins anew at the other end. below,
    above: bounds of alarm and trip.
    """

    kind: str
    start: Amount | bool | str | tuple[Amount, Amount] | None = None
    keep: bool = False
    by: Amount | tuple[Amount, Amount] | None = None
    between: tuple[Amount, Amount] | None = None
    every: int = 1
    while_: str | None = None
    of: str | None = None
    after: str | None = None
    times: Amount = 1
    plus: Amount = 0
    rest: Amount | None = None
    until: Amount | None = None
    again: bool = False
    below: Amount | None = None
    above: Amount | None = None
    order: str | None = None
    amount: str | None = None
    balance: str | None = None


FIELDS = tuple(field.name for field in fields(Simulate))
"""Fields of a hint; in files `while_` is written `while`."""

REFERENCES = ("while_", "of", "after", "order", "amount", "balance")
"""Fields that name another point."""


def given(hint: Simulate) -> dict[str, object]:
    """What a hint says beyond the defaults, by its key in files."""
    default = Simulate(hint.kind)
    said: dict[str, object] = {"kind": hint.kind}
    for name in FIELDS[1:]:
        value = getattr(hint, name)
        if value != getattr(default, name) or type(value) is not type(getattr(default, name)):
            said[name.rstrip("_")] = value
    return said
