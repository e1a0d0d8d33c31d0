"""Shares: an owner's invitations to a device, and what became of them."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, and_, delete, exists, func, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.errors import ApiError
from wxlink.relay.store.bindings import Binding, add_binding, called, end, lock, role_of
from wxlink.relay.store.database import Database, deleted, insert
from wxlink.relay.store.messages import add_message
from wxlink.relay.store.roles import GUEST, OWNER, RULES, Act
from wxlink.relay.store.schema import bindings, shares, users
from wxlink.relay.store.share_states import ACCEPTED, BY_QR, CANCELLED, PENDING, REFUSED
from wxlink.relay.store.users import User

GUESTS_A_DEVICE: Final = 100  # users besides the owner
INVITATIONS_A_DEVICE: Final = 100  # that still wait for an answer
REMEMBERED_S: Final = 30 * 86_400  # how long a share that leads nowhere any more is listed


@dataclass(frozen=True, slots=True)
class Share:
    """One invitation.

    type: TO_USER or BY_QR. guest: None while nobody took a BY_QR. code: fingerprint of that one's code.
    minutes: how long the guest keeps the device, None: as long as the owner likes. The aliases are what
    owner and guest call each other.
    """

    id: int
    type: int
    did: str
    owner: str
    guest: str | None
    code: str | None
    minutes: int | None
    status: int
    owners_alias: str
    guests_alias: str
    created_at: float
    updated_at: float
    expires_at: float


class Draft(NamedTuple):
    """A share that is to be."""

    type: int
    did: str
    owner: str
    guest: str | None
    code: str | None
    minutes: int | None
    expires_at: float


class _Sides(NamedTuple):
    owner: str
    guest: str
    did: str


class Shares:
    """The table of shares. Whatever changes who has a device holds that device first (see `bindings.lock`).

    Raises ApiError with the codes of OAdoc's table; nothing is changed then.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, draft: Draft, at: float) -> int:
        """Invite somebody; the id. The special user becomes the owner by it, the others become guests.

        Raises ApiError: 9014 no such device, 9017 not the user's, 9041 too many invitations wait, 9080 to
        oneself, 9081 the user is not its head, 9083 the guest has it, 9087 this guest is invited already.
        """
        async with self._database.write() as conn:
            role = await _locked_role(conn, draft.owner, draft.did)
            if role not in RULES[Act.SHARE].roles:
                raise ApiError(RULES[Act.SHARE].refused)
            if draft.guest == draft.owner:
                raise ApiError(9080)
            if draft.guest is not None and await role_of(conn, draft.guest, draft.did) is not None:
                raise ApiError(9083)
            waiting = and_(
                shares.c.did == draft.did,
                shares.c.owner == draft.owner,
                shares.c.status == PENDING,
                shares.c.expires_at > at,
            )
            invited = (await conn.execute(select(shares.c.guest).where(waiting))).scalars().all()
            if draft.guest is not None and draft.guest in invited:
                raise ApiError(9087)
            if len(invited) >= INVITATIONS_A_DEVICE:
                raise ApiError(9041, f"{INVITATIONS_A_DEVICE} invitations to this device wait; cancel some")
            if role != OWNER:
                theirs = update(bindings).where(bindings.c.did == draft.did)
                await conn.execute(theirs.where(bindings.c.uid == draft.owner).values(role=OWNER))
                await conn.execute(theirs.where(bindings.c.uid != draft.owner).values(role=GUEST))
            row = {
                **draft._asdict(),
                "status": PENDING,
                "owners_alias": "",
                "guests_alias": "",
                "created_at": at,
                "updated_at": at,
            }
            made = insert(conn, shares).values(row).returning(shares.c.id)
            share = int((await conn.execute(made)).scalar_one())
            if draft.guest is not None:
                sides = _Sides(draft.owner, draft.guest, draft.did)
                await _tell_both(conn, "invited", sides, at)
        return share

    async def answer(self, share: int, uid: str, accept: bool, at: float) -> str:
        """Accept or refuse an invitation; its did.

        Raises ApiError: 9041 the device has all the guests it may have, 9083 the user has the device, 9084 no
        such invitation, 9088 too late, 9089 answered before, 9090 who invited no longer owns the device,
        9094 taken back, 9096 it is another's.
        """
        async with self._database.write() as conn:
            found = await _locked(conn, shares.c.id == share)
            if found.guest != uid:
                raise ApiError(9096)
            _check_waiting(found, at)
            if accept:
                await self._let_in(conn, found, uid, at)
            await _set(conn, share, at, status=ACCEPTED if accept else REFUSED)
            sides = _Sides(found.owner, uid, found.did)
            await _tell_both(conn, "accepted" if accept else "refused", sides, at)
        return found.did

    async def redeem(self, code: str, uid: str, at: float) -> str:
        """Accept the invitation with this code (its fingerprint); its did. Raises ApiError as `answer`."""
        async with self._database.write() as conn:
            found = await _locked(conn, shares.c.code == code)
            await _check_code(conn, found, uid, at)
            await self._let_in(conn, found, uid, at)
            await _set(conn, found.id, at, status=ACCEPTED, guest=uid)
            await _tell_both(conn, "accepted", _Sides(found.owner, uid, found.did), at)
        return found.did

    async def show(self, code: str, uid: str, at: float) -> tuple[Share, User, str]:
        """The invitation with this code, who invites, and what they call the device. Raises as `redeem`."""
        async with self._database.read() as conn:
            found = await _found(conn, shares.c.code == code)
            await _check_code(conn, found, uid, at)
            return found, await _user(conn, found.owner), await called(conn, found.owner, found.did)

    async def cancel(self, share: int, uid: str, at: float) -> tuple[str, str | None]:
        """Take an invitation back, an accepted one with the device; the did, and who lost it.

        Raises ApiError: 9084 no such invitation, 9089 it was refused, or taken by QR code, which OAdoc wants
        to be undone at the guest, 9093 another's, 9094 done before.
        """
        async with self._database.write() as conn:
            found = await _locked(conn, shares.c.id == share)
            if found.owner != uid:
                raise ApiError(RULES[Act.REMOVE_GUESTS].refused)
            if found.status == CANCELLED:
                raise ApiError(9094)
            if found.status == REFUSED:
                raise ApiError(9089)
            if found.status == ACCEPTED and found.type == BY_QR:
                raise ApiError(9089, "remove the guest with DELETE /app/{did}/bindings?uid=")
            lost = None
            if found.status == ACCEPTED and found.guest is not None:
                lost = found.guest
                await _tell_both(conn, "cancelled", _Sides(uid, lost, found.did), at)
                await end(conn, self._database.followers, found.did, (lost,), at)
            elif found.guest is not None:
                words = await _words(conn, _Sides(uid, found.guest, found.did))
                await add_message(conn, uid, "share.cancelled", words, at)
            await _set(conn, share, at, status=CANCELLED)
        return found.did, lost

    async def set_alias(self, share: int, uid: str, alias: str) -> None:
        """What the user calls the other side. Raises ApiError 9084, and 9100 when they are neither side."""
        async with self._database.write() as conn:
            found = await _found(conn, shares.c.id == share)
            column = {found.guest: "guests_alias", found.owner: "owners_alias"}.get(uid)
            if column is None:
                raise ApiError(9100)
            await conn.execute(update(shares).where(shares.c.id == share).values({column: alias}))

    async def remove_guest(self, uid: str, did: str, guest: str, at: float) -> None:
        """Take a device from a guest.

        Raises ApiError: 9014, 9017, 9082 the guest does not have it, 9093 not the owner, 9095 it is oneself.
        """
        async with self._database.write() as conn:
            await _as_owner(conn, uid, did, Act.REMOVE_GUESTS)
            if guest == uid:
                raise ApiError(9095)
            if await role_of(conn, guest, did) is None:
                raise ApiError(9082)
            await _tell_both(conn, "cancelled", _Sides(uid, guest, did), at)
            await end(conn, self._database.followers, did, (guest,), at)

    async def transfer(self, uid: str, did: str, guest: str, at: float) -> None:
        """Make a guest the owner; the old one loses the device, the other guests stay.

        Raises ApiError: 9014, 9017, 9080 it is oneself, 9082 no guest of this device, 9093 not the owner.
        """
        async with self._database.write() as conn:
            await _as_owner(conn, uid, did, Act.TRANSFER)
            if guest == uid:
                raise ApiError(9080)
            if await role_of(conn, guest, did) != GUEST:
                raise ApiError(9082)
            await _tell_both(conn, "transferred", _Sides(uid, guest, did), at)
            heir = (bindings.c.did == did) & (bindings.c.uid == guest)
            await conn.execute(update(bindings).where(heir).values(role=OWNER, expires_at=None))
            mine = (shares.c.did == did) & (shares.c.owner == uid) & (shares.c.status == ACCEPTED)
            await conn.execute(
                update(shares).where(mine, shares.c.guest == guest).values(status=CANCELLED, updated_at=at)
            )
            await conn.execute(update(shares).where(mine).values(owner=guest, owners_alias=""))
            await end(conn, self._database.followers, did, (uid,), at)

    async def prune(self, now: float) -> int:
        """Forget shares that lead nowhere and are older than REMEMBERED_S; how many went."""
        bound = exists().where(bindings.c.uid == shares.c.guest, bindings.c.did == shares.c.did)
        over = or_(shares.c.status != ACCEPTED, not_(bound))
        async with self._database.write() as conn:
            old = and_(shares.c.updated_at <= now - REMEMBERED_S, shares.c.expires_at <= now - REMEMBERED_S)
            return await deleted(conn, delete(shares).where(old, over))

    async def _let_in(self, conn: AsyncConnection, share: Share, uid: str, at: float) -> None:
        if await role_of(conn, share.owner, share.did) != OWNER:
            raise ApiError(9090)
        if await role_of(conn, uid, share.did) is not None:
            raise ApiError(9083)
        count = select(func.count()).select_from(bindings).where(bindings.c.did == share.did)
        if (await conn.execute(count)).scalar_one() > GUESTS_A_DEVICE:
            raise ApiError(9041, f"a device has at most {GUESTS_A_DEVICE} guests")
        ends = None if share.minutes is None else at + 60 * share.minutes
        binding = Binding(uid, share.did, GUEST, at, expires_at=ends)
        await add_binding(conn, self._database.followers, binding)


def _check_waiting(share: Share, at: float) -> None:
    if share.status == CANCELLED:
        raise ApiError(9094)
    if share.status != PENDING:
        raise ApiError(9089)
    if share.expires_at <= at:
        raise ApiError(9088)


async def _check_code(conn: AsyncConnection, share: Share, uid: str, at: float) -> None:
    """Whether the user may take a QR share up."""
    if share.owner == uid:
        raise ApiError(9096)
    if await role_of(conn, uid, share.did) is not None:
        raise ApiError(9083)
    _check_waiting(share, at)
    if await role_of(conn, share.owner, share.did) != OWNER:
        raise ApiError(9090)


async def _found(conn: AsyncConnection, which: ColumnElement[bool]) -> Share:
    row = (await conn.execute(select(shares).where(which))).one_or_none()
    if row is None:
        raise ApiError(9084)
    return Share(**row._mapping)


async def _locked(conn: AsyncConnection, which: ColumnElement[bool]) -> Share:
    """The share as it is once its device is held; before that it may still change."""
    await lock(conn, (await _found(conn, which)).did)
    return await _found(conn, which)


async def _locked_role(conn: AsyncConnection, uid: str, did: str) -> str:
    if not await lock(conn, did):
        raise ApiError(9014)
    role = await role_of(conn, uid, did)
    if role is None:
        raise ApiError(9017)
    return role


async def _as_owner(conn: AsyncConnection, uid: str, did: str, act: Act) -> None:
    if await _locked_role(conn, uid, did) not in RULES[act].roles:
        raise ApiError(RULES[act].refused)


async def _set(conn: AsyncConnection, share: int, at: float, **values: object) -> None:
    await conn.execute(update(shares).where(shares.c.id == share).values(updated_at=at, **values))


async def _user(conn: AsyncConnection, uid: str) -> User:
    row = (await conn.execute(select(users).where(users.c.uid == uid))).one()
    return User(**row._mapping)


async def _words(conn: AsyncConnection, sides: _Sides) -> dict[str, str]:
    return {
        "owner": (await _user(conn, sides.owner)).shown_name,
        "guest": (await _user(conn, sides.guest)).shown_name,
        "device": await called(conn, sides.owner, sides.did),
    }


async def _tell_both(conn: AsyncConnection, what: str, sides: _Sides, at: float) -> None:
    """A message each; their texts differ."""
    words = await _words(conn, sides)
    await add_message(conn, sides.owner, f"share.{what}", words, at)
    await add_message(conn, sides.guest, f"share.{what}_me", words, at)
