"""Several relays store one stream in any order, some of it twice; the outcome is that of its order."""

import itertools
import random

import pytest
from relay_ground import NOW

from wxlink.relay.store import Position, Report, Store
from wxlink.relay.store.order import PointOrder

STREAM = 1_700_000_000
NAMES = ("a", "b", "c")


def numbered(did: str, seq: int, attrs: dict[str, int] | None, stream: int = STREAM) -> Report:
    return Report(did, NOW + seq, 0x91, seq.to_bytes(2, "big"), attrs, position=Position(stream, seq))


async def outcome(store: Store, did: str) -> tuple[object, ...]:
    state = await store.states.latest(did)
    kept = await store.states.reports(did, 0, 2 * NOW, 1000)
    return state.attrs, state.updated_at, [int.from_bytes(one.p0, "big") for one in kept]


async def test_any_order_and_any_repetition_end_in_the_state_of_the_streams_order(
    store: Store, did: str
) -> None:
    seed = random.randrange(1 << 32)
    print("seed", seed)
    draw = random.Random(seed)
    reports = [
        numbered(did, seq, {name: seq for name in NAMES if draw.random() < 0.5} or {"a": seq})
        for seq in range(1, 31)
    ]
    expected: dict[str, int] = {}
    for report in reports:
        expected |= report.attrs or {}
    given = reports * 2
    draw.shuffle(given)
    new = 0
    while given:
        cut = draw.randrange(1, 6)
        new += sum(one.new for one in await store.states.apply(given[:cut]))
        given = given[cut:]
    assert await outcome(store, did) == (expected, NOW + 30, list(range(30, 0, -1)))
    assert new == 30


async def test_each_report_tells_what_of_it_still_counts(store: Store, did: str) -> None:
    assert await store.states.apply([numbered(did, 5, {"a": 5})]) == [(True, {"a": 5})]
    assert await store.states.apply([numbered(did, 3, {"a": 3, "b": 3})]) == [(True, {"b": 3})]
    assert await store.states.apply([numbered(did, 4, {"a": 4})]) == [(True, {})]
    assert await store.states.apply([numbered(did, 5, {"a": 5})]) == [(False, {"a": 5})]
    assert await store.states.apply([numbered(did, 6, None)]) == [(True, None)]
    assert await store.states.apply([numbered("0" * 22, 7, {})]) == [(False, None)]


async def test_a_stream_that_is_made_anew_is_later_whatever_its_numbers(store: Store, did: str) -> None:
    await store.states.apply([numbered(did, 900, {"a": 900, "b": 900})])
    await store.states.apply([numbered(did, 1, {"a": 1}, stream=STREAM + 60)])
    await store.states.apply([numbered(did, 901, {"a": 901, "b": 901})])
    assert (await store.states.latest(did)).attrs == {"a": 1, "b": 900}


async def test_what_has_no_place_in_the_stream_counts_as_it_comes(store: Store, did: str) -> None:
    await store.states.apply([numbered(did, 5, {"a": 5})])
    await store.states.apply([Report(did, NOW + 6, 0x91, b"\x04\x06", {"a": 6})] * 2)
    assert (await store.states.latest(did)).attrs == {"a": 6}
    assert len(await store.states.reports(did, 0, 2 * NOW, 10)) == 3


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
async def test_presence_in_any_order_is_that_of_the_stream(
    store: Store, did: str, order: tuple[int, ...]
) -> None:
    told = [("1 a", 1), ("0 a", 2), ("1 b", 3), ("0 b", 4)]
    for number in (*order, *order):
        said, seq = told[number]
        await store.devices.set_presence(did, said[0] == "1", said[2:], NOW, Position(STREAM, seq))
    device = await store.devices.get(did)
    assert device is not None
    assert not device.online


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_a_late_will_under_the_same_name_ends_nothing(
    store: Store, did: str, order: tuple[int, ...]
) -> None:
    told = [(True, 1), (False, 2), (True, 3)]
    for number in order:
        online, seq = told[number]
        await store.devices.set_presence(did, online, "a", NOW, Position(STREAM, seq))
    device = await store.devices.get(did)
    assert device is not None
    assert device.online


async def test_a_lease_has_one_holder_until_its_time_is_up(store: Store) -> None:
    assert await store.leases.take("compare", "one", NOW, 10)
    assert not await store.leases.take("compare", "two", NOW + 5, 10)
    assert await store.leases.take("compare", "one", NOW + 5, 10)
    assert await store.leases.take("compare", "two", NOW + 15, 10)
    await store.leases.give_up("compare", "two")
    assert await store.leases.take("compare", "one", NOW + 16, 10)


def test_the_order_of_points_is_kept_as_json() -> None:
    order = PointOrder()
    order.take({}, {"a": 1, "b": 1}, Position(1, 1))
    order.take({"a": 1, "b": 1}, {"a": 2}, Position(1, 2))
    assert order.to_json() == [1, 2, {"b": 1}]
    assert PointOrder.from_json(order.to_json()) == order
