"""What one client has been given: the numbers of its deliveries, and how many more it takes. No I/O."""


class Window:
    """The deliveries of one connection that are not acknowledged, at most `prefetch`.

    An acknowledgement makes room once it is stored (`settle`), not when it comes.
    """

    def __init__(self, prefetch: int) -> None:
        self._prefetch = prefetch
        self._last = 0
        self._given: dict[int, int] = {}  # delivery -> event
        self._acked: set[int] = set()  # events

    @property
    def room(self) -> int:
        """How many more deliveries the client takes."""
        return max(0, self._prefetch - len(self._given) - len(self._acked))

    def give(self, event: int) -> int:
        """The number of the delivery of this event."""
        self._last += 1
        self._given[self._last] = event
        return self._last

    def acknowledge(self, delivery: int, message: str | None) -> int | None:
        """The event, once; None when nothing is delivered by that number, or not with that msg_id."""
        event = self._given.get(delivery)
        if event is None or message not in (None, msg_id(event)):
            return None
        del self._given[delivery]
        self._acked.add(event)
        return event

    def settle(self, event: int) -> None:
        """The acknowledgement of the event is stored."""
        self._acked.discard(event)


def msg_id(event: int) -> str:
    """The same each time an event is delivered: a client knows by it what it has had already."""
    return f"e{event}"
