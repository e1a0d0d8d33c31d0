"""The order of a device's messages when several relays store them: by their place in the broker's stream.

Relays that share a stream finish in any order, and what one of them left is given out again later. What a
device reported last is decided here, not by who came last.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

Json: TypeAlias = list[Any]


class Position(NamedTuple):
    """Where a message stands. stream: unix seconds of the stream's making, so that a new stream is later."""

    stream: int
    seq: int


NOWHERE = Position(0, 0)


@dataclass(slots=True)
class PointOrder:
    """Which message set each data point.

    top: the last message that counted. behind: the numbers of earlier ones, by the points that no later
    message has set.
    """

    top: Position = NOWHERE
    behind: dict[str, int] = field(default_factory=dict)

    @classmethod
    def from_json(cls, kept: Json | None) -> "PointOrder":
        """Read what `to_json` gave."""
        if kept is None:
            return cls()
        stream, seq, behind = kept
        return cls(Position(stream, seq), dict(behind))

    def to_json(self) -> Json:
        """What a row keeps."""
        return [*self.top, self.behind]

    def take(
        self, known: Mapping[str, Any], told: Mapping[str, Any], position: Position | None
    ) -> dict[str, Any]:
        """What of `told` counts, now that the points are `known`; None as a position is the present moment.

        The same message told again counts again, where nothing later has been said.
        """
        if position is None:
            return dict(told)
        if position > self.top:
            same = position.stream == self.top.stream
            self.behind = {
                name: self.behind.get(name, self.top.seq) if same else 0 for name in known if name not in told
            }
            self.top = position
            return dict(told)
        counts = {
            name: value
            for name, value in told.items()
            if name not in known or position >= (self.top.stream, self.behind.get(name, self.top.seq))
        }
        self.behind.update((name, position.seq) for name in counts if position < self.top)
        return counts


@dataclass(slots=True)
class Connections:
    """The latest beginning and the latest end of a device's connections.

    connection: names the one that began last. ended: names the one that ended last.
    """

    begun_at: Position = NOWHERE
    ended_at: Position = NOWHERE
    ended: str = ""

    @classmethod
    def from_json(cls, kept: Json | None) -> "Connections":
        """Read what `to_json` gave."""
        if kept is None:
            return cls()
        begun, ended, connection = kept
        return cls(Position(*begun), Position(*ended), connection)

    def to_json(self) -> Json:
        """What a row keeps."""
        return [[*self.begun_at], [*self.ended_at], self.ended]

    def begins(self, connection: str, position: Position) -> bool | None:
        """Whether the device is on-line with this connection; None when a later one has begun."""
        if position <= self.begun_at:
            return None
        self.begun_at = position
        return not (connection == self.ended and self.ended_at > position)

    def ends(self, connection: str, position: Position) -> bool | None:
        """False: the device is off-line, if this was its connection; None when a later one has begun."""
        if position > self.ended_at:
            self.ended_at, self.ended = position, connection
        return None if position <= self.begun_at else False
