"""Whether the other end of the link is there (README 3.3): one table of states for each role.

What the states and what moves them are called in words is in meanings.py: a module never needs it.
"""

from .commands import MCU, MODULE
from .errors import LocalError
from .events import LinkLost, LinkUp

# States; the peer is taken to be there in all but DOWN, the first one.
DOWN = 0
UP = 1
DOUBT = 2

# What moves them.
ANSWERED = 1 << 2
SERVED = 2 << 2
MISSED = 3 << 2
HEARD = 4 << 2
GONE = 5 << 2

TRANSITIONS = {
    MODULE: {
        DOWN | ANSWERED: UP,
        UP | MISSED: DOUBT,
        DOUBT | HEARD: UP,
        DOUBT | GONE: DOWN,
    },
    MCU: {
        DOWN | SERVED: UP,
    },
}
"""Role -> state and what happened -> next state; what is not listed changes nothing."""


class LinkState:
    """The state of one `role`; `up` is true while the peer is there, as far as known.

    LocalError when there is no such role.
    """

    def __init__(self, role):
        if role not in TRANSITIONS:
            raise LocalError("role must be commands.MODULE or commands.MCU, not %r" % (role,))
        self.up = False
        self._transitions = TRANSITIONS[role]
        self._state = DOWN

    def move(self, what, events):
        """Follow TRANSITIONS; true when the state changed. LinkUp and LinkLost are appended to `events`."""
        after = self._transitions.get(self._state | what)
        if after is None:
            return False
        self._state = after
        up = after != DOWN
        if up != self.up:
            self.up = up
            events.append(LinkUp() if up else LinkLost())
        return True
