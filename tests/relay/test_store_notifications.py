"""The outbox: each notification goes to one sender at a time, until it is sent or given up."""

import asyncio

import pytest
from automation_ground import add_detector, report
from relay_ground import APPID, NOW

from wxlink.relay.store import Store, User
from wxlink.relay.store.notifications import ATTEMPTS_MAX, NOTIFICATION_LIFE_S

UID = "c" * 32


@pytest.fixture
async def outbox(store: Store) -> Store:
    """A store with two notifications for one user."""
    did = await add_detector(store)
    await store.users.add_named(User(UID, APPID, "li", None, None, None, "en", NOW))
    await store.bindings.bind(UID, did, NOW)
    await store.states.apply([report(did, NOW, Fire=True), report(did, NOW + 1, Fire=False)])
    return store


async def states(store: Store) -> list[tuple[str, str, int]]:
    return [
        (one.kind, one.state, one.attempts) for one in reversed(await store.notifications.of_user(UID, 9))
    ]


async def test_senders_share_what_is_due(outbox: Store, store_url: str) -> None:
    other = await Store.open(store_url)
    try:
        taken = await asyncio.gather(
            *(one.notifications.claim(NOW + 1, 1, 30) for one in (outbox, other, outbox, other))
        )
    finally:
        await other.close()
    assert sorted(one.kind for batch in taken for one in batch) == ["alert", "alert_over"]


async def test_what_is_sent_is_over_and_what_failed_comes_again(outbox: Store) -> None:
    first, second = await outbox.notifications.claim(NOW + 1, 10, 30)
    assert (first.kind, second.kind) == ("alert", "alert_over")
    await outbox.notifications.done(first.id)
    await outbox.notifications.failed(second.id, "busy", NOW + 60)
    assert await outbox.notifications.claim(NOW + 59, 10, 30) == []
    (again,) = await outbox.notifications.claim(NOW + 60, 10, 30)
    assert (again.id, again.attempts) == (second.id, 2)
    await outbox.notifications.failed(again.id, "not a follower", None)
    assert await states(outbox) == [("alert", "sent", 1), ("alert_over", "failed", 2)]
    assert await outbox.notifications.claim(NOW + 9999, 10, 30) == []


async def test_a_sender_that_died_leaves_its_work_but_not_for_ever(outbox: Store) -> None:
    for attempt in range(ATTEMPTS_MAX):
        assert len(await outbox.notifications.claim(NOW + 1 + 30 * attempt, 10, 30)) == 2
    assert await outbox.notifications.claim(NOW + 1 + 30 * ATTEMPTS_MAX, 10, 30) == []
    assert {state for _, state, _ in await states(outbox)} == {"failed"}


async def test_last_week_is_forgotten(outbox: Store) -> None:
    assert await outbox.notifications.prune(NOW + NOTIFICATION_LIFE_S) == 1
    assert len(await outbox.notifications.of_user(UID, 9)) == 1
