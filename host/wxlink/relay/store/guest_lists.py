"""What lists show of shares and guests: the other person, and the device as its user calls it."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.sql.elements import KeyedColumnElement

from wxlink.relay.store.database import Database
from wxlink.relay.store.roles import GUEST
from wxlink.relay.store.schema import bindings, devices, products, shares, users
from wxlink.relay.store.shares import Share
from wxlink.relay.store.users import User


@dataclass(frozen=True, slots=True)
class Listed:
    """A share as one side sees it. other: None while nobody took a share by QR code."""

    share: Share
    other: User | None
    others_alias: str
    device_alias: str
    product_name: str


class ShareFilter(NamedTuple):
    """Which shares of a user are wanted: those they sent, or those they got."""

    sent: bool
    status: int | None = None
    did: str | None = None


class SharePage(NamedTuple):
    """Part of a list of shares, and how long the list is."""

    total: int
    shares: list[Listed]


class Guest(NamedTuple):
    """Someone who has a device by its owner's leave, and since when."""

    user: User
    created_at: float


class GuestLists:
    """Reads the tables of shares and bindings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def shares(self, uid: str, which: ShareFilter, limit: int, skip: int) -> SharePage:
        """A user's shares, newest first."""
        mine, other = (shares.c.owner, shares.c.guest) if which.sent else (shares.c.guest, shares.c.owner)
        wanted = _wanted(mine == uid, which)
        query = (
            select(shares, products.c.name, func.coalesce(bindings.c.alias, "").label("alias"), *users.c)
            .join(devices, devices.c.did == shares.c.did)
            .join(products, products.c.product_key == devices.c.product_key)
            .outerjoin(bindings, and_(bindings.c.uid == shares.c.owner, bindings.c.did == shares.c.did))
            .outerjoin(users, users.c.uid == other)
            .where(wanted)
            .order_by(shares.c.created_at.desc(), shares.c.id.desc())
        )
        async with self._database.read() as conn:
            total = (await conn.execute(select(func.count()).select_from(shares).where(wanted))).scalar_one()
            rows = (await conn.execute(query.limit(limit).offset(skip))).all()
        return SharePage(total, [_listed(tuple(row), which.sent) for row in rows])

    async def guests(self, did: str) -> list[Guest]:
        """The guests of a device, oldest first."""
        query = (
            select(bindings.c.created_at.label("since"), *users.c)
            .join(users, users.c.uid == bindings.c.uid)
            .where(bindings.c.did == did, bindings.c.role == GUEST)
            .order_by(bindings.c.created_at, bindings.c.uid)
        )
        async with self._database.read() as conn:
            return [Guest(_user(tuple(row)[1:]), row[0]) for row in await conn.execute(query)]


def _wanted(mine: ColumnElement[bool], which: ShareFilter) -> ColumnElement[bool]:
    given: tuple[tuple[KeyedColumnElement[Any], object], ...] = (
        (shares.c.status, which.status),
        (shares.c.did, which.did),
    )
    return and_(mine, *(column == value for column, value in given if value is not None))


_SHARE_WIDTH = len(shares.columns)


def _listed(row: tuple[Any, ...], sent: bool) -> Listed:
    share = Share(*row[:_SHARE_WIDTH])
    product_name, alias, *person = row[_SHARE_WIDTH:]
    other = _user(tuple(person)) if person[0] is not None else None
    return Listed(share, other, share.owners_alias if sent else share.guests_alias, alias, product_name)


def _user(row: tuple[Any, ...]) -> User:
    return User(**dict(zip(users.columns.keys(), row, strict=True)))
