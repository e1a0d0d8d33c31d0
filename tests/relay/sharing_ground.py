"""People around one device, for the tests of sharing."""

import re
from collections.abc import Iterable, Sequence

import pytest
from relay_ground import APPID, NOW
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.errors import ApiError
from wxlink.relay.ids import fingerprint
from wxlink.relay.store import BY_QR, TO_USER, Draft, Store, User
from wxlink.relay.store.happenings import BindingBegan, BindingEnded, Happening

OWNER_UID = "0" * 31 + "1"
GUEST_UID = "0" * 31 + "2"
THIRD_UID = "0" * 31 + "3"
CODE = fingerprint("the text of a QR code")
DAY_S = 86_400


def refused(code: int) -> "pytest.RaisesExc[ApiError]":
    """The block raises this error."""
    return pytest.raises(ApiError, match=rf"^{code} ")


async def add_people(store: Store, *uids: str) -> None:
    """Users with names `user-<last digit>`."""
    for uid in uids or (OWNER_UID, GUEST_UID, THIRD_UID):
        await store.users.add_named(User(uid, APPID, f"user-{uid[-1]}", None, None, "hash", "en", NOW))


def to_user(did: str, guest: str = GUEST_UID, owner: str = OWNER_UID, minutes: int | None = None) -> Draft:
    """An invitation that can be accepted for a day."""
    return Draft(TO_USER, did, owner, guest, None, minutes, NOW + DAY_S)


def by_qr(did: str, code: str = CODE, owner: str = OWNER_UID) -> Draft:
    """An invitation by QR code, for a quarter of an hour."""
    return Draft(BY_QR, did, owner, None, code, None, NOW + 900)


class Bindings:
    """Follows who has which device, by what transactions tell; `now` is (uid, did) of those who do."""

    def __init__(self, store: Store, *known: tuple[str, str]) -> None:
        self.now = set(known)
        self.log: list[str] = []
        store.followers.add(self)

    async def __call__(self, _conn: AsyncConnection, happenings: Sequence[Happening]) -> None:
        for one in happenings:
            if isinstance(one, BindingBegan):
                self.now.add((one.uid, one.did))
                self.log.append(f"+{one.uid[-1]}")
            elif isinstance(one, BindingEnded):
                self.now.remove((one.uid, one.did))
                self.log.append(f"-{one.uid[-1]}")


async def events(store: Store, uid: str) -> list[str]:
    """The events of a user's messages, oldest first."""
    found = (await store.messages.page(uid, None, 1000, 0)).messages
    return [message.event for message in sorted(found, key=lambda one: one.created_at)]


def outcomes(results: Iterable[object]) -> list[str]:
    """`done` or the code, sorted; anything but an ApiError is raised."""
    told = []
    for one in results:
        if isinstance(one, BaseException) and not isinstance(one, ApiError):
            raise one
        told.append(str(one.code) if isinstance(one, ApiError) else "done")
    return sorted(told, key=lambda word: (not re.match(r"\d", word), word))
