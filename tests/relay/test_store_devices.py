"""Devices register, come and go; bindings follow them."""

from relay_ground import APPID, MAC, NOW, PASSCODE, PRODUCT_KEY

from wxlink.relay.store import NORMAL, SPECIAL, Report, Store


async def add_users(store: Store, *phone_ids: str) -> list[str]:
    return [
        (await store.users.anonymous(APPID, one, f"{one:0>32}", "en", NOW + i)).uid
        for i, one in enumerate(phone_ids)
    ]


async def roles(store: Store, did: str) -> dict[str, str]:
    found = {phone_id: await store.bindings.get(f"{phone_id:0>32}", did) for phone_id in "abc"}
    return {phone_id: bound.binding.role for phone_id, bound in found.items() if bound is not None}


async def test_a_module_that_registers_again_keeps_its_did(store: Store, did: str) -> None:
    again = await store.devices.register(PRODUCT_KEY, MAC, PASSCODE, NOW + 5)
    assert (again.did, again.new, again.replaced_did) == (did, False, None)
    assert len(did) == 22
    assert did.isalnum()


async def test_a_module_that_was_reset_is_another_device_without_users(store: Store, did: str) -> None:
    first, second = await add_users(store, "a", "b")
    for uid in (first, second):
        await store.bindings.bind(uid, did, NOW)
    await store.states.apply([Report(did, NOW, 0x91, b"\x04", {"LED_R": 1})])
    await store.claims.add("claim", did, NOW + 100)
    reset = await store.devices.register(PRODUCT_KEY, MAC, "ANOTHER", NOW)
    assert reset.new
    assert reset.did != did
    assert reset.replaced_did == did
    assert set(reset.unbound) == {first, second}
    assert await store.devices.get(did) is None
    assert await store.devices.identities([did, reset.did]) == {reset.did: (PRODUCT_KEY, MAC, "ANOTHER")}
    assert await store.bindings.of_user(first) == []
    assert (await store.states.latest(reset.did)).attrs == {}


async def test_a_did_is_given_up_with_its_passcode_only(store: Store, did: str) -> None:
    (user,) = await add_users(store, "a")
    await store.bindings.bind(user, did, NOW)
    assert await store.devices.retire(did, "WRONG", NOW) is None
    assert await store.devices.retire(did, PASSCODE, NOW) == (user,)
    assert await store.devices.retire(did, PASSCODE, NOW) is None


async def test_a_device_is_disabled_and_enabled(store: Store, did: str) -> None:
    for disabled in (True, False):
        assert await store.devices.set_disabled(did, disabled)
        device = await store.devices.get(did)
        assert device is not None
        assert device.disabled is disabled
    assert not await store.devices.set_disabled("nobody", True)


async def test_the_late_will_of_an_earlier_connection_changes_nothing(store: Store, did: str) -> None:
    async def seen() -> tuple[bool, float]:
        device = await store.devices.get(did)
        assert device is not None
        return device.online, device.state_at

    assert await store.devices.set_presence(did, True, "11111111", NOW + 1)
    assert not await store.devices.set_presence(did, True, "22222222", NOW + 2)  # came again without leaving
    assert not await store.devices.set_presence(did, False, "11111111", NOW + 3)
    assert await seen() == (True, NOW + 1)
    assert await store.devices.set_presence(did, False, "22222222", NOW + 4)
    assert await seen() == (False, NOW + 4)
    assert not await store.devices.set_presence(did, False, "22222222", NOW + 5)
    assert not await store.devices.set_presence("nobody", True, "11111111", NOW)


async def test_after_a_start_of_the_broker_nobody_is_on_line(store: Store, did: str) -> None:
    await store.devices.set_presence(did, True, "11111111", NOW)
    assert await store.devices.all_offline(NOW + 9) == 1
    assert await store.devices.all_offline(NOW + 10) == 0
    device = await store.devices.get(did)
    assert device is not None
    assert (device.online, device.state_at) == (False, NOW + 9)
    assert await store.devices.set_presence(did, True, "11111111", NOW + 11)


async def test_the_first_binder_is_special_and_the_next_takes_the_place(store: Store, did: str) -> None:
    uids = await add_users(store, "a", "b", "c")
    for i, uid in enumerate(uids):
        assert await store.bindings.bind(uid, did, NOW + i)
    assert await roles(store, did) == {"a": SPECIAL, "b": NORMAL, "c": NORMAL}
    assert await store.bindings.unbind(uids[0], did, NOW)
    assert await roles(store, did) == {"b": SPECIAL, "c": NORMAL}
    assert await store.bindings.unbind(uids[2], did, NOW)
    assert await roles(store, did) == {"b": SPECIAL}
    assert await store.bindings.bind(uids[0], did, NOW + 9)
    assert await roles(store, did) == {"a": NORMAL, "b": SPECIAL}
    assert not await store.bindings.unbind(uids[2], did, NOW)


async def test_binding_again_keeps_role_and_words(store: Store, did: str) -> None:
    (user,) = await add_users(store, "a")
    await store.bindings.bind(user, did, NOW, remark="mine", alias="lamp")
    before = await store.bindings.get(user, did)
    assert not await store.bindings.bind(user, did, NOW + 1, remark="other")
    assert await store.bindings.get(user, did) == before


async def test_words_are_changed_one_by_one_and_for_one_user(store: Store, did: str) -> None:
    first, second = await add_users(store, "a", "b")
    await store.bindings.bind(first, did, NOW, remark="r", alias="a")
    await store.bindings.bind(second, did, NOW)
    changed = await store.bindings.describe(first, did, None, "厨房", ["light"])
    assert changed is not None
    assert (changed.remark, changed.alias, changed.labels) == ("r", "厨房", ["light"])
    bound = await store.bindings.get(first, did)
    assert bound is not None
    assert bound.binding == changed
    other = await store.bindings.get(second, did)
    assert other is not None
    assert (other.binding.remark, other.binding.alias, other.binding.labels) == ("", "", [])
    assert await store.bindings.describe("nobody", did, "x", None, None) is None


async def test_a_users_devices_come_in_pages_in_the_order_of_binding(store: Store) -> None:
    (user,) = await add_users(store, "a")
    dids = []
    for i in range(5):
        dids.append((await store.devices.register(PRODUCT_KEY, f"mac{i}", PASSCODE, NOW)).did)
        await store.bindings.bind(user, dids[-1], NOW + i)
    await store.devices.set_disabled(dids[1], True)
    assert [bound.device.did for bound in await store.bindings.of_user(user)] == dids
    shown = [bound.device.did for bound in await store.bindings.of_user(user, 2, 1, disabled=False)]
    assert shown == [dids[2], dids[3]]
