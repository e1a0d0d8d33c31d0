"""Users of an app, and their tokens."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.store.database import Database, deleted, insert
from wxlink.relay.store.schema import tokens, users

TOKENS_A_USER: Final = 50  # live tokens; some pages log in at every load, so the oldest make room


@dataclass(frozen=True, slots=True)
class User:
    """One account. `password` is a scrypt hash; None for anonymous users and people of WeChat."""

    uid: str
    appid: str | None
    username: str | None
    email: str | None
    phone_id: str | None
    password: str | None
    lang: str
    created_at: float

    @property
    def is_anonymous(self) -> bool:
        """Whether the account has no name to log in with."""
        return self.password is None


@dataclass(frozen=True, slots=True)
class Token:
    """What a user token stands for; the token itself is not stored."""

    uid: str
    appid: str
    expires_at: float


class NameTaken(Exception):
    """The username or e-mail address already names an account of this app."""


class Users:
    """The tables of users and tokens."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def anonymous(self, appid: str, phone_id: str, uid: str, lang: str, at: float) -> User:
        """The user with this phone id; a new one with `uid` when there is none."""
        async with self._database.write() as conn:
            row = _row(User(uid, appid, None, None, phone_id, None, lang, at))
            await conn.execute(
                insert(conn, users).values(row).on_conflict_do_nothing(index_elements=["appid", "phone_id"])
            )
            found = select(users).where(users.c.appid == appid, users.c.phone_id == phone_id)
            return User(**(await conn.execute(found)).one()._mapping)

    async def add_named(self, user: User) -> None:
        """Add a user who logs in with `username` or `email`. Raises NameTaken.

        A username may not be another's address nor the reverse: a log-in gives just one text.
        """
        name = user.username or user.email
        if name is None or user.appid is None:
            raise ValueError("a named user has an appid and a username or an e-mail address")
        async with self._database.write() as conn:
            if (await conn.execute(select(users.c.uid).where(_named(user.appid, name)))).first() is not None:
                raise NameTaken(name)
            added = await conn.execute(insert(conn, users).values(_row(user)).on_conflict_do_nothing())
            if added.rowcount != 1:
                raise NameTaken(name)

    async def named(self, appid: str, name: str) -> User | None:
        """The user whose username or e-mail address this is."""
        async with self._database.read() as conn:
            row = (await conn.execute(select(users).where(_named(appid, name)))).first()
        return None if row is None else User(**row._mapping)

    async def get(self, uid: str) -> User | None:
        """The user, or None when there is none."""
        async with self._database.read() as conn:
            row = (await conn.execute(select(users).where(users.c.uid == uid))).one_or_none()
        return None if row is None else User(**row._mapping)

    async def add_token(self, fingerprint: str, token: Token) -> None:
        """Remember a token by its fingerprint; a user's oldest go when there are more than TOKENS_A_USER."""
        kept = (
            select(tokens.c.token)
            .where(tokens.c.uid == token.uid)
            .order_by(tokens.c.expires_at.desc())
            .limit(TOKENS_A_USER - 1)
        )
        row = {"token": fingerprint, "uid": token.uid, "appid": token.appid, "expires_at": token.expires_at}
        async with self._database.write() as conn:
            await conn.execute(delete(tokens).where(tokens.c.uid == token.uid, tokens.c.token.not_in(kept)))
            await conn.execute(insert(conn, tokens).values(row))

    async def token(self, fingerprint: str) -> Token | None:
        """What the token stands for, expired or not; None when it is unknown."""
        query = select(tokens.c.uid, tokens.c.appid, tokens.c.expires_at).where(tokens.c.token == fingerprint)
        async with self._database.read() as conn:
            row = (await conn.execute(query)).one_or_none()
        return None if row is None else Token(**row._mapping)

    async def prune(self, now: float) -> int:
        """Forget expired tokens; how many went."""
        async with self._database.write() as conn:
            return await deleted(conn, delete(tokens).where(tokens.c.expires_at <= now))


async def add_user(conn: AsyncConnection, user: User) -> None:
    """Insert a user within another table's transaction."""
    await conn.execute(insert(conn, users).values(_row(user)))


def _named(appid: str, name: str) -> ColumnElement[bool]:
    return (users.c.appid == appid) & or_(users.c.username == name, users.c.email == name.lower())


def _row(user: User) -> dict[str, object]:
    return {
        "uid": user.uid,
        "appid": user.appid,
        "username": user.username,
        "email": user.email,
        "phone_id": user.phone_id,
        "password": user.password,
        "lang": user.lang,
        "created_at": user.created_at,
    }
