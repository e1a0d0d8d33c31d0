"""Network time, the payload of 18 (README 3.7): local time and, but for old modules, Unix time."""

from .errors import PeerError
from .fields import Reader, number
from .record import Record

DEFAULT_OFFSET_S = 8 * 3600
"""Seconds east of Greenwich where nobody named a time zone: China, as the vendor's modules have it."""

_LIMITS = (
    ("year", 2, 1, 9999),
    ("month", 1, 1, 12),
    ("day", 1, 1, 31),
    ("hour", 1, 0, 23),
    ("minute", 1, 0, 59),
    ("second", 1, 0, 60),
)


class NetworkTime(Record):
    """Local date and time, `utc` in Unix seconds or None where the frame ends before; all 0 when unknown."""

    fields = ("year", "month", "day", "hour", "minute", "second", "utc")

    def __init__(self, *, year=0, month=0, day=0, hour=0, minute=0, second=0, utc=0):
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
        self.utc = utc

    @property
    def known(self):
        """False before the module has reached a server."""
        return self.year != 0

    @classmethod
    def of(cls, utc, offset_s=DEFAULT_OFFSET_S):
        """The network time at Unix second `utc`, its local time `offset_s` seconds east of Greenwich."""
        days, rest = divmod(utc + offset_s, 86400)
        # Howard Hinnant, chrono-compatible date algorithms: years that begin in March, eras of 400 years.
        era, day_of_era = divmod(days + 719468, 146097)
        year = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
        day_of_year = day_of_era - (365 * year + year // 4 - year // 100)
        month = (5 * day_of_year + 2) // 153
        day = day_of_year - (153 * month + 2) // 5 + 1
        month += 3 if month < 10 else -9
        return cls(
            year=era * 400 + year + (month <= 2),
            month=month,
            day=day,
            hour=rest // 3600,
            minute=rest // 60 % 60,
            second=rest % 60,
            utc=utc,
        )

    def encode(self):
        """Payload of 18: 11 bytes, or 7 without `utc`. LocalError when a number does not fit."""
        out = b"".join([number(name, getattr(self, name), size) for name, size, _, _ in _LIMITS])
        return out if self.utc is None else out + number("utc", self.utc, 4)

    @classmethod
    def decode(cls, payload):
        """Read the payload of 18. PeerError when it ends inside a field or names no time of this world."""
        reader = Reader("network time", payload)
        values = {name: reader.number(name, size) for name, size, _, _ in _LIMITS}
        values["utc"] = reader.number("utc", 4) if reader.left else None
        found = cls(**values)
        if not any(values.values()):
            return found
        for name, _, lowest, highest in _LIMITS:
            if not lowest <= values[name] <= highest:
                raise PeerError("network time: %s %d" % (name, values[name]))
        return found
