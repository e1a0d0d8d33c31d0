"""When a report is due (README 3.4), on a clock that the test sets."""

import random
from itertools import pairwise
from typing import Any

import pytest

from wxproto.p0 import Codec
from wxproto.product import READONLY, WRITABLE, Product
from wxproto.reports import FULL_MS, RETRY_MS, SLOW_MS, Reports

START = 1000


def codec(form: str) -> Codec:
    kinds = (("switch", "status_writable", "bool"), ("level", "status_writable", "uint8"))
    kinds += (("hot", "status_readonly", "bool"), ("heat", "status_readonly", "uint16"))
    attrs = [{"id": i, "name": n, "type": k, "data_type": t} for i, (n, k, t) in enumerate(kinds)]
    return Codec(
        Product.from_dict(
            {"name": "x", "product_key": "0" * 32, "protocolType": form, "entities": [{"attrs": attrs}]}
        )
    )


class Told:
    """Values that change, and what was reported of them."""

    def __init__(self, form: str = "var_len") -> None:
        self.codec = codec(form)
        self.values: dict[str, Any] = {"switch": False, "level": 0, "hot": False, "heat": 20}
        self.reports = Reports(self.codec, START)

    def at(self, now: int) -> dict[str, Any] | None:
        p0 = self.reports.take(self.values, now)
        return None if p0 is None else dict(self.codec.decode_report(p0))


@pytest.fixture
def told() -> Told:
    """Variable length, everything reported at START."""
    product = Told()
    assert product.at(START) == product.values
    assert product.at(START) is None
    return product


@pytest.mark.parametrize(("name", "value"), [("switch", True), ("level", 7), ("hot", True)])
def test_what_is_writable_or_a_bit_goes_at_once(told: Told, name: str, value: Any) -> None:
    told.values[name] = value
    assert told.at(START + 1) == {name: value}
    assert told.at(START + 2) is None


def test_a_read_only_number_waits_for_its_time_and_then_has_its_newest_value(told: Told) -> None:
    told.values["heat"] = 21
    assert told.at(START + SLOW_MS - 1) is None
    assert told.reports.next_deadline() == START + SLOW_MS
    told.values["heat"] = 22
    assert told.at(START + SLOW_MS) == {"heat": 22}
    assert told.reports.next_deadline() == START + FULL_MS


def test_a_number_that_came_back_to_its_old_value_is_not_reported(told: Told) -> None:
    told.values["heat"] = 21
    assert told.at(START + 1) is None
    told.values["heat"] = 20
    assert told.at(START + SLOW_MS) is None


def test_a_fast_report_of_fixed_length_carries_the_slow_ones_too() -> None:
    told = Told("standard")
    told.at(START)
    told.values |= {"heat": 21, "switch": True}
    assert told.at(START + 1) == told.values
    told.values["heat"] = 22
    assert told.at(START + SLOW_MS) is None
    assert told.at(START + 1 + SLOW_MS) == told.values


def test_what_a_control_names_is_reported_though_it_stayed(told: Told) -> None:
    told.reports.want(["level"])
    assert told.at(START + 1) == {"level": 0}


def test_everything_goes_after_ten_minutes(told: Told) -> None:
    assert told.reports.next_deadline() == START + FULL_MS
    assert told.at(START + FULL_MS - 1) is None
    assert told.at(START + FULL_MS) == told.values
    assert told.reports.next_deadline() == START + 2 * FULL_MS


def test_after_a_failure_there_is_a_pause_and_then_everything(told: Told) -> None:
    told.reports.given_up(START)
    told.values["switch"] = True
    assert told.at(START + RETRY_MS - 1) is None
    assert told.reports.next_deadline() == START + RETRY_MS
    assert told.at(START + RETRY_MS) == told.values


def test_a_command_of_the_module_ends_the_pause(told: Told) -> None:
    told.reports.given_up(START)
    told.reports.heard()
    assert told.at(START + 1) == told.values


@pytest.mark.parametrize("form", ["standard", "var_len"])
def test_in_the_end_all_is_told_and_slow_ones_are_never_told_too_often(
    form: str, seeded: random.Random
) -> None:
    """Random changes, polled only when a value changed or at next_deadline()."""
    told = Told(form)
    kind = {point.name: point for point in told.codec.product.points}
    known: dict[str, Any] = {}
    slow: list[int] = []
    now = START
    while now < START + FULL_MS // 2:
        now = min(now + seeded.randrange(1, 4000), max(now, told.reports.next_deadline()))
        if seeded.random() < 0.5:
            name = seeded.choice(list(told.values))
            told.values[name] = seeded.randrange(9) if kind[name].is_number else seeded.random() < 0.5
        sent = told.at(now)
        if sent:
            known |= sent
            changed_slow = "heat" in sent
            if changed_slow and form == "var_len":
                slow.append(now)
        assert all(known[name] == told.values[name] for name in known if name != "heat")
    assert kind["heat"].kind == READONLY
    assert kind["level"].kind == WRITABLE
    assert all(later - earlier >= SLOW_MS for earlier, later in pairwise(slow))
    told.at(now + SLOW_MS)
    assert told.at(now + 2 * SLOW_MS) is None
