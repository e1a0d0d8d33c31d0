"""Time zones as an MCU may write them; the rest of the clock is seen through the module program."""

import pytest

from module.clock import parse_zone


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("8", 8),
        ("0", 0),
        (" +8 ", 8),
        ("UTC+8", 8),
        ("utc-3:30", -3.5),
        ("GMT+05:45", 5.75),
        ("5.5", 5.5),
        ("-9.5", -9.5),
        ("5.75", 5.75),
        ("14", 14),
        ("-12", -12),
    ],
)
def test_a_zone_is_a_number_of_hours(text: str, hours: float) -> None:
    assert parse_zone(text) == hours * 3600


@pytest.mark.parametrize(
    "text",
    [
        "",
        "UTC",
        "+",
        "inf",
        "-inf",
        "nan",
        "1e999",
        "1e1",
        "0x8",
        "1_0",
        "--8",
        "8:",
        "8:3",
        "8:60",
        "8.5:30",
        ".5",
        "5.123",
        "8:3a",
        ":30",
        "14:30",
        "15",
        "Asia/Shanghai",
        "٨",
    ],
)
def test_what_names_no_zone_is_told_apart(text: str) -> None:
    assert parse_zone(text) is None
