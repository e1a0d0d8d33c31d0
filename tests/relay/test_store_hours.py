"""Numbers are added up hour by hour, in the transaction that stores them."""

import asyncio
import math
import random
from collections import defaultdict

import pytest
from relay_ground import NOW

from wxlink.relay.store import HOUR_S, Points, Report, Store

FIRST = int(NOW // HOUR_S)
BEGIN = float(FIRST * HOUR_S)


def report(did: str, at: float, **attrs: object) -> Report:
    return Report(did, at, 0x91, b"\x04", attrs)


async def of(store: Store, did: str) -> dict[int, Points]:
    return dict(await store.hours.of_device(did, 0, FIRST * 2))


async def test_numbers_are_added_up_and_other_values_are_not(store: Store, did: str) -> None:
    await store.states.apply(
        [
            report(did, BEGIN, LED_R=3, Temperature=-1.5, LED_OnOff=True, Colour="红", binary="00"),
            report(did, BEGIN + 3599, LED_R=9),
            Report(did, BEGIN + 10, 0x91, b"\x06", None),
        ]
    )
    await store.states.apply([report(did, BEGIN + 1, LED_R=1)])
    expected = {FIRST: {"LED_R": [3, 13, 1, 9], "Temperature": [1, -1.5, -1.5, -1.5]}}
    assert await of(store, did) == expected


async def test_any_order_of_reports_gives_the_same_sums(
    store: Store, did: str, seeded: random.Random
) -> None:
    reports = [
        report(did, BEGIN + seeded.uniform(0, 6 * HOUR_S), LED_R=seeded.randrange(255)) for _ in range(300)
    ]
    expected = defaultdict(list)
    for one in reports:
        expected[int(one.at // HOUR_S)].append((one.attrs or {})["LED_R"])
    while reports:
        size = seeded.randrange(1, 40)
        await store.states.apply(reports[:size])
        del reports[:size]
    assert await of(store, did) == {
        hour: {"LED_R": [len(given), math.fsum(given), min(given), max(given)]}
        for hour, given in expected.items()
    }


async def test_a_window_takes_whole_hours_and_nothing_of_another_device(store: Store, did: str) -> None:
    other = (await store.devices.register(*(await _key(store, did)), "OTHER", NOW)).did
    await store.states.apply([report(other, BEGIN + hour * HOUR_S, LED_R=hour) for hour in range(5)])
    hours = await store.hours.of_device(other, FIRST + 1, FIRST + 3)
    assert [(hour - FIRST, points["LED_R"][1]) for hour, points in hours] == [(1, 1), (2, 2), (3, 3)]
    assert [hour for hour, _ in await store.hours.of_device(other, FIRST + 4, FIRST + 9)] == [FIRST + 4]
    assert await of(store, did) == {}


async def test_old_hours_are_forgotten(store: Store, did: str) -> None:
    await store.states.apply([report(did, BEGIN + hour * HOUR_S, LED_R=hour) for hour in range(5)])
    assert await store.hours.prune(BEGIN + 2 * HOUR_S) == 2
    assert [hour - FIRST for hour in await of(store, did)] == [2, 3, 4]


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_two_relays_add_to_one_hour(store: Store, store_url: str, did: str) -> None:
    other = await Store.open(store_url)
    try:
        for _ in range(5):
            each = [
                one.states.apply([report(did, BEGIN + hour * HOUR_S, LED_R=1)])
                for hour in range(4)
                for one in (store, other)
            ]
            await asyncio.wait_for(asyncio.gather(*each), 60)
    finally:
        await other.close()
    assert {
        hour - FIRST: points["LED_R"][0] for hour, points in (await of(store, did)).items()
    } == dict.fromkeys(range(4), 10)


async def _key(store: Store, did: str) -> tuple[str, str]:
    device = await store.devices.get(did)
    assert device is not None
    return device.product_key, device.mac + "1"
