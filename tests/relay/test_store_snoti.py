"""The queues of server push: filled with the change, claimed by one relay at a time, kept to size and age."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from relay_ground import MAC, NOW, PASSCODE, PRODUCT_KEY, lamp
from sqlalchemy import event

from wxlink.relay.store import (
    DEFAULT_MAKER,
    EVENT_TYPES,
    EVERY_PRODUCT,
    Queue,
    Report,
    Store,
    Subscription,
    Turn,
)
from wxlink.relay.store.happenings import Alerted, Cleared, Commanded, Disconnected, Happening

OTHER = "9" * 32
ALL = frozenset(EVENT_TYPES)
RAW = frozenset({"device.status.raw"})
MINE, THEIRS = "relay-1", "relay-2"


@pytest.fixture
async def queue(store: Store) -> Queue:
    return (await store.snoti_queues.subscribe([Subscription(PRODUCT_KEY, "a", RAW)], NOW))[0]


@pytest.fixture
async def second(store: Store, store_url: str) -> AsyncIterator[Store]:
    """The same database, as another relay has it open."""
    opened = await Store.open(store_url)
    yield opened
    await opened.close()


async def report(store: Store, did: str, count: int = 1, at: float = NOW) -> None:
    await store.states.apply([Report(did, at + i, 0x91, b"\x05", None) for i in range(count)])


async def claim(store: Store, owner: str, queue: Queue, most: int = 1000) -> list[int]:
    given = await store.snoti_deliveries.take(owner, Turn((), (), {queue.id: most}))
    return [one.id for one in given[queue.id]]


async def bodies(store: Store, queue: Queue) -> list[dict[str, Any]]:
    given = await store.snoti_deliveries.take(MINE, Turn((), (), {queue.id: 1000}))
    return [json.loads(one.body) for one in given[queue.id]]


async def told(store: Store, *happenings: Happening) -> None:
    async with store._database.write() as conn:  # as those do who change something
        await store.followers.tell(conn, happenings)


def statements(store: Store) -> list[str]:
    """What is sent to the database from now on, without the pragmas of connections."""
    sent: list[str] = []
    for engine in {store._database._writer, store._database._reader}:  # one on a database server

        @event.listens_for(engine.sync_engine, "before_cursor_execute")
        def note(_conn: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            sent.append(statement)

    return sent


async def test_a_batch_costs_nothing_without_a_queue_and_one_insert_with_one(
    store: Store, did: str, second: Store
) -> None:
    await store.products.put(lamp(OTHER))
    await store.devices.identities([did])  # ingest has asked for them, whoever listens
    await report(store, did)
    sent = statements(store)
    await report(store, did, 50)
    without = len(sent)
    await store.snoti_queues.subscribe([Subscription(OTHER, "a", ALL)], NOW)
    sent.clear()
    await report(store, did, 50)
    assert len(sent) == without  # another product's queue costs nothing either
    subscriptions = [Subscription(PRODUCT_KEY, subkey, ALL) for subkey in "abc"]
    await store.snoti_queues.subscribe(subscriptions, NOW)
    sent.clear()
    await report(store, did, 50)
    assert len(sent) == without + 1, sent
    assert "snoti_events" in sent[-1]


async def test_events_are_there_when_the_change_is_and_only_then(
    store: Store, did: str, queue: Queue
) -> None:
    filled: list[Any] = []
    store.snoti_queues.on_filled(filled.append)
    failing = RuntimeError("no")

    async def fail(*_: Any) -> None:
        raise failing

    store.followers.add(fail)
    with pytest.raises(RuntimeError):
        await report(store, did)
    assert filled == []
    assert await claim(store, MINE, queue) == []
    store.followers._followers.remove(fail)
    await report(store, did)
    assert filled == [{queue.id}]
    assert len(await claim(store, MINE, queue)) == 1


async def test_an_alert_and_its_end_carry_one_event_id(store: Store, did: str) -> None:
    names = frozenset({"device.attr_fault", "device.attr_alert"})
    queue = (await store.snoti_queues.subscribe([Subscription(PRODUCT_KEY, "a", names)], NOW))[0]
    await told(store, Alerted(did, NOW, "id-1", "Fault_LED", "LED fault", "fault"))
    await told(store, Cleared(did, NOW + 1, "id-1", "Fault_LED", "LED fault", "fault"))
    await told(store, Alerted(did, NOW + 2, "id-2", "Hot", "hot", "alert"))
    raised, cleared, other = await bodies(store, queue)
    assert raised == {
        "event_type": "attr_fault",
        "event_id": "id-1",
        "product_key": PRODUCT_KEY,
        "did": did,
        "mac": MAC,
        "group_id": None,
        "created_at": NOW,
        "data": {"attr_name": "Fault_LED", "attr_displayname": "LED fault", "value": 1},
    }
    assert cleared == raised | {"created_at": NOW + 1, "data": raised["data"] | {"value": 0}}
    assert (other["event_type"], other["event_id"]) == ("attr_alert", "id-2")


async def test_commands_name_their_source_and_its_user(store: Store, did: str) -> None:
    names = frozenset({"device.app2dev.raw", "device.app2dev.kv"})
    queue = (await store.snoti_queues.subscribe([Subscription(PRODUCT_KEY, "a", names)], NOW))[0]
    p0 = lamp().codec.encode_control({"LED_R": 3, "binary": b"\1"})
    await told(store, Commanded(did, NOW, 0x90, p0, "client", "app", "user"))
    await told(store, Commanded(did, NOW, 0x90, b"\x01", "gateway", None, None))
    raw, kv, last = await bodies(store, queue)
    for one in (raw, kv):
        assert (one["source"], one["appid"], one["uid"]) == ("client", "app", "user")
    assert kv["data"] == {"LED_R": 3, "binary": "0100000000"}
    assert (last["event_type"], last["data"]) == ("app2dev_raw", "AQ==")
    assert "uid" not in last


async def test_a_queue_for_every_product_takes_them_all(store: Store, did: str) -> None:
    await store.products.put(lamp(OTHER))
    other = (await store.devices.register(OTHER, MAC, PASSCODE, NOW)).did
    queue = (
        await store.snoti_queues.subscribe([Subscription(EVERY_PRODUCT, "key", RAW, DEFAULT_MAKER)], NOW)
    )[0]
    for one in (did, other):
        await report(store, one)
    assert [one["did"] for one in await bodies(store, queue)] == [did, other]


async def test_a_queue_for_every_product_takes_none_of_another_makers(store: Store, did: str) -> None:
    subscription = Subscription(EVERY_PRODUCT, "key", RAW, DEFAULT_MAKER + 1)
    queue = (await store.snoti_queues.subscribe([subscription], NOW))[0]
    await report(store, did)
    assert await bodies(store, queue) == []


async def test_two_relays_never_hold_the_same_event(
    store: Store, second: Store, did: str, queue: Queue
) -> None:
    await report(store, did, 1000)
    mine: list[int] = []
    theirs: list[int] = []

    async def drain(one: Store, owner: str, into: list[int]) -> None:
        while taken := await claim(one, owner, queue, 30):
            into += taken

    await asyncio.gather(drain(store, MINE, mine), drain(second, THEIRS, theirs))
    assert len(mine) + len(theirs) == 1000
    assert not set(mine) & set(theirs)
    assert mine == sorted(mine)


async def test_what_a_lost_relay_held_is_free_and_what_a_living_one_holds_is_not(
    store: Store, second: Store, did: str, queue: Queue
) -> None:
    deliveries = store.snoti_deliveries
    await report(store, did, 4)
    for owner, one in ((MINE, store), (THEIRS, second)):
        await one.snoti_deliveries.beat(owner, [queue.id], NOW)
        await claim(one, owner, queue, 2)
    beats = await deliveries.beat(MINE, [queue.id], NOW)
    assert beats == {MINE: 2, THEIRS: 1}
    await second.snoti_deliveries.beat(THEIRS, [queue.id], NOW)
    assert not await deliveries.bury(THEIRS, beats[THEIRS])  # it has spoken since
    assert await claim(store, MINE, queue) == []
    assert await deliveries.bury(THEIRS, beats[THEIRS] + 1)
    assert len(await deliveries.owned(MINE)) == 2
    assert len(await claim(store, MINE, queue)) == 2


async def test_freed_events_come_first_and_acknowledged_ones_never(
    store: Store, did: str, queue: Queue
) -> None:
    await report(store, did, 5)
    first, second, third = await claim(store, MINE, queue, 3)
    given = await store.snoti_deliveries.take(MINE, Turn((second,), (first, third), {queue.id: 3}))
    assert [one.id for one in given[queue.id]][:2] == [first, third]
    # What another relay holds cannot be freed by this one.
    await store.snoti_deliveries.take(THEIRS, Turn((), (first, third), {}))
    assert len(await claim(store, THEIRS, queue)) == 1


async def test_what_is_too_old_or_too_much_is_dropped_and_counted(
    store: Store, did: str, queue: Queue
) -> None:
    deliveries = store.snoti_deliveries
    await report(store, did, 10)
    (held, *_) = await claim(store, MINE, queue, 1)
    assert await deliveries.trim(queue.id, 7) == 2
    assert await deliveries.trim(queue.id, 7) == 0
    assert await deliveries.prune(NOW + 106, 100.0, 1e9) == 3  # those of NOW + 3 to NOW + 5
    (backlog,) = await store.snoti_queues.backlogs()
    assert (backlog.waiting, backlog.dropped) == (5, 5)
    assert held in await deliveries.owned(MINE)


async def test_a_queue_that_nobody_visits_goes_with_all_that_waits_in_it(
    store: Store, did: str, queue: Queue
) -> None:
    await report(store, did, 3)
    assert await store.snoti_deliveries.prune(NOW + 10, 1e9, 100.0) == 0
    await store.snoti_deliveries.beat(MINE, [queue.id], NOW + 90)
    assert await store.snoti_deliveries.prune(NOW + 150, 1e9, 100.0) == 0
    assert await store.snoti_deliveries.prune(NOW + 200, 1e9, 100.0) == 4
    await report(store, did)  # this store has not heard of it yet: that must harm nothing
    await store.snoti_queues.load()
    await report(store, did)
    assert await store.snoti_deliveries.prune(NOW + 200, 1e9, 100.0) == 1


async def test_another_relay_learns_of_queues_by_reading_them_anew(
    store: Store, second: Store, did: str, queue: Queue
) -> None:
    await report(second, did)
    await second.snoti_queues.load()
    await report(second, did)
    assert len(await claim(store, MINE, queue)) == 1


async def test_queues_survive_a_restart(store: Store, store_url: str, did: str, queue: Queue) -> None:
    await report(store, did)
    again = await Store.open(store_url)
    try:
        assert again.snoti_queues.all() == [queue]
        await report(again, did)
        assert len(await claim(again, MINE, queue)) == 2
    finally:
        await again.close()


async def test_a_whole_fleet_may_go_at_once(store: Store, did: str) -> None:
    macs = [f"mac{number}" for number in range(1_200)]  # more than one query asks for
    dids = [did, *[(await store.devices.register(PRODUCT_KEY, mac, PASSCODE, NOW)).did for mac in macs]]
    names = frozenset({"device.offline"})
    queue = (await store.snoti_queues.subscribe([Subscription(PRODUCT_KEY, "a", names)], NOW))[0]
    store.devices._identities.clear()  # as after a start
    await told(store, *[Disconnected(one, NOW) for one in dids])
    assert {one["did"] for one in await bodies(store, queue)} < set(dids)
    assert len(await claim(store, MINE, queue)) == len(dids) - 1_000
