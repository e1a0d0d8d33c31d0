"""What of a product's state is to be reported, and when (README 3.4)."""

from .product import WRITABLE

SLOW_MS = 6000
"""Milliseconds between reports that carry a read-only number or binary, as the documents limit them."""
FULL_MS = 600_000
"""Milliseconds after which everything is reported again, as generated MCU programs do."""
RETRY_MS = 6000
"""Milliseconds of silence after a report was given up, so that a dead module is not flooded."""


class Reports:
    """Compares values with what was told before. One report is outstanding at a time: the caller sees to it.

    `codec` knows the product; values are dicts of every data point, as the codec takes them.
    """

    def __init__(self, codec, now):
        self._codec = codec
        self._points = codec.product.points
        self._told = {}
        self._due = None  # names, None for all
        self._quiet_until = None
        self._slow_at = None
        self._slow_waits = False
        self._full_at = now
        self.want_all()

    def want_all(self):
        """Report everything next: the module knows nothing, or what it knows is unsure."""
        self._due = {point.name for point in self._points}
        self._quiet_until = None

    def want(self, names):
        """Report these data points next, whether they changed or not."""
        self._due.update(names)

    def heard(self):
        """The module sent a command: it is alive, reports need not wait."""
        self._quiet_until = None

    def given_up(self, now):
        """The module did not acknowledge a report: after a pause it is told everything."""
        self.want_all()
        self._quiet_until = now + RETRY_MS

    def take(self, values, now):
        """P0 of the report that is due now, None when there is none; what it carries counts as told."""
        if self._quiet_until is not None and now < self._quiet_until:
            return None
        self._quiet_until = None
        if now - self._full_at >= FULL_MS:
            self.want_all()
        slow_allowed = self._slow_at is None or now - self._slow_at >= SLOW_MS
        self._slow_waits = False
        for point in self._points:
            if self._told.get(point.name) != values[point.name]:
                if slow_allowed or not _is_slow(point):
                    self._due.add(point.name)
                else:
                    self._slow_waits = True
        if not self._due:
            return None
        everything = not self._codec.product.variable
        sent = [point for point in self._points if everything or point.name in self._due]
        told = {point.name: values[point.name] for point in sent}
        p0 = self._codec.encode_report(told)
        self._told.update(told)
        if any(_is_slow(point) for point in sent):
            self._slow_at = now
            self._slow_waits = self._slow_waits and not everything
        if len(sent) == len(self._points):
            self._full_at = now
        self._due = set()
        return p0

    def next_deadline(self):
        """Time at which take() may have something even when no value changes before."""
        if self._quiet_until is not None:
            return self._quiet_until
        full = self._full_at + FULL_MS
        return min(full, self._slow_at + SLOW_MS) if self._slow_waits else full


def _is_slow(point):
    return point.kind != WRITABLE and not point.is_bits
