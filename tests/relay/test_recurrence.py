"""When timers are due, against dateutil's recurrence rules."""

# ruff: noqa: DTZ001  hypothesis and dateutil take their bounds without a zone

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from dateutil import rrule
from hypothesis import example, given
from hypothesis import strategies as st

from wxlink.relay import recurrence
from wxlink.relay.recurrence import WEEKDAYS, Recurrence

DAYS = st.dates(date(1999, 1, 1), date(2104, 12, 31))
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2104, 1, 1))
ON = {name: getattr(rrule, name[:2].upper()) for name in WEEKDAYS}


def unix(moment: datetime) -> float:
    return moment.replace(tzinfo=UTC).timestamp()


@given(
    at=TIMES,
    weekdays=st.sets(st.sampled_from(WEEKDAYS), min_size=1),
    days=st.sets(st.integers(1, 31), min_size=1),
    monthly=st.booleans(),
    start=st.none() | DAYS,
    length=st.none() | st.integers(0, 800),
    moment=MOMENTS,
)
@example(
    at=datetime(2000, 1, 1, 23, 59).time(),
    weekdays={"mon"},
    days={29},
    monthly=True,
    start=date(2099, 2, 1),
    length=None,
    moment=datetime(2100, 1, 30),
)
def test_repeating_timers_are_due_as_dateutil_says(
    *,
    at: Any,
    weekdays: set[str],
    days: set[int],
    monthly: bool,
    start: date | None,
    length: int | None,
    moment: datetime,
) -> None:
    end = (start or moment.date()) + timedelta(days=length) if length is not None else None
    fields = {"start": start.isoformat() if start else "", "end": end.isoformat() if end else ""}
    if monthly:
        ours = recurrence.read(at.strftime("%H:%M"), repeat="day", days=[str(day) for day in days], **fields)
        rule: dict[str, Any] = {"freq": rrule.MONTHLY, "bymonthday": sorted(days)}
    else:
        ours = recurrence.read(at.strftime("%H:%M"), repeat=",".join(sorted(weekdays)), **fields)
        rule = {"freq": rrule.WEEKLY, "byweekday": [ON[name] for name in weekdays]}
    begin = datetime.combine(start or moment.date() - timedelta(days=1), at)
    until = datetime.combine(end, datetime.max.time()) if end else None
    theirs = rrule.rrule(dtstart=begin, until=until, **rule).after(moment)
    assert ours.next_after(unix(moment)) == (None if theirs is None else unix(theirs))


@given(at=TIMES, on=DAYS, moment=MOMENTS)
def test_a_timer_without_repetition_is_due_once(at: Any, on: date, moment: datetime) -> None:
    ours = recurrence.read(at.strftime("%H:%M"), on=on.isoformat())
    due = datetime.combine(on, at)
    assert ours.next_after(unix(moment)) == (unix(due) if due > moment else None)
    assert ours.next_after(unix(due)) is None
    assert not ours.repeats


@given(at=TIMES, days=st.sets(st.integers(1, 31), min_size=1), moment=MOMENTS)
def test_following_one_due_time_after_another_skips_none(at: Any, days: set[int], moment: datetime) -> None:
    ours = Recurrence(at, days=frozenset(days))
    due, seen = unix(moment), []
    for _ in range(5):
        following = ours.next_after(due)
        assert following is not None
        seen.append(datetime.fromtimestamp(following, UTC).replace(tzinfo=None))
        due = following
    rule = rrule.rrule(rrule.MONTHLY, dtstart=moment.replace(hour=0, minute=0, second=0, microsecond=0))
    rule = rule.replace(bymonthday=sorted(days), byhour=at.hour, byminute=at.minute, bysecond=0)
    assert seen == list(rule.xafter(moment, count=5))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"at": "24:00", "on": "2026-01-01"}, "time"),
        ({"at": "7:30", "on": "2026-01-01"}, "time"),
        ({"at": "07:30"}, "date"),
        ({"at": "07:30", "on": "2026-02-29"}, "date"),
        ({"at": "07:30", "on": "9999-12-31"}, "date"),
        ({"at": "07:30", "repeat": "mon,"}, "repeat"),
        ({"at": "07:30", "repeat": "daily"}, "repeat"),
        ({"at": "07:30", "repeat": "day"}, "days"),
        ({"at": "07:30", "repeat": "day", "days": ["0"]}, "days"),
        ({"at": "07:30", "repeat": "day", "days": [32]}, "days"),
        ({"at": "07:30", "repeat": "day", "days": [True]}, "days"),
        ({"at": "07:30", "repeat": "mon", "start": "1.2.2026"}, "start_date"),
        ({"at": "07:30", "repeat": "mon", "start": "2026-02-01", "end": "2026-01-01"}, "end_date"),
    ],
)
def test_what_cannot_be_a_timer_is_refused_by_name(fields: dict[str, Any], named: str) -> None:
    at = fields.pop("at")
    with pytest.raises(ValueError, match=named):
        recurrence.read(at, **fields)
