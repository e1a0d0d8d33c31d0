"""Conditions of rules: groups of comparisons, true when all comparisons of any one group are. No I/O.

An operand is a data point (`prefix.name`, the prefix names one of the rule's devices) or a constant: a JSON
number or true/false, or a text that holds a number (`"25"`), a quoted text (`"'黄色'"`) or bytes
(`"0xFF00"`).
A bool is compared as 0 or 1, an enum by its text (or, with a number, by its index), binary by its bytes.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from wxproto.product import Point, Product

GROUPS_MAX: Final = 20  # groups of one condition, and comparisons of one group
OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}

Values: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Prefix -> stored values (`values.to_store`) of that device."""

_EQUALITY: Final = ("==", "!=")
_REFERENCE: Final = re.compile(r"([A-Za-z_]\w{0,31})\.([A-Za-z_]\w*)", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")
_HEX: Final = re.compile(r"0[xX]((?:[0-9a-fA-F]{2}){1,512})")
_QUOTED: Final = re.compile(r"'(.{0,255})'|\"(.{0,255})\"", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reference:
    """A data point of one of the rule's devices."""

    prefix: str
    point: Point

    def of(self, values: Values) -> Any:
        """Its value, None when it is not known."""
        stored = values.get(self.prefix, {}).get(self.point.name)
        return int(stored) if isinstance(stored, bool) else stored


@dataclass(frozen=True, slots=True)
class Constant:
    """A value written in the rule, as data points of its kind are stored."""

    value: int | float | str

    def of(self, _values: Values) -> Any:
        """The value."""
        return self.value


Operand: TypeAlias = Reference | Constant


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison. A value that is not known makes it false, whatever the operator."""

    left: Operand
    sign: str
    right: Operand

    def holds(self, values: Values) -> bool:
        """Whether it is true of these values."""
        left, right = self.left.of(values), self.right.of(values)
        if left is None or right is None:
            return False
        try:
            return OPERATORS[self.sign](left, right)
        except TypeError:  # the product was changed, and this value was stored before
            return False


@dataclass(frozen=True, slots=True)
class Condition:
    """Groups of comparisons; without any it is always true."""

    groups: tuple[tuple[Comparison, ...], ...]

    def holds(self, values: Values) -> bool:
        """Whether all comparisons of one group are true of these values."""
        return not self.groups or any(all(one.holds(values) for one in group) for group in self.groups)


def read(groups: Sequence[Any], products: Mapping[str, Product]) -> Condition:
    """Read a condition; products: prefix -> the definition of that device's product.

    Raises ValueError naming what cannot be compared and why.
    """
    if len(groups) > GROUPS_MAX:
        raise ValueError(f"condition holds at most {GROUPS_MAX} groups")
    return Condition(tuple(_group(group, products) for group in groups))


def _group(group: Any, products: Mapping[str, Product]) -> tuple[Comparison, ...]:
    if not isinstance(group, Sequence) or isinstance(group, str) or not 0 < len(group) <= GROUPS_MAX:
        raise ValueError(f"a group of condition is a list of 1 to {GROUPS_MAX} comparisons")
    return tuple(_comparison(one, products) for one in group)


def _comparison(given: Any, products: Mapping[str, Product]) -> Comparison:
    if not isinstance(given, Mapping) or not {"left", "opt", "right"} <= given.keys():
        raise ValueError("a comparison has left, opt and right")
    sign = given["opt"]
    if sign not in OPERATORS:
        raise ValueError(f"opt is one of {' '.join(OPERATORS)}, not {sign!r:.40}")
    left, right = (_reference(given[side], products) for side in ("left", "right"))
    if left is None and right is None:
        raise ValueError(f"{given['left']!r:.40} {sign} {given['right']!r:.40} compares no data point")
    point = (left or right).point  # type: ignore[union-attr]  # one of them is a reference
    operands = (left or _constant(given["left"], point), right or _constant(given["right"], point))
    kinds = {_family(one.point) for one in (left, right) if one}
    if len(kinds) > 1:
        raise ValueError(f"{given['left']!r:.40} and {given['right']!r:.40} are of different kinds")
    if sign not in _EQUALITY and not kinds & {"number"}:
        raise ValueError(f"{point.name} is no number: it is compared with == or != only")
    return Comparison(operands[0], sign, operands[1])


def _reference(given: Any, products: Mapping[str, Product]) -> Reference | None:
    found = _REFERENCE.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        return None
    prefix, name = found.groups()
    if prefix not in products:
        raise ValueError(f"{given}: input has no prefix {prefix}")
    if name not in products[prefix]:
        raise ValueError(f"{given}: the product has no data point {name}")
    return Reference(prefix, products[prefix].point(name))


def _family(point: Point) -> str:
    return {"bool": "bool", "enum": "enum", "binary": "binary"}.get(point.data_type, "number")


def _constant(given: Any, point: Point) -> Constant:
    plain = _plain(given)
    family = _family(point)
    if family == "enum":
        if isinstance(plain, int) and 0 <= plain < len(point.values):
            return Constant(point.values[plain])
        if isinstance(plain, str) and plain in point.values:
            return Constant(plain)
    elif family == "binary":
        if isinstance(plain, bytes) and len(plain) <= point.len:
            return Constant(plain.ljust(point.len, b"\0").hex())
    elif isinstance(plain, (int, float)) and (family == "number" or plain in (0, 1)):
        return Constant(plain)
    raise ValueError(f"{point.name} ({family}) cannot be compared with {given!r:.40}")


def _plain(given: Any) -> int | float | str | bytes | None:
    """What a constant stands for; None when it stands for nothing."""
    if isinstance(given, (bool, int, float)):
        return int(given) if isinstance(given, bool) else given
    if not isinstance(given, str):
        return None
    if _NUMBER.fullmatch(given):
        return float(given) if "." in given else int(given)
    if found := _HEX.fullmatch(given):
        return bytes.fromhex(found[1])
    if found := _QUOTED.fullmatch(given):
        return found[1] if found[1] is not None else found[2]
    return given  # a text without its quotes, as the published examples of changing a rule have it
