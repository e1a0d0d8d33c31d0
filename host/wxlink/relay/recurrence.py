"""When a timer is due: once, on days of the week, or on days of the month. All times are UTC."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

NONE: Final = "none"
DAY: Final = "day"
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_GAP_DAYS: Final = 62  # no day of the month is missing for longer: 31 March to 31 May are 61 days

_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LAST_DATE: Final = date(2999, 12, 31)  # years with four digits end, and sums of days with them


@dataclass(frozen=True, slots=True)
class Recurrence:
    """What the fields of a timer say; made by `read`.

    on: the day of a timer that is due once. weekdays: 0 is Monday. days: of the month; a month without the
    day is passed over. start, end: the first and the last day on which a repeating timer is due.
    """

    at: time
    on: date | None = None
    weekdays: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    start: date = date.min
    end: date = _LAST_DATE

    @property
    def repeats(self) -> bool:
        """Whether it is due more than once."""
        return self.on is None

    def next_after(self, moment: float) -> float | None:
        """The first due time later than `moment`, in unix seconds; None when there is none any more."""
        if self.on is not None:
            due = _unix(self.on, self.at)
            return due if due > moment else None
        day = max(datetime.fromtimestamp(moment, UTC).date(), self.start)
        for _ in range(LONGEST_GAP_DAYS + 1):
            if day > self.end:
                return None
            due = _unix(day, self.at)
            if due > moment and (day.weekday() in self.weekdays or day.day in self.days):
                return due
            day += timedelta(days=1)
        return None


def read(
    at: str,
    *,
    repeat: str = NONE,
    on: str = "",
    days: Sequence[Any] = (),
    start: str = "",
    end: str = "",
) -> Recurrence:
    """Read a timer's fields `time`, `repeat`, `date`, `days`, `start_date` and `end_date`.

    `repeat` is `none`, `day`, or days of the week with commas between. Empty dates are none.
    Raises ValueError naming the field and what it takes.
    """
    found = _TIME.fullmatch(at)
    if found is None:
        raise ValueError("time is the UTC time as HH:MM, like 02:30")
    clock = time(int(found[1]), int(found[2]))
    if repeat in (NONE, ""):
        if not on:
            raise ValueError("a timer that does not repeat needs date, like 2026-09-01")
        return Recurrence(clock, on=_date("date", on))
    first = _date("start_date", start) if start else date.min
    last = _date("end_date", end) if end else _LAST_DATE
    if first > last:
        raise ValueError("end_date is before start_date")
    if repeat == DAY:
        return Recurrence(clock, days=_days(days), start=first, end=last)
    names = repeat.replace(" ", "").split(",")
    unknown = [name for name in names if name not in WEEKDAYS]
    if unknown:
        raise ValueError(f"repeat is {NONE}, {DAY} or some of {','.join(WEEKDAYS)}, not {repeat!r:.40}")
    return Recurrence(clock, weekdays=frozenset(map(WEEKDAYS.index, names)), start=first, end=last)


def _unix(day: date, at: time) -> float:
    return datetime.combine(day, at, UTC).timestamp()


def _date(name: str, text: str) -> date:
    if _DATE.fullmatch(text):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            pass
        else:
            if day <= _LAST_DATE:
                return day
    raise ValueError(f"{name} is a day like 2026-09-01, not {text!r:.40}")


def _days(given: Sequence[Any]) -> frozenset[int]:
    """Clients send texts, some numbers."""
    try:
        days = frozenset(int(day) for day in given if not isinstance(day, (bool, float)))
    except (TypeError, ValueError):
        days = frozenset()
    if not days or not days <= set(range(1, 32)) or len(given) > 31:
        raise ValueError("a timer that repeats by day needs days, some of 1 to 31")
    return days
