"""Carries the questions of a Sender or Receiver of big data through a Session, and the events back."""

from .errors import LocalError
from .events import Answered, Asked, GaveUp


class Courier:
    """Joins `transfer` (a Sender or Receiver) to `session`; `commands` are those of its module."""

    def __init__(self, session, transfer, commands):
        self._session = session
        self._transfer = transfer
        self._commands = commands
        self._ticket = None  # of the question under way

    def handle(self, event, now):
        """Pass an event on; true when it was the transfer's: then nobody else needs it."""
        transfer = self._transfer
        if isinstance(event, Asked):
            if event.cmd not in self._commands:
                return False
            error = transfer.take(event, now)
            if event.wants_answer and error is None:
                self._session.answer(event)
            elif event.wants_answer:
                self._session.refuse(event, error)
        elif isinstance(event, (Answered, GaveUp)) and event.ticket == self._ticket:
            self._ticket = None
            if isinstance(event, Answered):
                transfer.answered(now)
            else:
                transfer.gave_up(now)
        else:
            return False
        self.ask(now)
        return True

    def poll(self, now):
        """Do what time demands."""
        self._transfer.poll(now)
        self.ask(now)

    def ask(self, now):
        """Ask what the transfer has to ask, in place of a question that does not count any more.

        Call it after start(), accept() and cancel().
        """
        if self._ticket is not None and not self._transfer.waiting:
            self._session.withdraw(self._ticket, now)
            self._ticket = None
        question = self._transfer.question()
        while question is not None:
            cmd, payload, flags = question
            try:
                self._ticket = self._session.ask(cmd, payload, now=now, flags=flags)
            except LocalError:  # too many questions wait: as if nobody had answered it
                self._transfer.gave_up(now)
            question = self._transfer.question()

    def next_deadline(self):
        """Time at which poll() is due, None while nothing waits."""
        return self._transfer.next_deadline()
