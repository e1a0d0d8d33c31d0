"""Members of a maker: who they are, how they log in, and the tokens of their programs."""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from wxlink.relay.errors import ApiError
from wxlink.relay.ids import fingerprint, new_key
from wxlink.relay.service.actor import MEMBERS, READ, RIGHTS, ROLES, Actor
from wxlink.relay.service.core import check_text
from wxlink.relay.service.makers import MEMBER_NAME, Makers
from wxlink.relay.service.passwords import PASSWORD_MAX
from wxlink.relay.service.throttle import Throttle
from wxlink.relay.settings import DAY_S
from wxlink.relay.store import (
    SESSION,
    Held,
    LastOwner,
    MakerMember,
    MemberTaken,
    MemberToken,
    TooManyMembers,
)

SESSION_LIFE_S: Final = 12 * 3_600  # a working day
TOKEN_DAYS: Final = 90
TOKEN_DAYS_MAX: Final = 366
FAILURES: Final = 10  # wrong passwords for a name or from an address...
FAILURES_WINDOW_S: Final = 300  # ...in this time; the next are refused without a look
_TOKEN_MAX: Final = 128  # characters; ours have 32
_NAME_MAX: Final = 128  # characters


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token that was just made; `secret` is shown this once."""

    secret: str = field(repr=False)
    token: MemberToken


class Members(Makers):
    """Use cases of members."""

    @cached_property
    def _member_failures(self) -> Throttle:
        return Throttle(FAILURES, FAILURES_WINDOW_S)

    async def log_in_member(self, name: str, password: str, address: str) -> IssuedToken:
        """A session of a member.

        Raises ApiError: 9015 a text is too long, 9020 wrong name or password (both take as long), 9023 the
        maker is locked, 9041 too many wrong passwords for this name or from this address.
        """
        check_text("name", name, _NAME_MAX)
        check_text("password", password, PASSWORD_MAX)
        now = self.clock()
        keys = (("name", name.lower()), ("address", address))
        if any(self._member_failures.is_full(key, now) for key in keys):
            raise ApiError(9041, f"too many wrong passwords; wait {FAILURES_WINDOW_S // 60} minutes")
        # Counted before the hash is worked out: guesses that come together must not all pass the check above.
        for key in keys:
            self._member_failures.count(key, now)
        member = await self.store.members.named(name) if MEMBER_NAME.fullmatch(name) else None
        right = await self.member_passwords.matches(password, None if member is None else member.password)
        entry = self.entry(
            member.maker if member else None, f"member {member.name}" if member else "", "member.login", ""
        )
        if member is None or not right:
            await self.store.audit.add(entry.refused(9020))
            raise ApiError(9020)
        if (await self.maker(member.maker)).disabled:
            await self.store.audit.add(entry.refused(9023))
            raise ApiError(9023, "the maker is locked; ask the relay's operator")
        for key in keys:
            self._member_failures.forget(key)
        secret = new_key()
        session = MemberToken(0, member.id, SESSION, tuple(RIGHTS), now, now + SESSION_LIFE_S)
        return IssuedToken(secret, await self.store.member_tokens.add(fingerprint(secret), session, entry))

    async def actor(self, token: str) -> Actor:
        """Whom a session or an API token stands for. Raises ApiError 9004."""
        held = None
        if token and len(token) <= _TOKEN_MAX:
            held = await self.store.member_tokens.get(fingerprint(token))
        if held is None or held.token.expires_at <= self.clock():
            raise ApiError(9004, "log in again, or use another token")
        known, member = held
        if (await self.maker(member.maker)).disabled:
            raise ApiError(9004, "the maker is locked; ask the relay's operator")
        rights = ROLES.get(member.role, frozenset()) & frozenset(known.scope)
        return Actor(
            f"member {member.name}", member.maker, rights, member.id, known.id, known.name == SESSION
        )

    async def log_out_member(self, by: Actor) -> None:
        """End the session or token that is used."""
        entry = self.entry(by.maker, by.account, "member.logout", "")
        await self.store.member_tokens.revoke(by.token, _maker(by), entry)

    async def members(self, by: Actor) -> list[MakerMember]:
        """The maker's members. Raises ApiError 9093."""
        by.need(READ)
        return await self.store.members.of(_maker(by))

    async def add_member(self, by: Actor, name: str, role: str, password: str) -> MakerMember:
        """A new member. Raises ApiError: 9012 too many, 9015, 9019 the name is taken, 9093."""
        async with self.audited(by, MEMBERS, "member.add", _shown(name)) as entry:
            member = await self._new_member(name, _role(role), password)
            try:
                return await self.store.members.add(_maker(by), member, entry)
            except MemberTaken as error:
                raise ApiError(9019, "there is a member of this name, perhaps of another maker") from error
            except TooManyMembers as error:
                raise ApiError(9012, "the maker has as many members as can be") from error

    async def set_role(self, by: Actor, name: str, role: str) -> None:
        """Give a member another role. Raises ApiError: 9005, 9015, 9093 also for the last owner."""
        async with self.audited(by, MEMBERS, "member.role", f"{_shown(name)} {_shown(role)}") as entry:
            member = await self._member(by, name)
            try:
                await self.store.members.set_role(member, _role(role), entry)
            except LastOwner as error:
                raise ApiError(9093, _LAST_OWNER) from error

    async def set_password(self, by: Actor, name: str, password: str) -> None:
        """Give a member another password; the member's sessions end, but for the one in use.

        For oneself it needs a session, for others the right `members`. Raises ApiError 9005, 9015 or 9093.
        """
        right = READ if by.session and by.member and by.name == name else MEMBERS
        async with self.audited(by, right, "member.password", _shown(name)) as entry:
            member = await self._member(by, name)
            await self.store.members.set_password(member, await self._hashed(password), entry)
            await self.store.member_tokens.end_sessions(member.id, but=by.token)

    async def remove_member(self, by: Actor, name: str) -> None:
        """Remove a member with all tokens. Raises ApiError 9005, 9093 also for the last owner."""
        async with self.audited(by, MEMBERS, "member.remove", _shown(name)) as entry:
            member = await self._member(by, name)
            try:
                await self.store.members.remove(member, entry)
            except LastOwner as error:
                raise ApiError(9093, _LAST_OWNER) from error

    async def tokens(self, by: Actor) -> list[Held]:
        """The maker's API tokens; without the right `members` one's own. Raises ApiError 9093."""
        by.need(READ)
        held = await self.store.member_tokens.of_maker(_maker(by))
        return [one for one in held if MEMBERS in by.rights or one.member.id == by.member]

    async def add_token(
        self, by: Actor, member: str, name: str, rights: Collection[str], days: int = TOKEN_DAYS
    ) -> IssuedToken:
        """An API token of a member, for a program.

        rights: it never does more than these, nor more than its member may at that time. Members make tokens
        of their own; a token makes no tokens. Raises ApiError: 9005 no such member, 9015, 9093.
        """
        async with self.audited(by, READ, "token.add", name) as entry:
            if not by.session or (by.member and by.name != member):
                raise ApiError(9093, "log in with your password, and make a token of your own")
            check_text("name", name, 64, 1)
            if not rights or not set(rights) <= RIGHTS.keys():
                raise ApiError(9015, f"name one or more rights of {', '.join(RIGHTS)}")
            if not 1 <= days <= TOKEN_DAYS_MAX:
                raise ApiError(9015, f"a token lives 1 to {TOKEN_DAYS_MAX} days")
            owner = await self._member(by, member)
            beyond = set(rights) - ROLES[owner.role]
            if beyond:
                raise ApiError(9093, f"the role {owner.role} lacks {', '.join(sorted(beyond))}")
            now, secret = self.clock(), new_key()
            scope = tuple(right for right in RIGHTS if right in rights)
            token = MemberToken(0, owner.id, name, scope, now, now + days * DAY_S)
            return IssuedToken(secret, await self.store.member_tokens.add(fingerprint(secret), token, entry))

    async def revoke_token(self, by: Actor, id_: int) -> None:
        """End an API token; another member's needs the right `members`. Raises ApiError 9005 or 9093."""
        async with self.audited(by, READ, "token.revoke", str(id_)) as entry:
            theirs = {one.token.id for one in await self.tokens(by)}
            if id_ not in theirs or not await self.store.member_tokens.revoke(id_, _maker(by), entry):
                raise ApiError(9005, "there is no such token")

    async def _member(self, by: Actor, name: str) -> MakerMember:
        member = await self.store.members.named(name) if MEMBER_NAME.fullmatch(name) else None
        if member is None or member.maker != _maker(by):
            raise ApiError(9005, "the maker has no such member")
        return member


_LAST_OWNER: Final = "a maker keeps one owner at least: make another member an owner first"


def _maker(by: Actor) -> int:
    if by.maker is None:
        raise ApiError(9015, "name the maker")
    return by.maker


def _role(role: str) -> str:
    if role not in ROLES:
        raise ApiError(9015, f"a role is one of {', '.join(ROLES)}")
    return role


def _shown(name: str) -> str:
    """A name for the audit log; what can be none may be a password in the wrong field."""
    return name if MEMBER_NAME.fullmatch(name) else "?"
