"""Reports become history and latest state, once each."""

import pytest
from relay_ground import MAC, NOW, PASSCODE, PRODUCT_KEY

from wxlink.relay.store import BATCH_MAX, Report, Store
from wxlink.relay.store.states import DUPLICATE_WINDOW_S, PRUNE_CHUNK

FULL = {"LED_OnOff": True, "LED_R": 10}


def report(did: str, at: float = NOW, p0: bytes = b"\x04\x01", **more: object) -> Report:
    return Report(did, at, 0x91, p0, **{"attrs": FULL, **more})  # type: ignore[arg-type]  # the fields of a report


async def p0s(store: Store, did: str) -> list[bytes]:
    return [kept.p0 for kept in await store.states.reports(did, 0, NOW + 10_000, limit=10_000)]


async def test_a_device_that_never_reported_has_an_empty_state(store: Store, did: str) -> None:
    state = await store.states.latest(did)
    assert (state.updated_at, state.attrs) == (0, {})


async def test_partial_reports_are_merged_into_the_latest_state(store: Store, did: str) -> None:
    applied = await store.states.apply(
        [
            report(did, attrs={"LED_R": 1, "LED_OnOff": True}),
            report(did, NOW + 1, b"\x14\x02", attrs={"LED_R": 2}),
            report(did, NOW + 2, b"\x06hello", attrs=None),
        ]
    )
    await store.states.apply([report(did, NOW + 3, b"\x14\x03", attrs={"Colour": "黄色", "binary": "00ff"})])
    state = await store.states.latest(did)
    assert state.attrs == {"LED_R": 2, "LED_OnOff": True, "Colour": "黄色", "binary": "00ff"}
    assert state.updated_at == NOW + 3
    assert all(one.fresh for one in applied)
    assert await p0s(store, did) == [b"\x14\x03", b"\x06hello", b"\x14\x02", b"\x04\x01"]


async def test_a_message_without_data_points_does_not_look_like_news(store: Store, did: str) -> None:
    await store.states.apply([report(did), report(did, NOW + 50, b"\x06", attrs=None)])
    assert (await store.states.latest(did)).updated_at == NOW


async def test_a_repeated_delivery_is_kept_once(store: Store, did: str) -> None:
    await store.states.apply([report(did), report(did, NOW + 1, b"\x04\x02", attrs={"LED_R": 99})])
    again = await store.states.apply(
        [
            report(did, NOW + 2, duplicate_suspect=True),
            report(did, NOW + 2, b"\x04\x03", duplicate_suspect=True),
        ]
    )
    assert [one.fresh for one in again] == [False, True]
    assert await p0s(store, did) == [b"\x04\x03", b"\x04\x02", b"\x04\x01"]


async def test_a_repetition_within_one_batch_is_kept_once(store: Store, did: str) -> None:
    applied = await store.states.apply([report(did), report(did, duplicate_suspect=True)])
    assert [one.fresh for one in applied] == [True, False]


async def test_the_same_content_again_is_a_report_when_nothing_says_that_it_is_a_repetition(
    store: Store, did: str
) -> None:
    await store.states.apply([report(did)])
    assert (await store.states.apply([report(did, NOW + 1)]))[0].fresh
    assert (await store.states.apply([report(did, NOW + 2 + DUPLICATE_WINDOW_S, duplicate_suspect=True)]))[
        0
    ].fresh


async def test_another_device_with_the_same_bytes_is_not_a_repetition(store: Store, did: str) -> None:
    other = (await store.devices.register(PRODUCT_KEY, "b1b2c3d4e5f6", PASSCODE, NOW)).did
    await store.states.apply([report(did)])
    assert (await store.states.apply([report(other, duplicate_suspect=True)]))[0].fresh


async def test_a_report_of_a_device_that_is_gone_does_not_stop_the_others(store: Store, did: str) -> None:
    gone = did
    here = (await store.devices.register(PRODUCT_KEY, MAC, "OTHERPASS", NOW)).did
    applied = await store.states.apply([report(gone), report(here)])
    assert [one.fresh for one in applied] == [False, True]
    assert await p0s(store, gone) == []


async def test_a_batch_is_all_or_nothing(store: Store, did: str) -> None:
    with pytest.raises(Exception, match="not JSON serializable"):
        await store.states.apply([report(did), report(did, NOW + 1, attrs={"binary": b"bytes"})])
    assert await p0s(store, did) == []
    assert (await store.states.latest(did)).attrs == {}


async def test_an_empty_batch_is_nothing_and_a_too_large_one_is_refused(store: Store, did: str) -> None:
    assert await store.states.apply([]) == []
    with pytest.raises(ValueError, match=str(BATCH_MAX)):
        await store.states.apply([report(did)] * (BATCH_MAX + 1))
    assert len(await store.states.apply([report(did)] * BATCH_MAX)) == BATCH_MAX


async def test_history_is_read_in_pages_newest_first_and_excludes_its_start(store: Store, did: str) -> None:
    await store.states.apply([report(did, NOW + i, bytes([4, i])) for i in range(5)])
    first = await store.states.reports(did, after=NOW, until=NOW + 3, limit=2)
    second = await store.states.reports(did, after=NOW, until=NOW + 3, limit=2, skip=2)
    assert [kept.at - NOW for kept in first + second] == [3, 2, 1]


async def test_old_reports_are_forgotten_and_the_latest_state_stays(store: Store, did: str) -> None:
    old = PRUNE_CHUNK + 10
    for start in range(0, old, BATCH_MAX):
        count = min(BATCH_MAX, old - start)
        await store.states.apply([report(did, NOW, (start + i).to_bytes(3, "big")) for i in range(count)])
    await store.states.apply([report(did, NOW + 100, b"\x04new")])
    assert await store.states.prune(NOW + 100) == old
    assert await p0s(store, did) == [b"\x04new"]
    assert (await store.states.latest(did)).attrs == FULL
