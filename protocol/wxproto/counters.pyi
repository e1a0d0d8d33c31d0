from typing import ClassVar

from .record import Record

class Counters(Record):
    fields: ClassVar[tuple[str, ...]]
    frames_in: int
    frames_out: int
    lost_frames: int
    resends: int
    given_up: int
    repeats: int
    notices_in: int
    notices_out: int
    bad_frames: int
    bad_bytes: int
    resyncs: int
    round_trip_last: int | None
    round_trip_smoothed: int | None
    round_trip_min: int | None
    round_trip_max: int | None
    def __init__(self) -> None: ...
    def measured(self, took: int) -> None: ...
