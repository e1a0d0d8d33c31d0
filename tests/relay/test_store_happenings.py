"""What a transaction changes is told inside of it."""

from collections.abc import Sequence

import pytest
from relay_ground import APPID, MAC, NOW, PASSCODE, PRODUCT_KEY
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.store import Report, Store, User
from wxlink.relay.store.happenings import (
    BindingBegan,
    BindingEnded,
    Connected,
    Disconnected,
    Happening,
    Reported,
    Reset,
)


class Told:
    """Keeps what it is told; on request it fails."""

    def __init__(self) -> None:
        self.happenings: list[Happening] = []
        self.failing = False

    async def __call__(self, _conn: AsyncConnection, happenings: Sequence[Happening]) -> None:
        if self.failing:
            raise RuntimeError("no")
        self.happenings += happenings

    def take(self) -> list[Happening]:
        taken, self.happenings = self.happenings, []
        return taken


@pytest.fixture
def told(store: Store) -> Told:
    follower = Told()
    store.followers.add(follower)
    return follower


async def test_each_report_is_told_with_what_was_known_before_it(store: Store, told: Told, did: str) -> None:
    first, second = ({"LED_R": value} for value in (1, 2))
    await store.states.apply(
        [Report(did, NOW, 0x91, b"\x04a", first), Report(did, NOW + 1, 0x91, b"\x04b", second)]
    )
    assert told.take() == [
        Reported(did, NOW, 0x91, b"\x04a", first, {}, first),
        Reported(did, NOW + 1, 0x91, b"\x04b", second, first, second),
    ]


async def test_connections_are_told_when_they_begin_and_when_the_last_ends(
    store: Store, told: Told, did: str
) -> None:
    for online, connection in ((True, "1"), (True, "1"), (True, "2"), (False, "1"), (False, "2")):
        await store.devices.set_presence(did, online, connection, NOW)
    assert told.take() == [Connected(did, NOW, False), Connected(did, NOW, True), Disconnected(did, NOW)]
    await store.devices.set_presence(did, True, "3", NOW)
    await store.devices.all_offline(NOW + 1)
    assert told.take()[-1] == Disconnected(did, NOW + 1)


async def test_bindings_and_resets_are_told(store: Store, told: Told, did: str) -> None:
    await store.users.add_named(User("u" * 32, APPID, "li", None, None, None, "en", NOW))
    uid = "u" * 32
    await store.bindings.bind(uid, did, NOW)
    await store.bindings.bind(uid, did, NOW + 1)
    await store.bindings.unbind(uid, did, NOW + 2)
    await store.bindings.unbind(uid, did, NOW + 3)
    assert told.take() == [BindingBegan(did, NOW, uid), BindingEnded(did, NOW + 2, uid)]
    await store.bindings.bind(uid, did, NOW + 4)
    await store.devices.register(PRODUCT_KEY, MAC, "OTHERPASSC", NOW + 5)
    assert told.take()[1:] == [BindingEnded(did, NOW + 5, uid), Reset(did, NOW + 5, PRODUCT_KEY, MAC)]


async def test_a_follower_that_fails_undoes_the_change(store: Store, told: Told, did: str) -> None:
    told.failing = True
    with pytest.raises(RuntimeError):
        await store.states.apply([Report(did, NOW, 0x91, b"\x04", {"LED_R": 1})])
    with pytest.raises(RuntimeError):
        await store.devices.retire(did, PASSCODE, NOW)
    assert (await store.states.latest(did)).updated_at == 0
    assert await store.devices.get(did) is not None
