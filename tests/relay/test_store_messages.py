"""Messages and groups in the database: limits, age, and what goes with a binding."""

import pytest
from relay_ground import NOW, PRODUCT_KEY
from sharing_ground import GUEST_UID, OWNER_UID, add_people, refused

from wxlink.relay.store import Group, Store
from wxlink.relay.store.groups import DEVICES_A_GROUP, GROUPS_A_USER
from wxlink.relay.store.messages import MESSAGE_LIFE_S, MESSAGES_A_USER, WORD_MAX


async def leave(store: Store, uid: str, event: str, at: float, **words: str) -> None:
    async with store.messages._database.write() as conn:
        await store.messages.add(conn, uid, event, words, at)


async def test_the_oldest_messages_make_room(store: Store) -> None:
    await add_people(store)
    await leave(store, GUEST_UID, "share.lapsed", NOW, device="kept")
    for number in range(MESSAGES_A_USER + 3):
        await leave(store, OWNER_UID, "share.lapsed", NOW + number, device=str(number))
    total, newest = await store.messages.page(OWNER_UID, None, 2, 0)
    assert (total, [one.words["device"] for one in newest]) == (MESSAGES_A_USER, ["202", "201"])
    assert (await store.messages.page(GUEST_UID, None, 2, 0)).total == 1


async def test_messages_are_forgotten_after_their_time(store: Store) -> None:
    await add_people(store)
    await leave(store, OWNER_UID, "share.lapsed", NOW)
    await leave(store, OWNER_UID, "alert.raised", NOW + 1)
    assert await store.messages.prune(NOW + MESSAGE_LIFE_S) == 1
    assert [one.type for one in (await store.messages.page(OWNER_UID, None, 9, 0)).messages] == [2]


async def test_messages_are_of_a_type_and_their_words_are_cut(store: Store) -> None:
    await add_people(store)
    await leave(store, OWNER_UID, "share.lapsed", NOW, device="x" * 10_000)
    await leave(store, OWNER_UID, "alert.raised", NOW)
    (share,) = (await store.messages.page(OWNER_UID, 1, 9, 0)).messages
    assert share.words == {"device": "x" * WORD_MAX}
    assert (await store.messages.page(OWNER_UID, 2, 9, 0)).total == 1
    with pytest.raises(KeyError):
        await leave(store, OWNER_UID, "weather.fine", NOW)


async def test_a_message_goes_with_the_transaction_that_left_it(store: Store) -> None:
    await add_people(store)

    async def left_and_undone() -> None:
        async with store.messages._database.write() as conn:
            await store.messages.add(conn, OWNER_UID, "share.lapsed", {}, NOW)
            raise RuntimeError("undone")

    with pytest.raises(RuntimeError, match="undone"):
        await left_and_undone()
    assert (await store.messages.page(OWNER_UID, None, 9, 0)).total == 0


def group(number: int = 0, uid: str = OWNER_UID) -> Group:
    return Group(f"{number:024x}", uid, f"group {number}", None, NOW, NOW)


async def test_a_device_leaves_its_users_groups_with_the_binding(store: Store, did: str) -> None:
    await add_people(store)
    for uid, number in ((OWNER_UID, 1), (GUEST_UID, 2)):
        await store.bindings.bind(uid, did, NOW)
        await store.groups.add(group(number, uid))
        assert await store.groups.put(uid, group(number).id, [did], NOW) == {}
    await store.bindings.unbind(OWNER_UID, did, NOW)
    assert await store.groups.members(OWNER_UID, group(1).id) == []
    assert [one.did for one in await store.groups.members(GUEST_UID, group(2).id)] == [did]


async def test_a_user_has_only_so_many_groups(store: Store) -> None:
    await add_people(store)
    for number in range(GROUPS_A_USER):
        await store.groups.add(group(number))
    with refused(9041):
        await store.groups.add(group(GROUPS_A_USER))
    await store.groups.remove(OWNER_UID, group(0).id)
    await store.groups.add(group(0))


async def test_a_group_holds_only_so_many_devices(store: Store) -> None:
    await add_people(store)
    await store.groups.add(group())
    dids = []
    for number in range(DEVICES_A_GROUP + 1):
        made = await store.devices.register(PRODUCT_KEY, f"mac{number}", "A", NOW)
        await store.bindings.bind(OWNER_UID, made.did, NOW)
        dids.append(made.did)
    reasons = await store.groups.put(OWNER_UID, group().id, dids, NOW)
    assert reasons is not None
    assert {did: error.code for did, error in reasons.items()} == {dids[-1]: 9015}
