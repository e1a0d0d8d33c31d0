"""What a transaction changes about devices, told to those who must write their own rows in the same one.

The queues of server push, alerts and logs are such rows: they are there when the change is, and only then.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Reported:
    """A device sent business data for the first time; repetitions are none.

    attrs: as in `Report`. before: its data points without this report. counts: what of attrs changes the
    latest state, that is all but what a later report, which came earlier, has overtaken.
    """

    did: str
    at: float
    cmd: int
    p0: bytes
    attrs: Mapping[str, Any] | None
    before: Mapping[str, Any]
    counts: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Commanded:
    """Something was sent to a device, moments ago; source, appid and uid are those of `Origin`."""

    did: str
    at: float
    cmd: int
    p0: bytes
    source: str
    appid: str | None
    uid: str | None


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection of a device began; again: it was on-line already."""

    did: str
    at: float
    again: bool


@dataclass(frozen=True, slots=True)
class Disconnected:
    """A device went off-line."""

    did: str
    at: float


@dataclass(frozen=True, slots=True)
class BindingBegan:
    """A user got a device."""

    did: str
    at: float
    uid: str


@dataclass(frozen=True, slots=True)
class BindingEnded:
    """A user no longer has a device."""

    did: str
    at: float
    uid: str


@dataclass(frozen=True, slots=True)
class Reset:
    """A did is forgotten: its module was reset, or gave it up. Its row is gone."""

    did: str
    at: float
    product_key: str
    mac: str


@dataclass(frozen=True, slots=True)
class Alerted:
    """An alert or a fault of a device began; told after the report that says so.

    event_id: the same when it is over. point: the data point. kind: `alert` or `fault`.
    """

    did: str
    at: float
    event_id: str
    point: str
    display_name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Cleared:
    """An alert or a fault is over; fields as in `Alerted`."""

    did: str
    at: float
    event_id: str
    point: str
    display_name: str
    kind: str


@dataclass(frozen=True, slots=True)
class DefinitionChanged:
    """A product has other data points than before."""

    product_key: str
    at: float


Happening: TypeAlias = (
    Reported
    | Commanded
    | Connected
    | Disconnected
    | BindingBegan
    | BindingEnded
    | Reset
    | Alerted
    | Cleared
    | DefinitionChanged
)
Follower: TypeAlias = Callable[[AsyncConnection, Sequence[Happening]], Awaitable[Sequence[Happening] | None]]
"""Gives what follows from what it is told, if anything: all followers are told of that next."""


class Followers:
    """Those who are told. One that raises undoes the transaction."""

    def __init__(self) -> None:
        self._followers: list[Follower] = []

    def add(self, follower: Follower) -> None:
        """Tell `follower` from now on, after those that are told already."""
        self._followers.append(follower)

    async def tell(self, conn: AsyncConnection, happenings: Sequence[Happening]) -> None:
        """Tell all of what the transaction of `conn` changed, in the order in which it happened."""
        while happenings:
            further: list[Happening] = []
            for follower in self._followers:
                further += await follower(conn, happenings) or ()
            happenings = further
