"""What only one of several relays does at a time."""

from sqlalchemy import delete, or_

from wxlink.relay.store.database import Database, insert
from wxlink.relay.store.schema import leases


class Leases:
    """The table of leases: a name belongs to one holder until its time is up."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, name: str, holder: str, now: float, for_s: float) -> bool:
        """Take or renew a lease; False while another holds it."""
        async with self._database.write() as conn:
            wanted = insert(conn, leases).values(name=name, holder=holder, until=now + for_s)
            free = or_(leases.c.holder == holder, leases.c.until <= now)
            statement = wanted.on_conflict_do_update(
                index_elements=["name"], set_={"holder": holder, "until": now + for_s}, where=free
            )
            return (await conn.execute(statement.returning(leases.c.name))).one_or_none() is not None

    async def give_up(self, name: str, holder: str) -> None:
        """End a lease before its time."""
        async with self._database.write() as conn:
            await conn.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))
