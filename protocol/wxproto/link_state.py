"""Whether the other end of the link is there (README 3.3): one table of states for each role."""

from .commands import MCU, MODULE
from .errors import LocalError
from .events import LinkLost, LinkUp

# States, and what moves them.
DOWN = "down"
UP = "up"
DOUBT = "doubt"
ANSWERED = "device information came"
SERVED = "device information was given, or a later command came"
SILENT = "a heartbeat was given up"
HEARD = "a good frame came"
GONE = "too many heartbeats were given up"

TRANSITIONS = {
    MODULE: {
        (DOWN, ANSWERED): UP,
        (UP, SILENT): DOUBT,
        (DOUBT, HEARD): UP,
        (DOUBT, GONE): DOWN,
    },
    MCU: {
        (DOWN, SERVED): UP,
    },
}
"""Role -> (state, what happened) -> next state; what is not listed changes nothing. DOWN comes first."""


class LinkState:
    """The state of one `role`; LocalError when there is no such role."""

    def __init__(self, role):
        if role not in TRANSITIONS:
            raise LocalError("role must be commands.MODULE or commands.MCU, not %r" % (role,))
        self._transitions = TRANSITIONS[role]
        self._state = DOWN

    @property
    def up(self):
        """True while the peer is there, as far as known."""
        return self._state != DOWN

    def move(self, what, events):
        """Follow TRANSITIONS; true when the state changed. LinkUp and LinkLost are appended to `events`."""
        before = self._state
        after = self._transitions.get((before, what))
        if after is None:
            return False
        self._state = after
        if before == DOWN:
            events.append(LinkUp())
        elif after == DOWN:
            events.append(LinkLost())
        return True
