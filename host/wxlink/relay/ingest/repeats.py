"""What a broker sends again after a connection was lost: which of it is stored already, and which comes late.

A broker repeats what was not acknowledged, and an acknowledgement may be lost after the commit; a broker that
was killed forgets half a second of them. Equal content alone proves nothing: a device may well report the
same twice. But what is both stored and repeated are the last stored messages of a device, repeated in order,
perhaps over several batches and with new messages in between. So the messages of a device are laid along the
end of its history; where that can be done in several ways, the one that explains most counts, and of those
the latest. Of a device whose last reports are all alike this stays a guess: its latest state comes out the
same. A broker whose stream can be read has no such doubts (`JetStreamIngest`).

nats-server repeats only when its ack_wait is over, so new messages may overtake: a late one is kept, but it
may not undo what a newer one said. Mosquitto repeats at once.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from wxlink.relay.store import Kept, Report

LOOK_BACK_S: Final = 60.0  # a broker repeats within seconds of its return; the store's own window is as long
LOOK_BACK: Final = 1_000  # reports of a device: a broker holds no more than that unacknowledged

History: TypeAlias = Callable[[str, float, float, int], Awaitable[Sequence[Kept]]]
Content: TypeAlias = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A report that may be stored already. before: only among what was stored until then."""

    index: int
    before: float


class Tail:
    """The end of a device's history, and how far it was repeated.

    Every place at which the repetition may have begun is followed; one of them is believed. It is left for
    one that explains more only by a message that is there once: a device that goes to and fro shall not lose
    a new report for looking like an old one.
    """

    def __init__(self, stored: Sequence[Content]) -> None:
        self._stored = list(stored)
        self._unique = {content for content, count in Counter(self._stored).items() if count == 1}
        self._place = {content: place for place, content in enumerate(self._stored)}
        self._reached: dict[int, int] = {}  # start -> what is expected next
        self._explained: Counter[int] = Counter()  # start -> how many were
        self._believed: int | None = None

    def take(self, arrived: Sequence[Content]) -> list[bool]:
        """Whether each of these, in the order of their arrival, is a repetition."""
        those = set(arrived)
        for place, content in enumerate(self._stored):
            if content in those:
                self._reached.setdefault(place, place)
        walks = {start: self._walk(reached, arrived) for start, reached in self._reached.items()}
        for start, (repeated, reached) in walks.items():
            self._reached[start] = reached
            self._explained[start] += sum(repeated)
        self._believed = self._choice(arrived, {start: repeated for start, (repeated, _) in walks.items()})
        return [False] * len(arrived) if self._believed is None else walks[self._believed][0]

    def _choice(self, arrived: Sequence[Content], repeated: Mapping[int, Sequence[bool]]) -> int | None:
        best = max(repeated, key=lambda start: (self._explained[start], start), default=None)
        if best is None or not self._explained[best]:
            return None
        if self._believed is None:
            return best
        proved = any(
            is_old and content in self._unique
            for content, is_old in zip(arrived, repeated[best], strict=True)
        )
        return best if proved and self._explained[best] > self._explained[self._believed] else self._believed

    def _walk(self, place: int, arrived: Sequence[Content]) -> tuple[list[bool], int]:
        repeated = []
        for content in arrived:
            if content in self._unique and self._place[content] >= place:
                place = self._place[content]
            matches = place < len(self._stored) and self._stored[place] == content
            place += matches
            repeated.append(matches)
        return repeated, place


class Repeats:
    """Finds repetitions by a history: (did, after, until, limit) -> its reports, the newest first."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._tails: dict[tuple[str, float], Tail] = {}

    def clear(self) -> None:
        """A new connection, or nothing is repeated any more."""
        self._tails.clear()

    async def stored_already(
        self, reports: Sequence[Report], doubts: Sequence[Doubt], *, resumed_at: float
    ) -> set[int]:
        """The indexes of the doubtful reports that are stored.

        Those of a connection that began at `resumed_at` are remembered from batch to batch.
        """
        groups: dict[tuple[str, float], list[int]] = {}
        for doubt in doubts:
            groups.setdefault((reports[doubt.index].did, doubt.before), []).append(doubt.index)
        known: set[int] = set()
        for key, indexes in groups.items():
            tail = self._tails.get(key) or await self._tail(*key)
            if key[1] == resumed_at:
                self._tails[key] = tail
            repeated = tail.take([(reports[index].cmd, reports[index].p0) for index in indexes])
            known.update(index for index, is_old in zip(indexes, repeated, strict=True) if is_old)
        return known

    async def _tail(self, did: str, before: float) -> Tail:
        kept = await self._history(did, before - LOOK_BACK_S, before, LOOK_BACK)
        return Tail([(one.cmd, one.p0) for one in reversed(kept)])


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
