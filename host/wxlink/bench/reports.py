"""An MCU's reports over a session: what wxproto.reports finds due, one outstanding at a time."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from wxproto import reports
from wxproto.commands import P0_UP
from wxproto.p0 import Codec
from wxproto.session import Session

Value: TypeAlias = bool | int | float | str | bytes


class Reports:
    """Asks the session to report what is due. Times are integer milliseconds."""

    def __init__(self, codec: Codec, session: Session, now: int) -> None:
        self._session = session
        self._rules = reports.Reports(codec, now)
        self._ticket: int | None = None

    def want_all(self) -> None:
        """Report everything next: the module knows nothing, or what it knows is unsure."""
        self._rules.want_all()

    def want(self, names: Iterable[str]) -> None:
        """Report these data points next, whether they changed or not."""
        self._rules.want(names)

    def answered(self, ticket: int) -> None:
        """The module acknowledged a report."""
        if ticket == self._ticket:
            self._ticket = None

    def heard(self) -> None:
        """The module sent a command: it is alive, reports need not wait."""
        self._rules.heard()

    def given_up(self, ticket: int, now: int) -> None:
        """The module did not acknowledge a report."""
        if ticket == self._ticket:
            self._ticket = None
            self._rules.given_up(now)

    def send_due(self, values: Mapping[str, Value], now: int) -> None:
        """Report what may be reported now."""
        if not self._session.up or self._ticket is not None:
            return
        p0 = self._rules.take(values, now)
        if p0 is not None:
            self._ticket = self._session.ask(P0_UP, p0, now=now)
