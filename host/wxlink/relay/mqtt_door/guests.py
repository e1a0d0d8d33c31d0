"""Who is in the doorway: bounds on connections, in all and of one address."""

from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

GUESTS_MAX: Final = 5_000  # half of what our own broker takes; each is two sockets of this process
GUESTS_OF_ADDRESS: Final = 2_000  # a site's modules come through one router
WAITING_MAX: Final = 512  # who has not said a CONNECT yet
WAITING_OF_ADDRESS: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class Guest:
    """One connection. cut: ends it at once."""

    address: str
    cut: Callable[[], None]


class Guests:
    """Counts connections. Of those that have said nothing yet the one that waits longest makes room.

    So a module, which speaks at once, comes in beside any number of half-open connections.
    """

    def __init__(
        self,
        most: int = GUESTS_MAX,
        of_address: int = GUESTS_OF_ADDRESS,
        waiting: int = WAITING_MAX,
        waiting_of_address: int = WAITING_OF_ADDRESS,
    ) -> None:
        self._most = most
        self._of_address = of_address
        self._waiting_most = waiting
        self._waiting_of_address = waiting_of_address
        self._count = 0
        self._inside: Counter[str] = Counter()
        self._waiting: OrderedDict[Guest, None] = OrderedDict()
        self._waiting_by_address: Counter[str] = Counter()

    def __len__(self) -> int:
        """Connections, those that wait too."""
        return self._count

    def enter(self, address: str, cut: Callable[[], None]) -> Guest | None:
        """A new connection; None when there is no room for it."""
        if len(self) >= self._most or self._inside[address] >= self._of_address:
            return None
        if self._waiting_by_address[address] >= self._waiting_of_address:
            self._cut(next(guest for guest in self._waiting if guest.address == address))
        elif len(self._waiting) >= self._waiting_most:
            self._cut(next(iter(self._waiting)))
        guest = Guest(address, cut)
        self._count += 1
        self._inside[address] += 1
        self._waiting[guest] = None
        self._waiting_by_address[address] += 1
        return guest

    def spoke(self, guest: Guest) -> None:
        """It has said its CONNECT."""
        if guest in self._waiting:
            del self._waiting[guest]
            _less(self._waiting_by_address, guest.address)

    def leave(self, guest: Guest) -> None:
        """It is gone."""
        self.spoke(guest)
        self._count -= 1
        _less(self._inside, guest.address)

    def _cut(self, guest: Guest) -> None:
        self.spoke(guest)
        guest.cut()


def _less(counter: Counter[str], address: str) -> None:
    counter[address] -= 1
    if not counter[address]:
        del counter[address]
