"""Users of an app, and their tokens."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.masks import masked, masked_email
from wxlink.relay.store.audit import Entry, record
from wxlink.relay.store.database import Database, deleted, insert
from wxlink.relay.store.makers import check_room
from wxlink.relay.store.schema import page_sessions, password_links, platform_users, tokens, users

TOKENS_A_USER: Final = 50  # live tokens; some pages log in at every load, so the oldest make room


@dataclass(frozen=True, slots=True)
class User:
    """One account. `password` is a scrypt hash; None for users who log in otherwise.

    profile: what they told of themselves (name, gender, birthday, address, remark); keys may be missing.
    """

    uid: str
    appid: str | None
    username: str | None
    email: str | None
    phone_id: str | None
    password: str | None
    lang: str
    created_at: float
    phone: str | None = None
    profile: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_anonymous(self) -> bool:
        """Whether the account has no name to log in with."""
        return self.password is None

    @property
    def shown_name(self) -> str:
        """What others may read: phone number, e-mail address or name, masked, or the uid; OAdoc's order."""
        return masked(self.phone) or masked_email(self.email) or masked(self.username) or self.uid


@dataclass(frozen=True, slots=True)
class Token:
    """What a user token stands for; the token itself is not stored."""

    uid: str
    appid: str
    expires_at: float


class NameTaken(Exception):
    """The username, e-mail address or phone number already names an account of this app."""


class Users:
    """The tables of users and tokens."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def anonymous(
        self, appid: str, phone_id: str, uid: str, lang: str, at: float, *, most: int | None = None
    ) -> User:
        """The user with this phone id; a new one with `uid` when there is none.

        Raises QuotaReached when it would be new and the app has `most` users.
        """
        found = select(users).where(users.c.appid == appid, users.c.phone_id == phone_id)
        async with self._database.read() as conn:
            known = (await conn.execute(found)).one_or_none()
        if known is not None:
            return User(**known._mapping)
        async with self._database.write() as conn:
            await check_room(conn, "users", most, users.c.appid, appid)
            row = _row(User(uid, appid, None, None, phone_id, None, lang, at))
            await conn.execute(
                insert(conn, users).values(row).on_conflict_do_nothing(index_elements=["appid", "phone_id"])
            )
            return User(**(await conn.execute(found)).one()._mapping)

    async def add_named(self, user: User, most: int | None = None) -> None:
        """Add a user who logs in with `username`, `email` or `phone`.

        Raises NameTaken, and QuotaReached when the app has `most` users.

        A username may not be another's address or number nor the reverse: a log-in gives just one text.
        """
        name = user.username or user.email or user.phone
        if name is None or user.appid is None:
            raise ValueError("a named user has an appid and a username, an e-mail address or a number")
        async with self._database.write() as conn:
            if (await conn.execute(select(users.c.uid).where(_named(user.appid, name)))).first() is not None:
                raise NameTaken(name)
            await check_room(conn, "users", most, users.c.appid, user.appid)
            added = await conn.execute(insert(conn, users).values(_row(user)).on_conflict_do_nothing())
            if added.rowcount != 1:
                raise NameTaken(name)

    async def named(self, appid: str, name: str) -> User | None:
        """The user whose username, e-mail address or phone number this is."""
        async with self._database.read() as conn:
            row = (await conn.execute(select(users).where(_named(appid, name)))).first()
        return None if row is None else User(**row._mapping)

    async def find(self, appid: str | None, key: str, value: str) -> User | None:
        """The user of this app (None: a person of WeChat) with this uid, username, email or phone."""
        found = select(users).where(users.c[key] == (value.lower() if key == "email" else value))
        async with self._database.read() as conn:
            row = (await conn.execute(found.where(users.c.appid.is_not_distinct_from(appid)))).first()
        return None if row is None else User(**row._mapping)

    async def get(self, uid: str) -> User | None:
        """The user, or None when there is none."""
        async with self._database.read() as conn:
            row = (await conn.execute(select(users).where(users.c.uid == uid))).one_or_none()
        return None if row is None else User(**row._mapping)

    async def of_platform(
        self,
        appid: str,
        platform: str,
        subject: str,
        uid: str,
        *,
        lang: str,
        at: float,
        most: int | None = None,
    ) -> str:
        """The uid of another platform's user in this app; a new user with `uid` when there is none.

        Raises QuotaReached when it would be new and the app has `most` users.
        """
        of_theirs = (
            (platform_users.c.appid == appid)
            & (platform_users.c.platform == platform)
            & (platform_users.c.subject == subject)
        )
        async with self._database.write() as conn:
            query = select(platform_users.c.uid).where(of_theirs)
            known: str | None = (await conn.execute(query)).scalar_one_or_none()
            if known is not None:
                return known
            await check_room(conn, "users", most, users.c.appid, appid)
            await add_user(conn, User(uid, appid, None, None, None, None, lang, at))
            row = {"appid": appid, "platform": platform, "subject": subject, "uid": uid}
            added = insert(conn, platform_users).values(row).on_conflict_do_nothing()
            if (await conn.execute(added)).rowcount == 1:
                return uid
            await conn.execute(delete(users).where(users.c.uid == uid))  # another relay was first
            return str((await conn.execute(query)).scalar_one())

    async def change(
        self, uid: str, changes: Mapping[str, Any], entry: Entry, *, keep_token: str | None = None
    ) -> bool:
        """Set columns of a user; False when there is none. A new password ends tokens, sessions and links.

        keep_token: the fingerprint of the token that goes on. Raises NameTaken.
        """
        async with self._database.write() as conn:
            known = (await conn.execute(select(users.c.appid).where(users.c.uid == uid))).one_or_none()
            if known is None:
                return False
            for name in (changes.get(key) for key in ("username", "email", "phone")):
                taken = select(users.c.uid).where(_named(known.appid, name or ""), users.c.uid != uid)
                if name and (await conn.execute(taken)).first() is not None:
                    raise NameTaken(name)
            try:
                await conn.execute(update(users).where(users.c.uid == uid).values(**changes))
            except IntegrityError as error:  # another relay was first
                raise NameTaken(uid) from error
            if "password" in changes:
                others = delete(tokens).where(tokens.c.uid == uid, tokens.c.token != (keep_token or ""))
                await conn.execute(others)
                for table in (page_sessions, password_links):
                    await conn.execute(delete(table).where(table.c.uid == uid))
            await record(conn, entry)
        return True

    async def add_password_link(self, fingerprint: str, uid: str, expires_at: float) -> None:
        """Remember a link that lets a user set a new password; earlier ones end."""
        async with self._database.write() as conn:
            await conn.execute(delete(password_links).where(password_links.c.uid == uid))
            row = {"link": fingerprint, "uid": uid, "expires_at": expires_at}
            await conn.execute(insert(conn, password_links).values(row))

    async def password_link(self, fingerprint: str, now: float) -> str | None:
        """Whose password the link may set; None when it is unknown or expired."""
        mine = (password_links.c.link == fingerprint) & (password_links.c.expires_at > now)
        async with self._database.read() as conn:
            return (await conn.execute(select(password_links.c.uid).where(mine))).scalar_one_or_none()

    async def add_token(self, fingerprint: str, token: Token, entry: Entry | None = None) -> None:
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
            if entry is not None:
                await record(conn, entry)

    async def token(self, fingerprint: str) -> Token | None:
        """What the token stands for, expired or not; None when it is unknown."""
        query = select(tokens.c.uid, tokens.c.appid, tokens.c.expires_at).where(tokens.c.token == fingerprint)
        async with self._database.read() as conn:
            row = (await conn.execute(query)).one_or_none()
        return None if row is None else Token(**row._mapping)

    async def prune(self, now: float) -> int:
        """Forget expired tokens and links; how many went."""
        async with self._database.write() as conn:
            links = await deleted(conn, delete(password_links).where(password_links.c.expires_at <= now))
            return links + await deleted(conn, delete(tokens).where(tokens.c.expires_at <= now))


async def add_user(conn: AsyncConnection, user: User) -> None:
    """Insert a user within another table's transaction."""
    await conn.execute(insert(conn, users).values(_row(user)))


def _named(appid: str, name: str) -> ColumnElement[bool]:
    same = or_(users.c.username == name, users.c.email == name.lower(), users.c.phone == name)
    return (users.c.appid == appid) & same


def _row(user: User) -> dict[str, object]:
    return asdict(user)
