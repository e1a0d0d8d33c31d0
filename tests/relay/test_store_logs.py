"""What was sent to devices, and when they came and went, is written down."""

import pytest
from relay_ground import APPID, NOW, PASSCODE
from sqlalchemy import text

from wxlink.relay.store import CLIENT, SCHEDULER, Command, Origin, Store
from wxlink.relay.store.commands import WAITING_MAX
from wxlink.relay.store.happenings import Commanded, Happening

UID = "c" * 32


def sent(did: str, at: float = NOW, origin: Origin | None = None, sn: int | None = None) -> Command:
    return Command(did, at, 0x90 if sn is None else 0x93, sn, b"\x01\x02", origin or Origin(SCHEDULER))


async def test_commands_are_kept_with_who_sent_them(store: Store, did: str) -> None:
    uid = (await store.users.anonymous(APPID, "phone-1", UID, "en", NOW)).uid
    first = sent(did, NOW, Origin(CLIENT, APPID, uid))
    second = sent(did, NOW + 1, sn=0xFFFFFFFF)
    for one in (first, second):
        store.commands.note(one)
    assert await store.commands.of_device(did, 0, NOW + 1, 10) == [second, first]
    assert await store.commands.of_device(did, 0, NOW + 1, 10, newest_first=False) == [first, second]
    assert await store.commands.of_device(did, NOW, NOW + 1, 10) == [second], "the start is not within"
    assert await store.commands.count(did, NOW - 1, NOW) == 1
    async with store._database.write() as conn:
        await conn.execute(text("DELETE FROM users"))
    assert (await store.commands.of_device(did, 0, NOW, 1))[0].origin == Origin(CLIENT, APPID, None)


async def test_a_command_of_a_user_or_to_a_device_that_is_gone_stops_no_other(store: Store, did: str) -> None:
    store.commands.note(sent("gone"))
    store.commands.note(sent(did, origin=Origin(CLIENT, APPID, "nobody")))
    assert [one.origin.uid for one in await store.commands.of_device(did, 0, NOW, 10)] == [None]


async def test_commands_are_told_when_they_are_kept(store: Store, did: str) -> None:
    told: list[Happening] = []

    async def follow(_conn: object, happenings: object) -> None:
        told.extend(happenings)  # type: ignore[call-overload]  # a sequence of happenings

    store.followers.add(follow)
    store.commands.note(sent(did))
    await store.commands.flush()
    assert told == [Commanded(did, NOW, 0x90, b"\x01\x02", SCHEDULER, None, None)]


async def test_commands_wait_while_the_database_is_away_but_not_without_end(
    store: Store, did: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_conn: object, _happenings: object) -> None:
        raise RuntimeError("away")

    store.followers.add(fail)
    for number in range(WAITING_MAX + 5):
        store.commands.note(sent(did, NOW + number))
    with pytest.raises(RuntimeError):
        await store.commands.flush()
    store.followers._followers.remove(fail)
    assert await store.commands.count(did, 0, NOW + 2 * WAITING_MAX) == WAITING_MAX
    assert "5 commands" in caplog.text


async def test_what_waits_is_kept_when_the_store_is_closed(store: Store, store_url: str, did: str) -> None:
    store.commands.note(sent(did))
    await store.close()
    again = await Store.open(store_url)
    try:
        assert await again.commands.count(did, 0, NOW) == 1
    finally:
        await again.close()


async def test_comings_and_goings_are_written_down(store: Store, did: str) -> None:
    store.connections.seen(did, "192.0.2.7", 120)
    for second, (online, name) in enumerate([(True, "a"), (True, "b"), (False, "a"), (False, "b")]):
        await store.devices.set_presence(did, online, name, NOW + second)
    passages = await store.connections.of_device(did, 0, NOW + 10, 10, newest_first=False)
    assert [(one.at - NOW, one.type, one.ip, one.keep_alive) for one in passages] == [
        (0, "dev_online", "192.0.2.7", 120),
        (1, "dev_re_online", "192.0.2.7", 120),
        (3, "dev_offline", "192.0.2.7", 120),
    ]
    assert await store.connections.count(did, NOW, NOW + 3) == 2
    assert [one.at - NOW for one in await store.connections.of_device(did, 0, NOW + 10, 1, 1)] == [1]


async def test_logs_are_forgotten_in_time_and_with_their_device(store: Store, did: str) -> None:
    for second in range(3):
        await store.devices.set_presence(did, second % 2 == 0, "a", NOW + second)
        store.commands.note(sent(did, NOW + second))
    await store.commands.flush()
    await store.prune(NOW + 12, 10)
    assert await store.commands.count(did, 0, NOW + 9) == 1
    assert await store.connections.count(did, 0, NOW + 9) == 1
    await store.devices.retire(did, PASSCODE, NOW)
    assert await store.commands.count(did, 0, NOW + 9) == 0
    assert await store.connections.count(did, 0, NOW + 9) == 0


async def test_random_codes_find_devices_until_they_expire(store: Store, did: str) -> None:
    codes = ["a" * 32, "b" * 32]
    await store.random_codes.put(did, codes, NOW + 10)
    assert [one.did for one in await store.random_codes.devices([codes[0], "c" * 32], NOW)] == [did]
    assert [one.did for one in await store.random_codes.devices(codes, NOW)] == [did]
    assert await store.random_codes.devices(codes, NOW + 10) == []
    await store.random_codes.put(did, codes[1:], NOW + 10)
    assert await store.random_codes.devices(codes[:1], NOW) == []
    assert await store.random_codes.prune(NOW + 10) == 1
