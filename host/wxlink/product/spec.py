"""What a product file says of a product, point by point, as its maker thinks of it: in display units.

Every part is frozen and compares by value. `wxlink.product.definition` turns it into the JSON that counts
on the wire.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

from wxlink.product.simulation import Simulate
from wxproto.product import ALERT, FAULT, READONLY, WRITABLE

Number: TypeAlias = int | Decimal
"""An exact number as people write it; 0.1 is a tenth. An int whenever it is whole."""

CLASSES = {"writable": WRITABLE, "read-only": READONLY, "alert": ALERT, "fault": FAULT}
"""Classes of data points in TOML -> `type` in JSON."""
CLASS_WORDS = {kind: word for word, kind in CLASSES.items()}

LENGTHS = ("fixed", "variable")
"""Forms of a product's P0 (README 4)."""

MARKS = ("personal", "dangerous", "ranked", "chart")
"""Marks of a point: data of a person, an action to confirm, a figure for rankings, worth a curve."""

WIDGETS = ("switch", "slider", "stepper", "buttons", "value", "gauge", "text", "hidden")
"""How a page may show a point; without a hint it goes by the type."""


@dataclass(frozen=True, slots=True)
class Title:
    """A text for people: Chinese, and English or None."""

    zh: str
    en: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Display numbers below or above which somebody should be told; None where there is no such limit."""

    low: Number | None = None
    high: Number | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """How pages show a point.

    widget: one of WIDGETS or None; group: points of one group stand together; main: shown first and large;
    step: of a slider or stepper, in display units, where the point's own step is too fine for a finger.
    """

    widget: str | None = None
    group: Title | None = None
    main: bool = False
    step: Number | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What a JSON object says beyond what this package models, so that import and export lose nothing.

    extra: keys to add (objects inside objects are merged); omits: keys to leave out, inner ones with a dot.
    """

    extra: dict[str, Any] = field(default_factory=dict)
    omits: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.extra or self.omits)


@dataclass(frozen=True, slots=True)
class PointSpec:
    """One data point.

    kind: `type` in JSON (wxproto.product.KINDS); data_type: one of wxproto.product.DATA_TYPES. Numbers:
    `range` are the display numbers (lowest, highest), `step` the display distance of two raw numbers, below
    0 when the display falls as the raw number rises, `offset` the display number of raw 0. `values`: titles
    of an enum, whose Chinese is its text in JSON and APIs. `size`: bytes of a binary. `id`: place in the
    order of the wire, None where the rule of README 4.2 gives it.
    """

    name: str
    kind: str
    data_type: str
    title: Title | None = None
    description: Title | None = None
    unit: str | None = None
    range: tuple[Number, Number] | None = None
    step: Number = 1
    offset: Number | None = None
    values: tuple[Title, ...] = ()
    size: int | None = None
    id: int | None = None
    marks: frozenset[str] = frozenset()
    limits: Limits | None = None
    panel: Panel | None = None
    simulate: Simulate | None = None
    kept: Kept = Kept()

    @property
    def personal(self) -> bool:
        """Data of a person: shown to and kept for its owner only."""
        return "personal" in self.marks

    @property
    def dangerous(self) -> bool:
        """A change by remote control can do harm: pages ask first."""
        return "dangerous" in self.marks

    @property
    def ranked(self) -> bool:
        """Compared among friends."""
        return "ranked" in self.marks

    @property
    def chart(self) -> bool:
        """Its history is worth a curve."""
        return "chart" in self.marks


@dataclass(frozen=True, slots=True)
class Spec:
    """A whole product: 32 hex digits of key, title, form, points in the order of the file.

    listed: the JSON lists the points in the order of this file instead of by id. kept_top and kept_entity:
    what the JSON says beyond that of the product and of its one entity.
    """

    key: str
    title: Title
    variable: bool
    points: tuple[PointSpec, ...]
    listed: bool = False
    kept_top: Kept = Kept()
    kept_entity: Kept = Kept()


def exact(number: float | Decimal) -> Number:
    """A number as written in its shortest form; an int when whole."""
    decimal = number if isinstance(number, Decimal) else Decimal(repr(number))
    return int(decimal) if decimal == decimal.to_integral_value() else decimal


def plain(number: Number) -> int | float:
    """A number for JSON."""
    return number if isinstance(number, int) else float(number)
