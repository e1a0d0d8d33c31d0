"""Reports become history and latest state."""

import pytest
from relay_ground import MAC, NOW, PRODUCT_KEY

from wxlink.relay.store import BATCH_MAX, Report, Store

FULL = {"LED_OnOff": True, "LED_R": 10}


def report(did: str, at: float = NOW, p0: bytes = b"\x04\x01", **more: object) -> Report:
    return Report(did, at, 0x91, p0, **{"attrs": FULL, **more})  # type: ignore[arg-type]  # the fields of a report


async def p0s(store: Store, did: str) -> list[bytes]:
    return [kept.p0 for kept in await store.states.reports(did, 0, NOW + 10_000, limit=10_000)]


async def test_a_device_that_never_reported_has_an_empty_state(store: Store, did: str) -> None:
    state = await store.states.latest(did)
    assert (state.updated_at, state.attrs) == (0, {})


async def test_partial_reports_are_merged_into_the_latest_state(store: Store, did: str) -> None:
    await store.states.apply(
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
    assert await p0s(store, did) == [b"\x14\x03", b"\x06hello", b"\x14\x02", b"\x04\x01"]


async def test_a_message_without_data_points_does_not_look_like_news(store: Store, did: str) -> None:
    await store.states.apply([report(did), report(did, NOW + 50, b"\x06", attrs=None)])
    assert (await store.states.latest(did)).updated_at == NOW


async def test_a_report_of_a_device_that_is_gone_does_not_stop_the_others(store: Store, did: str) -> None:
    gone = did
    here = (await store.devices.register(PRODUCT_KEY, MAC, "OTHERPASS", NOW)).did
    await store.states.apply([report(gone), report(here)])
    assert await p0s(store, gone) == []
    assert await p0s(store, here) == [b"\x04\x01"]


async def test_a_batch_is_all_or_nothing(store: Store, did: str) -> None:
    with pytest.raises(Exception, match="not JSON serializable"):
        await store.states.apply([report(did), report(did, NOW + 1, attrs={"binary": b"bytes"})])
    assert await p0s(store, did) == []
    assert (await store.states.latest(did)).attrs == {}


async def test_an_empty_batch_is_nothing_and_a_too_large_one_is_refused(store: Store, did: str) -> None:
    await store.states.apply([])
    with pytest.raises(ValueError, match=str(BATCH_MAX)):
        await store.states.apply([report(did)] * (BATCH_MAX + 1))
    await store.states.apply([report(did)] * BATCH_MAX)
    assert len(await p0s(store, did)) == BATCH_MAX


async def test_history_is_read_in_pages_newest_first_and_excludes_its_start(store: Store, did: str) -> None:
    await store.states.apply([report(did, NOW + i, bytes([4, i])) for i in range(5)])
    first = await store.states.reports(did, after=NOW, until=NOW + 3, limit=2)
    second = await store.states.reports(did, after=NOW, until=NOW + 3, limit=2, skip=2)
    assert [kept.at - NOW for kept in first + second] == [3, 2, 1]
