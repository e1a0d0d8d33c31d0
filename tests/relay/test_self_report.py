"""What modules tell of themselves: kept when it is sound, counted and dropped when it is not."""

import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from ingest_ground import Ground, on_bundled
from live import KIT, kit, stock, until, until_async
from relay_ground import MAC
from release_ground import mcu_file, module_file, released

from wxlink.relay.ingest import uplink
from wxlink.relay.ingest.self_report import MAX_BYTES, Condition, UpdateNews
from wxlink.relay.ingest.uplink import Undecipherable
from wxlink.relay.store import Device, Progress, Store

DID = "Kq7mT2xW9bRf4LsVn8Zc3d"
HEALTH = {
    "version": "1.0.0",
    "mcu_version": "03030004",
    "reset": "power on",
    "uptime_s": 12,
    "heap_free": 40_000,
    "heap_used": 110_000,
    "signal": 5,
    "ip": "192.0.2.7",
    "failure": None,
    "link": {
        "frames_in": 7,
        "frames_out": 8,
        "resends": 0,
        "given_up": 0,
        "bad_frames": 1,
        "round_trip_ms": 21.5,
    },
}
UPDATE = {"type": 1, "version": "1.1.0", "state": "downloading", "percent": 40, "reason": None}


@pytest.fixture
async def ground(tmp_path: Path, store: Store) -> AsyncIterator[Ground]:
    await stock(store)
    async with on_bundled(tmp_path, store) as ground:
        yield ground


def read(tail: str, words: Any) -> object:
    payload = words if isinstance(words, bytes) else json.dumps(words).encode()
    return uplink.read(f"dev2app/{DID}/{tail}", payload)


def test_a_sound_health_message_is_read_as_it_came() -> None:
    assert read("health", HEALTH) == Condition(DID, HEALTH)
    newer = {**HEALTH, "something_new": [1, {"a": "温"}]}
    assert read("health", newer) == Condition(DID, newer)
    assert read("health", {}) == Condition(DID, {})


def test_a_sound_update_message_is_read() -> None:
    assert read("update", UPDATE) == UpdateNews(DID, 1, "1.1.0", "downloading", 40, "")
    short = {"type": 2, "version": "2", "state": "failed", "reason": "no room"}
    assert read("update", short) == UpdateNews(DID, 2, "2", "failed", 0, "no room")


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"uptime_s": NaN}',
        b'{"round": 1e999}',
        b'{"uptime_s": 9007199254740993}',
        b'{"uptime_s": ' + b"9" * 900 + b"}",
        b'{"a": "' + b"x" * MAX_BYTES + b'"}',
        b'{"a": ' + b"[" * 400 + b"]" * 400 + b"}",
        b'{"a": "\\u0000"}',
        b'{"a": "\\u001b[2J"}',
        b'{"a": "\\ud800"}',
        b'{"\\u0007": 1}',
    ],
)
@pytest.mark.parametrize("tail", ["health", "update"])
def test_what_is_no_sound_json_is_refused(tail: str, payload: bytes) -> None:
    with pytest.raises(Undecipherable) as refused:
        read(tail, payload)
    assert refused.value.did == DID


@pytest.mark.parametrize(
    ("tail", "changed"),
    [
        ("health", {"version": 1}),
        ("health", {"version": "v" * 65}),
        ("health", {"uptime_s": -1}),
        ("health", {"uptime_s": "12"}),
        ("health", {"signal": True}),
        ("health", {"link": [1]}),
        ("health", {"link": {"frames_in": -1}}),
        ("health", {"link": {"round_trip_ms": "fast"}}),
        ("update", {"type": 3}),
        ("update", {"type": True}),
        ("update", {"type": None}),
        ("update", {"version": ""}),
        ("update", {"version": "123456789"}),
        ("update", {"state": "offered"}),
        ("update", {"state": ["failed"]}),
        ("update", {"percent": 101}),
        ("update", {"percent": 1.5}),
        ("update", {"reason": "x" * 256}),
    ],
)
def test_a_value_of_another_kind_is_refused(tail: str, changed: dict[str, Any]) -> None:
    sound = HEALTH if tail == "health" else UPDATE
    with pytest.raises(Undecipherable, match=next(iter(changed))):
        read(tail, {**sound, **changed})


async def test_the_latest_health_is_kept(ground: Ground) -> None:
    device = await ground.device().come_online(ground.endpoint.port)
    for uptime in (1, 2, 3):
        words = {**HEALTH, "uptime_s": uptime}
        await device.publish(f"dev2app/{ground.did}/health", json.dumps(words).encode())
    await until_async(lambda: uptime_is(ground, 3))
    kept = await known(ground)
    assert kept.health == {**HEALTH, "uptime_s": 3}
    assert kept.health_at is not None
    assert ground.ingest.undecipherable == 0
    assert await ground.contents() == [], "health is no report"
    await device.leave()


async def known(ground: Ground) -> Device:
    device = await ground.store.devices.get(ground.did)
    assert device is not None
    return device


async def uptime_is(ground: Ground, uptime: int) -> bool:
    return ((await known(ground)).health or {}).get("uptime_s") == uptime


async def test_malformed_messages_are_counted_and_disturb_nothing(
    ground: Ground, caplog: pytest.LogCaptureFixture
) -> None:
    device = await ground.device().come_online(ground.endpoint.port)
    with caplog.at_level(logging.WARNING):
        for tail, payload in (("health", b"{"), ("update", b"{}"), ("health", b'{"version": 1}')):
            await device.publish(f"dev2app/{ground.did}/{tail}", payload)
        await device.report(kit(1, 2, 3, 4, 5))
        await until(lambda: ground.ingest.undecipherable == 3)
        await ground.stored(1)
    assert (await known(ground)).health is None
    assert ground.did in caplog.text
    await device.leave()


async def test_another_device_is_not_spoken_for(ground: Ground) -> None:
    """The broker drops what names another did: its publisher is told nothing and goes on."""
    other = (await ground.store.devices.register(KIT, MAC[::-1], "OTHERCODEX", 0.0)).did
    device = await ground.device().come_online(ground.endpoint.port)
    for tail in ("health", "update", "online"):
        await device.publish(f"dev2app/{other}/{tail}", json.dumps(HEALTH).encode(), within_s=0.3)
    await device.publish(f"dev2app/{ground.did}/health", json.dumps({**HEALTH, "uptime_s": 9}).encode())
    await until_async(lambda: uptime_is(ground, 9))
    untouched = await ground.store.devices.get(other)
    assert untouched is not None
    assert (untouched.health, untouched.online) == (None, False)
    await device.leave()


async def test_progress_is_noted_at_the_release_that_was_offered(ground: Ground, tmp_path: Path) -> None:
    store, did = ground.store, ground.did
    ours = await released(store, tmp_path, module_file(tmp_path, "1.1.0"), "1.1.0")
    mcu = await released(store, tmp_path, mcu_file(tmp_path), "1.1.0", product_key=KIT)
    device = await ground.device().come_online(ground.endpoint.port)

    async def say(**words: Any) -> None:
        await device.publish(f"dev2app/{did}/update", json.dumps({**UPDATE, **words}).encode())

    async def noted(release: int, state: str, percent: int) -> bool:
        progress = (await store.updates.of_release(release)).get(did)
        return progress is not None and (progress.state, progress.percent) == (state, percent)

    await say(percent=10)
    await until_async(lambda: noted(ours.id, "downloading", 10))
    await say(type=2, state="failed", percent=55, reason="the MCU did not answer")
    await until_async(lambda: noted(mcu.id, "failed", 55))
    assert (await store.updates.of_release(mcu.id))[did].reason == "the MCU did not answer"
    for state in ("verifying", "installing", "installed", "confirmed"):
        await say(state=state, percent=100)
    await until_async(lambda: noted(ours.id, "confirmed", 100))
    await say(state="installed", percent=100)
    await say(version="9.9.9")
    await until(lambda: ground.ingest.undecipherable == 1)
    assert await noted(ours.id, "confirmed", 100), "what comes late does not undo it"
    await device.leave()


async def test_progress_of_a_device_that_was_reset_is_dropped(store: Store, did: str, tmp_path: Path) -> None:
    release = await released(store, tmp_path, module_file(tmp_path, "1.1.0"), "1.1.0")
    await store.updates.note(Progress(did, release.id, "downloading", 1, "", 0.0))
    device = await store.devices.get(did)
    assert device is not None
    await store.devices.retire(did, device.passcode, 0.0)
    assert await store.updates.of_release(release.id) == {}
