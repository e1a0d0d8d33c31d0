"""Tokens of members: sessions of a log-in, and API tokens for programs. Only fingerprints are stored."""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, Select, delete, select

from wxlink.relay.store.audit import Entry, record
from wxlink.relay.store.database import Database, deleted, insert
from wxlink.relay.store.members import MakerMember
from wxlink.relay.store.schema import member_tokens, members

TOKENS_A_MEMBER: Final = 100  # live ones; the one that ends first makes room
SESSION: Final = ""  # name of a token that a log-in gave


@dataclass(frozen=True, slots=True)
class MemberToken:
    """One token of a member; the token itself is not stored. scope: rights that it does not go beyond."""

    id: int
    member: int
    name: str
    scope: tuple[str, ...]
    created_at: float
    expires_at: float


class Held(NamedTuple):
    """A token with its member."""

    token: MemberToken
    member: MakerMember


class MemberTokens:
    """The table of members' tokens."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, fingerprint: str, token: MemberToken, entry: Entry) -> MemberToken:
        """Remember a token by its fingerprint; its id is drawn here."""
        row: dict[str, Any] = {
            "token": fingerprint,
            "member": token.member,
            "name": token.name,
            "scope": list(token.scope),
            "created_at": token.created_at,
            "expires_at": token.expires_at,
        }
        mine = member_tokens.c.member == token.member
        kept = select(member_tokens.c.id).where(mine).order_by(member_tokens.c.expires_at.desc())
        async with self._database.write() as conn:
            await conn.execute(
                delete(member_tokens).where(mine, member_tokens.c.id.not_in(kept.limit(TOKENS_A_MEMBER - 1)))
            )
            added = insert(conn, member_tokens).values(row).returning(member_tokens.c.id)
            id_ = (await conn.execute(added)).scalar_one()
            await record(conn, entry)
        return MemberToken(id_, token.member, token.name, token.scope, token.created_at, token.expires_at)

    async def get(self, fingerprint: str) -> Held | None:
        """The token with its member, expired or not; None when it is unknown."""
        query = _joined().where(member_tokens.c.token == fingerprint)
        async with self._database.read() as conn:
            row = (await conn.execute(query)).one_or_none()
        return None if row is None else _held(row)

    async def of_maker(self, maker: int) -> list[Held]:
        """The API tokens of a maker's members, those that end first at the beginning."""
        query = (
            _joined()
            .where(members.c.maker == maker, member_tokens.c.name != SESSION)
            .order_by(member_tokens.c.expires_at, member_tokens.c.id)
        )
        async with self._database.read() as conn:
            return [_held(row) for row in await conn.execute(query)]

    async def revoke(self, id_: int, maker: int, entry: Entry) -> bool:
        """End a token of one of the maker's members; whether there was one."""
        theirs = select(members.c.id).where(members.c.maker == maker)
        gone = delete(member_tokens).where(member_tokens.c.id == id_, member_tokens.c.member.in_(theirs))
        async with self._database.write() as conn:
            found = await deleted(conn, gone) == 1
            if found:
                await record(conn, entry)
        return found

    async def end_sessions(self, member: int, but: int) -> int:
        """End a member's sessions, but for one; how many went. API tokens stay."""
        gone = delete(member_tokens).where(
            member_tokens.c.member == member,
            member_tokens.c.name == SESSION,
            member_tokens.c.id != but,
        )
        async with self._database.write() as conn:
            return await deleted(conn, gone)

    async def prune(self, now: float) -> int:
        """Forget expired tokens; how many went."""
        async with self._database.write() as conn:
            return await deleted(conn, delete(member_tokens).where(member_tokens.c.expires_at <= now))


_WIDTH: Final = len(member_tokens.columns)


def _joined() -> Select[Any]:
    return select(member_tokens, members).join(members, members.c.id == member_tokens.c.member)


def _held(row: Row[Any]) -> Held:
    token = dict(zip(member_tokens.columns.keys(), row[:_WIDTH], strict=True))
    del token["token"]
    member = dict(zip(members.columns.keys(), row[_WIDTH:], strict=True))
    return Held(MemberToken(**{**token, "scope": tuple(token["scope"])}), MakerMember(**member))
