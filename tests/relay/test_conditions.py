"""Conditions of rules: what is compared with what, and what is refused."""

from typing import Any

import pytest
from automation_ground import detector
from hypothesis import given
from hypothesis import strategies as st

from wxlink.relay import conditions

PRODUCTS = {"device1": detector().points, "device2": detector().points}
VALUES = {
    "device1": {"Siren": True, "Smoke": 40, "Mode": "夜间", "Code": "ff00", "Volume": 3},
    "device2": {"Smoke": 30, "Siren": False},
}


def holds(left: Any, opt: str, right: Any) -> bool:
    given = [[{"left": left, "opt": opt, "right": right}]]
    return conditions.read(given, PRODUCTS).holds(VALUES)


@pytest.mark.parametrize(
    ("left", "opt", "right", "expected"),
    [
        ("device1.Siren", "==", "1", True),
        ("device1.Siren", "==", 1, True),
        ("device1.Siren", "!=", True, False),
        ("device1.Smoke", ">", "25", True),
        ("device1.Smoke", "<=", 39.5, False),
        ("25", "<", "device1.Smoke", True),
        ("device1.Mode", "!=", "'夜间'", False),
        ("device1.Mode", "==", '"夜间"', True),
        ("device1.Mode", "==", "夜间", True),
        ("device1.Mode", "==", "2", True),
        ("device1.Code", "==", "0xFF00", True),
        ("device1.Code", "==", "0xFF", True),
        ("device1.Code", "!=", "0x00FF", True),
        ("device1.Smoke", ">", "device2.Smoke", True),
        ("device1.Siren", "==", "device2.Siren", False),
        ("device2.Volume", "!=", "3", False),  # it never told one
    ],
)
def test_comparisons(left: Any, opt: str, right: Any, expected: bool) -> None:
    assert holds(left, opt, right) is expected


@pytest.mark.parametrize(
    ("left", "opt", "right", "named"),
    [
        ("device3.Smoke", "==", "1", "no prefix device3"),
        ("device1.Smell", "==", "1", "no data point Smell"),
        ("device1.Smoke", "=", "1", "opt is one of"),
        ("device1.Siren", ">", "0", "no number"),
        ("device1.Mode", "==", "'party'", r"Mode \(enum\)"),
        ("device1.Code", "==", "0xFF0011", r"Code \(binary\)"),
        ("device1.Smoke", "==", "device1.Mode", "different kinds"),
        ("device1.Siren", "==", "2", r"Siren \(bool\)"),
        ("1", "==", "1", "compares no data point"),
        (None, "==", {}, "compares no data point"),
    ],
)
def test_what_cannot_be_compared_is_refused(left: Any, opt: str, right: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        holds(left, opt, right)


@pytest.mark.parametrize("groups", [[[]], [1], ["ab"], [[1]], [[{"left": "device1.Smoke"}]], [[]] * 21])
def test_what_is_no_condition_is_refused(groups: Any) -> None:
    with pytest.raises(ValueError, match=r"condition|comparison"):
        conditions.read(groups, PRODUCTS)


@given(st.lists(st.lists(st.integers(0, 100), min_size=1, max_size=4), max_size=4), st.integers(0, 100))
def test_groups_are_or_of_and(bounds: list[list[int]], smoke: int) -> None:
    groups = [[{"left": "device1.Smoke", "opt": ">", "right": bound} for bound in group] for group in bounds]
    condition = conditions.read(groups, PRODUCTS)
    expected = not bounds or any(smoke > max(group) for group in bounds)
    assert condition.holds({"device1": {"Smoke": smoke}}) is expected


@given(st.text() | st.integers() | st.booleans() | st.none() | st.lists(st.integers()))
def test_nothing_but_valueerror_comes_of_odd_operands(odd: Any) -> None:
    for sides in (("device1.Smoke", odd), (odd, "device1.Mode"), (odd, odd)):
        try:
            holds(sides[0], "==", sides[1])
        except ValueError:
            continue
