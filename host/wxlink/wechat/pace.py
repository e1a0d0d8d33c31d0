"""A limit on how often one person may ask."""

import time
from collections import OrderedDict

from wxlink.wechat.tokens import Clock

MAX_PEOPLE = 10_000  # remembered at a time; whoever was quiet longest is forgotten first


class Pace:
    """Allows `burst` asks at once and one more every `every_s` seconds, for each person."""

    def __init__(self, burst: int, every_s: float, clock: Clock = time.time) -> None:
        self._burst = burst
        self._every_s = every_s
        self._clock = clock
        self._full_at: OrderedDict[str, float] = OrderedDict()  # when a person's allowance is whole again

    def allows(self, person: str) -> bool:
        """Count one ask of this person; False when it is one too many."""
        now = self._clock()
        full_at = max(self._full_at.pop(person, now), now) + self._every_s
        allowed = full_at - now <= self._burst * self._every_s
        self._full_at[person] = full_at if allowed else full_at - self._every_s
        if len(self._full_at) > MAX_PEOPLE:
            self._full_at.popitem(last=False)
        return allowed
