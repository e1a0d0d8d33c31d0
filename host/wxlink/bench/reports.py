"""What an MCU reports when: the rules of protocol/csdk/wxlink_report.c, in Python."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from wxproto.commands import P0_UP
from wxproto.p0 import Codec
from wxproto.product import WRITABLE, Point
from wxproto.session import Session

SLOW_MS = 6000
"""Milliseconds: read-only numbers and binaries are not reported more often."""
FULL_MS = 600_000
"""Milliseconds after which everything is reported again."""
RETRY_MS = 6000
"""Milliseconds of silence after a report was given up, so that a dead module is not flooded."""

Value: TypeAlias = bool | int | float | str | bytes


class Reports:
    """Compares the values with what the module was told, and asks the session to report what is due.

    Times are integer milliseconds. One report is outstanding at a time.
    """

    def __init__(self, codec: Codec, session: Session, now: int) -> None:
        self._codec = codec
        self._session = session
        self._points = codec.product.points
        self._told: dict[str, Value] = {}
        self._due = {point.name for point in self._points}
        self._ticket: int | None = None
        self._quiet_until: int | None = None
        self._slow_at: int | None = None
        self._full_at = now

    def want_all(self) -> None:
        """Report everything next: the module knows nothing, or what it knows is unsure."""
        self._due = {point.name for point in self._points}
        self._quiet_until = None

    def want(self, names: Iterable[str]) -> None:
        """Report these data points next, whether they changed or not."""
        self._due.update(names)

    def answered(self, ticket: int) -> None:
        """The module acknowledged a report."""
        if ticket == self._ticket:
            self._ticket = None

    def heard(self) -> None:
        """The module sent a command: it is alive, reports need not wait."""
        self._quiet_until = None

    def given_up(self, ticket: int, now: int) -> None:
        """The module did not acknowledge a report."""
        if ticket == self._ticket:
            self._ticket = None
            self.want_all()
            self._quiet_until = now + RETRY_MS

    def send_due(self, values: Mapping[str, Value], now: int) -> None:
        """Report what may be reported now."""
        quiet = self._quiet_until is not None and now < self._quiet_until
        if not self._session.up or self._ticket is not None or quiet:
            return
        self._quiet_until = None
        if now - self._full_at >= FULL_MS:
            self.want_all()
        slow_allowed = self._slow_at is None or now - self._slow_at >= SLOW_MS
        for point in self._points:
            changed = self._told.get(point.name) != values[point.name]
            if changed and (slow_allowed or not _is_slow(point)):
                self._due.add(point.name)
        if not self._due:
            return
        everything = not self._codec.product.variable
        sent = [point for point in self._points if everything or point.name in self._due]
        told = {point.name: values[point.name] for point in sent}
        self._told.update(told)
        if any(_is_slow(point) for point in sent):
            self._slow_at = now
        if len(sent) == len(self._points):
            self._full_at = now
        self._due = set()
        self._ticket = self._session.ask(P0_UP, self._codec.encode_report(told), now=now)


def _is_slow(point: Point) -> bool:
    return point.kind != WRITABLE and not point.is_bits
