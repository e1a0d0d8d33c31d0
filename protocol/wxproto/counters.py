"""What one end of the link counted since it started, for people who look for the cause of trouble."""

from .record import Record

_SMOOTHING = 8  # a new round trip weighs one part in so many, as in TCP


class Counters(Record):
    """Counts and times of a Session; round trips in milliseconds, None before the first.

    A round trip lasts from a question's send to its acknowledgement; questions that were sent again are not
    measured, for nobody knows which send was acknowledged. `resends` and `given_up` are about
    our questions, `repeats` about the peer's. `bad_bytes` belong to no good frame, `resyncs` are good frames
    behind such bytes, `lost_frames` found no room in the backlog.
    """

    fields = (
        "frames_in",
        "frames_out",
        "lost_frames",
        "resends",
        "given_up",
        "repeats",
        "notices_in",
        "notices_out",
        "bad_frames",
        "bad_bytes",
        "resyncs",
        "round_trip_last",
        "round_trip_smoothed",
        "round_trip_min",
        "round_trip_max",
    )

    def __init__(self):
        self.frames_in = 0
        self.frames_out = 0
        self.lost_frames = 0
        self.resends = 0
        self.given_up = 0
        self.repeats = 0
        self.notices_in = 0
        self.notices_out = 0
        self.bad_frames = 0
        self.bad_bytes = 0
        self.resyncs = 0
        self.round_trip_last = None
        self.round_trip_smoothed = None
        self.round_trip_min = None
        self.round_trip_max = None
        self._smoothed = 0  # times _SMOOTHING, so that whole numbers do

    def measured(self, took):
        """Note a round trip of `took` milliseconds."""
        self.round_trip_last = took
        if self.round_trip_smoothed is None:
            self._smoothed = took * _SMOOTHING
            self.round_trip_smoothed = self.round_trip_min = self.round_trip_max = took
            return
        self._smoothed += took - self.round_trip_smoothed
        self.round_trip_smoothed = self._smoothed // _SMOOTHING
        self.round_trip_min = min(took, self.round_trip_min)
        self.round_trip_max = max(took, self.round_trip_max)
