"""Turns of the event loop: what is put into an outbox twice in one turn leaves together at its end."""

import asyncio
from collections.abc import Callable


class Turns:
    """Counts the turns of the running event loop in which somebody asks."""

    def __init__(self) -> None:
        self._number = 0
        self._ending = False
        self._due: list[Callable[[], None]] = []

    def now(self) -> int:
        """The number of this turn: never 0."""
        if not self._ending:
            self._ending = True
            self._number += 1
            asyncio.get_running_loop().call_soon(self._end)
        return self._number

    def at_end(self, work: Callable[[], None]) -> None:
        """Have this called when all that is due in this turn is done. It raises nothing."""
        self.now()
        self._due.append(work)

    def _end(self) -> None:
        self._ending = False
        due, self._due = self._due, []
        for work in due:
            work()
