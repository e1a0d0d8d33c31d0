"""Simulation hints -> whole numbers on raw values: the table that both boards, C and Python, work from."""

import math
from dataclasses import dataclass
from decimal import Decimal, localcontext

from wxlink.product.definition import DIGITS, raw_limits
from wxlink.product.simulation import Simulate
from wxlink.product.spec import Number, PointSpec, Spec
from wxproto.product import UINTS, Product, ProductError

INT64 = 2**63


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the hardware does with one data point; numbers are raw, points are ids, None where there is none.

    start: least and most to draw between, or the bytes of a binary. low, high: the value stays between them.
    floor, ceiling: the limits of the type, where a count or drain begins anew. A follow goes to
    (2 * (raw of `of` * num + add) + den) // (2 * den). less, bound: an alarm is on, and a trip happens, while
    the value of `of` is less (else more) than the bound.
    """

    kind: str
    start: tuple[int, int] | bytes
    keep: bool = False
    by: tuple[int, int] = (0, 0)
    low: int = 0
    high: int = 0
    floor: int = 0
    ceiling: int = 0
    again: bool = False
    every: int = 1
    gate: int | None = None
    of: int | None = None
    after: int | None = None
    order: int | None = None
    amount: int | None = None
    balance: int | None = None
    rest: int | None = None
    num: int = 0
    den: int = 1
    add: int = 0
    less: bool = False
    bound: int = 0


def behaviours_of(spec: Spec, product: Product) -> list[Behaviour]:
    """One for each data point, by their ids. ProductError names a hint that cannot be computed."""
    points = {point.name: point for point in spec.points}
    with localcontext(prec=DIGITS):
        return [_Resolver(points, product).behaviour(points[point.name]) for point in product.points]


class _Resolver:
    def __init__(self, points: dict[str, PointSpec], product: Product) -> None:
        self._points = points
        self._product = product

    def behaviour(self, point: PointSpec) -> Behaviour:
        hint = point.simulate or Simulate("hold")
        least, most = _ends(point)
        low, high = self._raws(point, hint.between) if hint.between else (least, most)
        if hint.until is not None and hint.kind == "count":
            high = self._raw(point, hint.until)
        elif hint.until is not None:
            low = self._raw(point, hint.until)
        num, den, add = self._target(point, hint) if hint.kind == "follow" else (0, 1, 0)
        less, bound = self._bound(hint)
        return Behaviour(
            hint.kind,
            self._start(point, hint),
            keep=hint.keep,
            by=self._by(point, hint),
            low=low,
            high=high,
            floor=least,
            ceiling=most,
            again=hint.again,
            every=hint.every,
            gate=self._id(hint.while_),
            of=self._id(hint.of),
            after=self._id(hint.after),
            order=self._id(hint.order),
            amount=self._id(hint.amount),
            balance=self._id(hint.balance),
            rest=None if hint.rest is None else self._raw(point, hint.rest),
            num=num,
            den=den,
            add=add,
            less=less,
            bound=bound,
        )

    def _id(self, name: str | None) -> int | None:
        return None if name is None else self._product.point(name).id

    def _start(self, point: PointSpec, hint: Simulate) -> tuple[int, int] | bytes:
        start = hint.start
        if point.data_type == "binary":
            text = start.encode() if isinstance(start, str) else b""
            return text.ljust(point.size or 0, b"\0")
        if isinstance(start, str):
            index = [value.zh for value in point.values].index(start)
            return index, index
        if point.data_type not in UINTS:
            return int(start is True), int(start is True)
        if isinstance(start, tuple):
            return self._raws(point, start)
        least, most, ratio, addition = raw_limits(point)
        nearest_zero = min(max(round(-Decimal(addition) / Decimal(ratio)), least), most)
        raw = nearest_zero if start is None else self._raw(point, start)
        return raw, raw

    def _by(self, point: PointSpec, hint: Simulate) -> tuple[int, int]:
        if hint.by is None:
            return 0, 0
        least, most = hint.by if isinstance(hint.by, tuple) else (hint.by, hint.by)
        step = point.step if point.data_type in UINTS else 1
        return self._whole(point, least, step), self._whole(point, most, step)

    def _raws(self, point: PointSpec, pair: tuple[Number, Number]) -> tuple[int, int]:
        first, last = sorted(self._raw(point, one) for one in pair)
        return first, last

    def _raw(self, point: PointSpec, display: Number) -> int:
        if point.data_type not in UINTS:
            return self._whole(point, display, 1)
        _, _, ratio, addition = raw_limits(point)
        return self._whole(point, Decimal(display) - Decimal(addition), ratio)

    def _whole(self, point: PointSpec, number: Number, step: Number) -> int:
        raw = Decimal(number) / Decimal(step)
        if raw != raw.to_integral_value():
            text = f"simulate: {number} is no whole number of steps: use multiples of {step}"
            raise ProductError(f"data point {point.name}: {text}")
        return int(raw)

    def _target(self, point: PointSpec, hint: Simulate) -> tuple[int, int, int]:
        """num, den and add of a follow, in the smallest whole numbers."""
        _, _, ratio, addition = raw_limits(point)
        other_ratio, other_addition = Decimal(0), Decimal(0)
        if hint.of is not None:
            _, _, *other = raw_limits(self._points[hint.of])
            other_ratio, other_addition = map(Decimal, other)
        parts = (
            other_ratio * hint.times,
            Decimal(ratio),
            other_addition * hint.times + hint.plus - addition,
        )
        unit = 10 ** max(-int(part.normalize().as_tuple().exponent) for part in (*parts, Decimal(1)))
        whole = [int(part * unit) for part in parts]
        divisor = math.gcd(*whole)
        num, den, add = (part // divisor for part in whole)
        if 2 * (2**32 * abs(num) + abs(add)) + den >= INT64:
            text = "simulate: times and plus have too many digits: use fewer"
            raise ProductError(f"data point {point.name}: {text}")
        return num, den, add

    def _bound(self, hint: Simulate) -> tuple[bool, int]:
        wanted = hint.below if hint.below is not None else hint.above
        if wanted is None or hint.of is None:
            return False, 0
        _, _, ratio, addition = raw_limits(self._points[hint.of])
        raw = (Decimal(wanted) - Decimal(addition)) / Decimal(ratio)
        less = (hint.below is not None) == (ratio > 0)
        return less, math.ceil(raw) if less else math.floor(raw)


def _ends(point: PointSpec) -> tuple[int, int]:
    if point.data_type in UINTS:
        return raw_limits(point)[:2]
    return 0, {"bool": 1, "enum": len(point.values) - 1}.get(point.data_type, 0)
