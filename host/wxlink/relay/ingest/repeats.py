"""What a broker sends again after a connection was lost: which of it is stored already, and which comes late.

A broker repeats what was not acknowledged, and an acknowledgement may be lost after the commit. Equal content
alone proves nothing: a device may well report the same twice. But acknowledgements are lost from some point
on, so what is both stored and repeated are the last stored messages of a device, repeated first and in order.
Where that is ambiguous the latest state comes out the same.

nats-server repeats only when its ack_wait is over, so new messages may overtake: a late one is kept, but it
may not undo what a newer one said. Mosquitto repeats at once.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wxlink.relay.store import Kept, Report

LOOK_BACK_S = 60.0  # a broker repeats within seconds of its return; the store's own window is as long

History = Callable[[str, float, float, int], Awaitable[Sequence[Kept]]]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A report that may be stored already. before: only among what was stored until then."""

    index: int
    before: float


async def stored_already(reports: Sequence[Report], doubts: Sequence[Doubt], history: History) -> set[int]:
    """The indexes of the doubtful reports that are stored.

    history: (did, after, until, limit) -> its reports, the newest first.
    """
    groups: dict[tuple[str, float], list[int]] = {}
    for doubt in doubts:
        groups.setdefault((reports[doubt.index].did, doubt.before), []).append(doubt.index)
    known: set[int] = set()
    for (did, before), indexes in groups.items():
        kept = await history(did, before - LOOK_BACK_S, before, len(indexes))
        stored = [(one.cmd, one.p0) for one in reversed(kept)]
        repeated = [(reports[index].cmd, reports[index].p0) for index in indexes]
        known.update(indexes[: overlap(stored, repeated)])
    return known


def overlap(stored: Sequence[object], repeated: Sequence[object]) -> int:
    """The largest n for which the last n of `stored` are the first n of `repeated`."""
    for count in range(min(len(stored), len(repeated)), 0, -1):
        if list(stored[-count:]) == list(repeated[:count]):
            return count
    return 0


class Overtaken:
    """Data points that new messages have set while older ones may still come."""

    def __init__(self) -> None:
        self._newer: dict[str, set[str]] = {}

    def clear(self) -> None:
        """Nothing older is to come."""
        self._newer.clear()

    def note(self, did: str, attrs: Mapping[str, Any]) -> None:
        """A new message said this."""
        self._newer.setdefault(did, set()).update(attrs)

    def left(self, did: str, attrs: Mapping[str, Any]) -> dict[str, Any]:
        """What an older message may still say."""
        newer = self._newer.get(did, set())
        return {name: value for name, value in attrs.items() if name not in newer}
