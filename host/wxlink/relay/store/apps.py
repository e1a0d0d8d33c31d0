"""Apps: who may call the app APIs."""

from dataclasses import dataclass

from sqlalchemy import select

from wxlink.relay.store.database import Database, insert
from wxlink.relay.store.schema import apps


@dataclass(frozen=True, slots=True)
class App:
    """One client program, named by its appid."""

    appid: str
    name: str
    secret: str


class Apps:
    """The table of apps, with those seen so far in memory: every API call asks for one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, App] = {}

    async def put(self, app: App) -> None:
        """Add an app, or replace the one with this appid."""
        row = {"appid": app.appid, "name": app.name, "secret": app.secret}
        async with self._database.write() as conn:
            await conn.execute(
                insert(conn, apps).values(row).on_conflict_do_update(index_elements=["appid"], set_=row)
            )
        self._known[app.appid] = app

    async def get(self, appid: str) -> App | None:
        """The app, or None when there is none."""
        if appid not in self._known:
            async with self._database.read() as conn:
                row = (await conn.execute(select(apps).where(apps.c.appid == appid))).one_or_none()
            if row is None:
                return None
            self._known[appid] = App(**row._mapping)
        return self._known[appid]
