"""Apps: who may call the app APIs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import delete, func, select, update

from wxlink.relay.store.audit import Entry, record
from wxlink.relay.store.database import Database, deleted, insert
from wxlink.relay.store.makers import DEFAULT_MAKER, check_room
from wxlink.relay.store.registry import Registry, Shelf, note_change
from wxlink.relay.store.rotation import accepted
from wxlink.relay.store.schema import app_tokens, apps, users

TOKENS_AN_APP: Final = 200  # live application tokens; each server of the app has its own


class AppTaken(Exception):
    """There is an app with this appid already."""


class HasUsers(Exception):
    """The app has users."""


@dataclass(frozen=True, slots=True)
class App:
    """One client program, named by its appid.

    maker: whose devices its users may have; None: it is the relay's own, for every maker's. former_secret:
    the one before the last rotation, which is accepted until former_until.
    """

    appid: str
    name: str
    secret: str = field(repr=False)
    maker: int | None = DEFAULT_MAKER
    former_secret: str | None = field(default=None, repr=False)
    former_until: float | None = None

    def secrets(self, now: float) -> list[str]:
        """The secrets that are accepted at this time."""
        return accepted(self, now)


class Apps:
    """The tables of apps and their tokens, with the apps seen so far in memory: every API call asks for one.

    What another process changes is noticed within `registry.LOOK_EVERY_S`.
    """

    def __init__(self, database: Database, registry: Registry) -> None:
        self._database = database
        self._registry = registry
        self._shelf: Shelf[str, App] = registry.add(Shelf())

    async def put(self, app: App) -> None:
        """Add an app, or give the one with this appid another name and secret."""
        row = _row(app)
        replaced = {name: row[name] for name in ("name", "secret")}
        async with self._database.write() as conn:
            await conn.execute(
                insert(conn, apps).values(row).on_conflict_do_update(index_elements=["appid"], set_=replaced)
            )
            await note_change(conn)
        self._registry.forget()

    async def add(self, app: App, most: int | None, entry: Entry) -> None:
        """Add an app to its maker, who may have `most`. Raises AppTaken or QuotaReached."""
        async with self._database.write() as conn:
            await check_room(conn, "apps", most, apps.c.maker, app.maker)
            statement = insert(conn, apps).values(_row(app)).on_conflict_do_nothing()
            if (await conn.execute(statement)).rowcount != 1:
                raise AppTaken(app.appid)
            await note_change(conn)
            await record(conn, entry)
        self._registry.forget()

    async def change(self, appid: str, values: Mapping[str, Any], entry: Entry) -> None:
        """Change columns of an app; the caller has checked them."""
        async with self._database.write() as conn:
            await conn.execute(update(apps).where(apps.c.appid == appid).values(**values))
            await note_change(conn)
            await record(conn, entry)
        self._registry.forget()

    async def rotate(self, appid: str, secret: str, until: float, entry: Entry) -> None:
        """Give a new secret; the present one is accepted until then, one before it no longer."""
        await self.change(
            appid, {"secret": secret, "former_secret": apps.c.secret, "former_until": until}, entry
        )

    async def remove(self, appid: str, entry: Entry) -> None:
        """Forget an app with its tokens. Raises HasUsers."""
        async with self._database.write() as conn:
            theirs = select(users.c.uid).where(users.c.appid == appid).limit(1)
            if (await conn.execute(theirs)).first() is not None:
                raise HasUsers(appid)
            await conn.execute(delete(apps).where(apps.c.appid == appid))
            await note_change(conn)
            await record(conn, entry)
        self._registry.forget()

    async def get(self, appid: str) -> App | None:
        """The app, or None when there is none."""
        await self._registry.look()
        held = self._shelf.held
        if appid not in held:
            async with self._database.read() as conn:
                row = (await conn.execute(select(apps).where(apps.c.appid == appid))).one_or_none()
            if row is None:
                return None
            held[appid] = App(**row._mapping)
        return held[appid]

    async def of_maker(self, maker: int | None) -> list[App]:
        """A maker's apps, or all, by name."""
        query = select(apps).order_by(apps.c.name, apps.c.appid)
        if maker is not None:
            query = query.where(apps.c.maker == maker)
        async with self._database.read() as conn:
            return [App(**row._mapping) for row in await conn.execute(query)]

    async def users(self, appid: str) -> int:
        """How many users the app has."""
        query = select(func.count()).select_from(users).where(users.c.appid == appid)
        async with self._database.read() as conn:
            return int((await conn.execute(query)).scalar_one())

    async def add_token(self, fingerprint: str, appid: str, expires_at: float, entry: Entry) -> None:
        """Remember an application token; the one that ends first goes when there are TOKENS_AN_APP."""
        kept = (
            select(app_tokens.c.token)
            .where(app_tokens.c.appid == appid)
            .order_by(app_tokens.c.expires_at.desc())
            .limit(TOKENS_AN_APP - 1)
        )
        row = {"token": fingerprint, "appid": appid, "expires_at": expires_at}
        async with self._database.write() as conn:
            await conn.execute(
                delete(app_tokens).where(app_tokens.c.appid == appid, app_tokens.c.token.not_in(kept))
            )
            await conn.execute(insert(conn, app_tokens).values(row))
            await record(conn, entry)

    async def token(self, fingerprint: str, now: float) -> str | None:
        """The appid that an application token stands for; None when it is unknown or expired."""
        query = select(app_tokens.c.appid).where(
            app_tokens.c.token == fingerprint, app_tokens.c.expires_at > now
        )
        async with self._database.read() as conn:
            appid: str | None = (await conn.execute(query)).scalar_one_or_none()
        return appid

    async def prune(self, now: float) -> int:
        """Forget expired application tokens; how many went."""
        async with self._database.write() as conn:
            return await deleted(conn, delete(app_tokens).where(app_tokens.c.expires_at <= now))


def _row(app: App) -> dict[str, Any]:
    return {"appid": app.appid, "name": app.name, "secret": app.secret, "maker": app.maker}
