"""Shares in the database: what an invitation does to roles, and races that one transaction decides."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from relay_ground import MAC, NOW, PASSCODE, PRODUCT_KEY
from sharing_ground import (
    CODE,
    DAY_S,
    GUEST_UID,
    OWNER_UID,
    THIRD_UID,
    Bindings,
    add_people,
    by_qr,
    events,
    outcomes,
    refused,
    to_user,
)

from wxlink.relay.ids import fingerprint
from wxlink.relay.store import (
    ACCEPTED,
    CANCELLED,
    GUEST,
    NORMAL,
    OWNER,
    PENDING,
    REFUSED,
    SPECIAL,
    ShareFilter,
    Store,
)
from wxlink.relay.store.shares import INVITATIONS_A_DEVICE, REMEMBERED_S

ROUNDS = 12  # of each race
SENT = ShareFilter(sent=True)
GOT = ShareFilter(sent=False)


@pytest.fixture
async def other_store(store: Store, store_url: str) -> AsyncIterator[Store]:
    """The same database as another process opens it."""
    opened = await Store.open(store_url)
    yield opened
    await opened.close()


@pytest.fixture
async def owned(store: Store, did: str) -> str:
    """A device whose first user is the one who will share it."""
    await add_people(store)
    await store.bindings.bind(OWNER_UID, did, NOW)
    return did


async def statuses(store: Store, uid: str, which: ShareFilter = SENT) -> list[int]:
    page = await store.guest_lists.shares(uid, which, 1000, 0)
    assert page.total == len(page.shares)
    return [one.share.status for one in page.shares]


async def test_an_invitation_makes_owner_and_guests_before_it_is_answered(store: Store, owned: str) -> None:
    await store.bindings.bind(THIRD_UID, owned, NOW + 1)
    assert await store.bindings.roles(owned) == {OWNER_UID: SPECIAL, THIRD_UID: NORMAL}
    await store.shares.add(to_user(owned), NOW)
    assert await store.bindings.roles(owned) == {OWNER_UID: OWNER, THIRD_UID: GUEST}
    with refused(9092):
        await store.bindings.bind(GUEST_UID, owned, NOW + 2)
    assert not await store.bindings.bind(THIRD_UID, owned, NOW + 2), "who has it already keeps it"


async def test_the_life_of_an_invitation(store: Store, owned: str) -> None:
    told = Bindings(store, (OWNER_UID, owned))
    first = await store.shares.add(to_user(owned), NOW)
    await store.shares.answer(first, GUEST_UID, False, NOW + 1)
    second = await store.shares.add(to_user(owned), NOW + 2)
    assert await store.shares.answer(second, GUEST_UID, True, NOW + 3) == owned
    assert await statuses(store, OWNER_UID) == [ACCEPTED, REFUSED]
    assert await statuses(store, GUEST_UID, GOT) == [ACCEPTED, REFUSED]
    assert await store.bindings.roles(owned) == {OWNER_UID: OWNER, GUEST_UID: GUEST}
    assert await store.shares.cancel(second, OWNER_UID, NOW + 4) == (owned, GUEST_UID)
    assert told.log == ["+2", "-2"]
    assert await statuses(store, OWNER_UID) == [CANCELLED, REFUSED]
    assert await events(store, OWNER_UID) == [
        "share.invited",
        "share.refused",
        "share.invited",
        "share.accepted",
        "share.cancelled",
    ]
    assert await events(store, GUEST_UID) == [
        "share.invited_me",
        "share.refused_me",
        "share.invited_me",
        "share.accepted_me",
        "share.cancelled_me",
    ]


async def test_an_owner_who_leaves_takes_the_device_from_all(store: Store, owned: str) -> None:
    told = Bindings(store, (OWNER_UID, owned))
    share = await store.shares.add(to_user(owned), NOW)
    await store.shares.answer(share, GUEST_UID, True, NOW)
    await store.shares.add(by_qr(owned), NOW)
    assert await store.bindings.unbind(OWNER_UID, owned, NOW + 1) == (OWNER_UID, GUEST_UID)
    assert told.log == ["+2", "-1", "-2"]
    assert await store.bindings.roles(owned) == {}
    assert (await events(store, GUEST_UID))[-1] == "share.ended"
    assert await statuses(store, OWNER_UID) == [PENDING, CANCELLED]
    with refused(9090):
        await store.shares.redeem(CODE, THIRD_UID, NOW + 2)
    await store.bindings.bind(THIRD_UID, owned, NOW + 3)
    assert await store.bindings.roles(owned) == {THIRD_UID: SPECIAL}
    with refused(9090):
        await store.shares.redeem(CODE, GUEST_UID, NOW + 4)


async def test_a_guest_who_leaves_takes_nothing_from_others(store: Store, owned: str) -> None:
    share = await store.shares.add(to_user(owned), NOW)
    await store.shares.answer(share, GUEST_UID, True, NOW)
    assert await store.bindings.unbind(GUEST_UID, owned, NOW) == (GUEST_UID,)
    assert await store.bindings.roles(owned) == {OWNER_UID: OWNER}
    assert await statuses(store, OWNER_UID) == [CANCELLED]


async def test_a_transfer_leaves_the_other_guests(store: Store, owned: str) -> None:
    told = Bindings(store, (OWNER_UID, owned))
    for guest in (GUEST_UID, THIRD_UID):
        share = await store.shares.add(to_user(owned, guest, minutes=10), NOW)
        await store.shares.answer(share, guest, True, NOW)
    await store.shares.add(by_qr(owned), NOW)
    await store.shares.transfer(OWNER_UID, owned, GUEST_UID, NOW + 1)
    assert await store.bindings.roles(owned) == {GUEST_UID: OWNER, THIRD_UID: GUEST}
    assert told.log == ["+2", "+3", "-1"]
    assert await store.bindings.lapse(NOW + 600) == [(THIRD_UID, owned)], "an owner's time has no end"
    page = await store.guest_lists.shares(GUEST_UID, SENT, 10, 0)
    assert [one.share.guest for one in page.shares] == [THIRD_UID]
    with refused(9090):
        await store.shares.redeem(CODE, THIRD_UID, NOW + 2)


async def test_a_guest_for_minutes_loses_the_device_when_they_are_over(store: Store, owned: str) -> None:
    told = Bindings(store, (OWNER_UID, owned))
    share = await store.shares.add(to_user(owned, minutes=5), NOW)
    await store.shares.answer(share, GUEST_UID, True, NOW + 100)
    assert await store.bindings.lapse(NOW + 399) == []
    assert await store.bindings.lapse(NOW + 400) == [(GUEST_UID, owned)]
    assert await store.bindings.lapse(NOW + 401) == []
    assert told.log == ["+2", "-2"]
    assert (await events(store, GUEST_UID))[-1] == "share.lapsed"
    assert await statuses(store, OWNER_UID) == [CANCELLED]


async def test_a_product_with_sharing_makes_the_first_user_its_owner(store: Store, did: str) -> None:
    await add_people(store)
    assert await store.products.set_sharing(PRODUCT_KEY, True)
    product = await store.products.get(PRODUCT_KEY)
    assert product is not None
    assert product.sharing
    await store.products.put(product)
    await store.bindings.bind(OWNER_UID, did, NOW)
    assert await store.bindings.roles(did) == {OWNER_UID: OWNER}
    with refused(9092):
        await store.bindings.bind(GUEST_UID, did, NOW)
    await store.bindings.unbind(OWNER_UID, did, NOW)
    await store.bindings.bind(GUEST_UID, did, NOW, set_owner=False)
    assert await store.bindings.roles(did) == {GUEST_UID: SPECIAL}
    assert not await store.products.set_sharing("f" * 32, True)


async def test_a_claim_does_not_get_past_an_owner_and_is_not_used_up(store: Store, owned: str) -> None:
    await store.shares.add(by_qr(owned), NOW)
    await store.claims.add(fingerprint("claim"), owned, NOW + 60)
    with refused(9092):
        await store.claims.redeem(fingerprint("claim"), GUEST_UID, NOW)
    await store.bindings.unbind(OWNER_UID, owned, NOW)
    await store.claims.redeem(fingerprint("claim"), GUEST_UID, NOW)
    assert await store.bindings.roles(owned) == {GUEST_UID: SPECIAL}


async def test_only_so_many_invitations_wait(store: Store, owned: str) -> None:
    for number in range(INVITATIONS_A_DEVICE):
        await store.shares.add(by_qr(owned, fingerprint(str(number))), NOW)
    with refused(9041):
        await store.shares.add(to_user(owned), NOW)
    await store.shares.add(to_user(owned), NOW + 900)  # the codes have lapsed


async def test_a_device_has_only_so_many_guests(
    store: Store, owned: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wxlink.relay.store.shares.GUESTS_A_DEVICE", 1)
    for code, guest in (("a", GUEST_UID), ("b", THIRD_UID)):
        await store.shares.add(by_qr(owned, fingerprint(code)), NOW)
        if guest == GUEST_UID:
            await store.shares.redeem(fingerprint(code), guest, NOW)
        else:
            with refused(9041):
                await store.shares.redeem(fingerprint(code), guest, NOW)
    assert [one.user.uid for one in await store.guest_lists.guests(owned)] == [GUEST_UID]


async def test_what_leads_nowhere_is_forgotten_after_a_month(store: Store, owned: str) -> None:
    accepted = await store.shares.add(to_user(owned), NOW)
    await store.shares.answer(accepted, GUEST_UID, True, NOW)
    await store.shares.add(by_qr(owned), NOW)
    assert await store.shares.prune(NOW + DAY_S + REMEMBERED_S) == 1
    assert await statuses(store, OWNER_UID) == [ACCEPTED]
    await store.bindings.unbind(GUEST_UID, owned, NOW + DAY_S)
    assert await store.shares.prune(NOW + 2 * DAY_S + REMEMBERED_S) == 1
    assert await statuses(store, OWNER_UID) == []


async def test_a_reset_takes_shares_with_it(store: Store, owned: str) -> None:
    share = await store.shares.add(to_user(owned), NOW)
    await store.devices.register(PRODUCT_KEY, MAC, PASSCODE + "X", NOW)
    with refused(9084):
        await store.shares.answer(share, GUEST_UID, True, NOW)


# Races: each is run ROUNDS times, from two stores on one database, in an order that is drawn.


async def test_one_code_and_two_guests(store: Store, other_store: Store, owned: str) -> None:
    for number in range(ROUNDS):
        code = fingerprint(f"code {number}")
        await store.shares.add(by_qr(owned, code), NOW)
        results = await asyncio.gather(
            *shuffled(
                store.shares.redeem(code, GUEST_UID, NOW), other_store.shares.redeem(code, THIRD_UID, NOW)
            ),
            return_exceptions=True,
        )
        assert outcomes(results) == ["9089", "done"]
        (guest,) = set(await store.bindings.roles(owned)) - {OWNER_UID}
        await store.bindings.unbind(guest, owned, NOW)


async def test_the_owner_cancels_while_the_guest_accepts(
    store: Store, other_store: Store, owned: str
) -> None:
    for _ in range(ROUNDS):
        share = await store.shares.add(to_user(owned), NOW)
        cancelled, accepted = (
            store.shares.cancel(share, OWNER_UID, NOW),
            other_store.shares.answer(share, GUEST_UID, True, NOW),
        )
        results = await asyncio.gather(*shuffled(cancelled, accepted), return_exceptions=True)
        assert outcomes(results) in (["9094", "done"], ["done", "done"])
        # Either it was taken back before, or the guest had it and lost it: nobody keeps it.
        assert await store.bindings.roles(owned) == {OWNER_UID: OWNER}
        assert (await statuses(store, OWNER_UID))[0] == CANCELLED


async def test_the_owner_leaves_while_a_guest_comes(store: Store, other_store: Store, owned: str) -> None:
    for number in range(ROUNDS):
        code = fingerprint(f"code {number}")
        await store.shares.add(by_qr(owned, code), NOW)
        results = await asyncio.gather(
            *shuffled(
                store.bindings.unbind(OWNER_UID, owned, NOW), other_store.shares.redeem(code, GUEST_UID, NOW)
            ),
            return_exceptions=True,
        )
        assert outcomes(results) in (["9090", "done"], ["done", "done"])
        assert await store.bindings.roles(owned) == {}, "no guest is left without an owner"
        await store.bindings.bind(OWNER_UID, owned, NOW)


async def test_two_first_users_at_once(store: Store, other_store: Store, did: str) -> None:
    await add_people(store)
    for sharing in (False, True):
        await store.products.set_sharing(PRODUCT_KEY, sharing)
        for _ in range(ROUNDS):
            results = await asyncio.gather(
                *shuffled(
                    store.bindings.bind(GUEST_UID, did, NOW), other_store.bindings.bind(THIRD_UID, did, NOW)
                ),
                return_exceptions=True,
            )
            roles = await store.bindings.roles(did)
            if sharing:
                assert outcomes(results) == ["9092", "done"]
                assert list(roles.values()) == [OWNER]
            else:
                assert sorted(roles.values()) == [NORMAL, SPECIAL]
            for uid in roles:
                await store.bindings.unbind(uid, did, NOW)


async def test_a_transfer_and_a_removal_at_once(store: Store, other_store: Store, owned: str) -> None:
    for number in range(ROUNDS):
        share = await store.shares.add(to_user(owned), NOW)
        await store.shares.answer(share, GUEST_UID, True, NOW)
        results = await asyncio.gather(
            *shuffled(
                store.shares.transfer(OWNER_UID, owned, GUEST_UID, NOW),
                other_store.shares.remove_guest(OWNER_UID, owned, GUEST_UID, NOW),
            ),
            return_exceptions=True,
        )
        roles = await store.bindings.roles(owned)
        assert (outcomes(results), roles) in (
            (["9017", "done"], {GUEST_UID: OWNER}),
            (["9082", "done"], {OWNER_UID: OWNER}),
        ), number
        if OWNER_UID not in roles:
            await store.bindings.unbind(GUEST_UID, owned, NOW)
            await store.bindings.bind(OWNER_UID, owned, NOW)


async def test_whatever_comes_in_whatever_order_a_device_has_one_head(
    store: Store, other_store: Store, owned: str
) -> None:
    """Acts are drawn and run four at a time; what was told equals what stands, and roles fit together."""
    seed = random.randrange(2**32)
    print(f"seed={seed}")
    drawn = random.Random(seed)
    told, told_there = Bindings(store, (OWNER_UID, owned)), Bindings(other_store)
    told_there.now = told.now
    people = (OWNER_UID, GUEST_UID, THIRD_UID)

    async def act() -> None:
        here = drawn.choice((store, other_store))
        uid, other = drawn.sample(people, 2)
        share = drawn.randrange(1, 40)
        match drawn.randrange(8):
            case 0:
                await here.bindings.bind(uid, owned, NOW)
            case 1:
                await here.bindings.unbind(uid, owned, NOW)
            case 2:
                await here.shares.add(to_user(owned, other, uid, drawn.choice((None, 1))), NOW)
            case 3 | 4:
                await here.shares.answer(share, uid, drawn.random() < 0.8, NOW)
            case 5:
                await here.shares.cancel(share, uid, NOW)
            case 6:
                await here.shares.transfer(uid, owned, other, NOW)
            case 7:
                await here.bindings.lapse(NOW + 60)

    for _ in range(40):
        outcomes(await asyncio.gather(*(act() for _ in range(4)), return_exceptions=True))
        roles = await store.bindings.roles(owned)
        assert told.now == {(uid, owned) for uid in roles}
        kinds = sorted(roles.values())
        assert not kinds or kinds in (
            [OWNER],
            [GUEST, OWNER],
            [GUEST, GUEST, OWNER],
            [SPECIAL],
            [NORMAL, SPECIAL],
            [NORMAL, NORMAL, SPECIAL],
        ), kinds


def shuffled(*acts: Any) -> list[Any]:
    """In an order that is drawn, so that either side comes first."""
    return random.sample(acts, len(acts))
