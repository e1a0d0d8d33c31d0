"""What is asked for at every message is kept in memory, and dropped when any process changes it."""

import time
from typing import Final, Generic, TypeVar

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.store.database import Database
from wxlink.relay.store.schema import registry

LOOK_EVERY_S: Final = 1.0  # how long another process' change may go unnoticed; one tiny query in that time

Key = TypeVar("Key")
Value = TypeVar("Value")


class Shelf(Generic[Key, Value]):
    """Rows that were read. Read `held` before the query whose result goes into it.

    A change puts a new dict here, so that what was read before it is not kept after it.
    """

    def __init__(self) -> None:
        self.held: dict[Key, Value] = {}


class Registry:
    """The number of changes to makers, products and apps, looked at now and then."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shelves: list[Shelf[str, object] | Shelf[int, object]] = []
        self._revision = -1
        self._looked_at = -LOOK_EVERY_S

    def add(self, shelf: "Shelf[Key, Value]") -> "Shelf[Key, Value]":
        """Empty this shelf from now on when something changed."""
        self._shelves.append(shelf)  # type: ignore[arg-type]  # only emptied, whatever it holds
        return shelf

    async def look(self) -> None:
        """Empty the shelves when another process changed something since the last look."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = now
        async with self._database.read() as conn:
            revision = (await conn.execute(select(registry.c.revision))).scalar_one()
        if revision != self._revision:
            self._revision = revision
            self.forget()

    def forget(self) -> None:
        """Empty the shelves: this process changed something, and has committed it."""
        for shelf in self._shelves:
            shelf.held = {}


async def note_change(conn: AsyncConnection) -> None:
    """Let all processes notice what this transaction changes."""
    await conn.execute(update(registry).values(revision=registry.c.revision + 1))
