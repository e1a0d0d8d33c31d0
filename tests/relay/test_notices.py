"""A release that another process rolls out: who is on-line is told, at a measured pace."""

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest
from live import KIT, live_house, until, until_async
from relay_ground import MAC, NOW, PASSCODE, PRODUCT_KEY, Wire
from release_ground import mcu_file, module_file, released

from wxlink import cli
from wxlink.relay import notices as notices_module
from wxlink.relay.downlink import Downlink
from wxlink.relay.notices import Notices
from wxlink.relay.store import Progress, Rule, Store

KEY = "cd" * 32
LOOK_S = 0.02


async def test_from_the_operators_terminal_to_a_confirmed_device(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with live_house(tmp_path) as house, aiohttp.ClientSession() as session:
        device = await house.device()
        relay = house.relay
        await relay.service.register_device(KIT, MAC, PASSCODE, KEY)
        data = ("--data", str(tmp_path / "relay"))

        async def wxlink(*words: str) -> None:
            assert await asyncio.to_thread(cli.main, ["release", *words, *data]) == 0

        source = str(module_file(tmp_path, "1.1.0"))
        await wxlink("add", source, "--type", "module", "--version", "1.1.0")
        await wxlink("roll-out", "1", "--percent", "100")
        notice = (f"ser2cli_res/{device.did}", bytes.fromhex("00000003021101"), 1)
        await until(lambda: notice in device.received)
        form = {
            "passcode": PASSCODE,
            "type": "1",
            "hard_version": "1",
            "soft_version": "1.0.0",
            "manifest": "1",
        }
        base = f"http://127.0.0.1:{relay.http_port}"
        async with session.post(f"{base}/dev/ota/v4.1/update_and_check/{device.did}", data=form) as answer:
            assert answer.status == 200
            fields = dict(part.split("=", 1) for part in (await answer.text()).strip().split("&"))
        assert fields["download_url"].startswith(base)
        async with session.get(fields["download_url"]) as answer:
            assert len(await answer.read()) == int(fields["size"])
        confirmed = {"type": 1, "version": "1.1.0", "state": "confirmed", "percent": 100, "reason": None}
        await device.publish(f"dev2app/{device.did}/update", json.dumps(confirmed).encode())

        async def through() -> bool:
            return (await relay.store.updates.counts()).get(1) == {"confirmed": 1}

        await until_async(through)
        capsys.readouterr()
        await wxlink("devices", "1")
        assert "confirmed" in capsys.readouterr().out
        assert fields["download_url"].split("/")[-2] not in capsys.readouterr().err


async def on_line(store: Store, count: int, key: str | None = KEY) -> list[str]:
    dids = []
    for number in range(count):
        did = (await store.devices.register(PRODUCT_KEY, f"{key}{number}", PASSCODE, NOW)).did
        if key:
            await store.devices.set_update_key(did, key)
        await store.devices.set_presence(did, True, "11111111", NOW)
        dids.append(did)
    return dids


async def test_who_is_told(store: Store, wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices_module, "NOTICES_A_S", 1000)
    await released(store, tmp_path, module_file(tmp_path, "1"), "1")
    first, through, gone, unnamed = await on_line(store, 4)
    (keyless,) = await on_line(store, 1, key=None)
    await store.devices.set_presence(gone, False, "11111111", NOW)
    watching = Notices(store, Downlink(wire, store.devices.get), LOOK_S)
    await watching.start()
    release = await released(store, tmp_path, module_file(tmp_path, "2"), "2", percent=0)
    await store.updates.note(Progress(through, release.id, "confirmed", 100, "", NOW))
    await store.releases.roll_out(release.id, [Rule("", "", 100)])
    await until(lambda: len(wire.messages) == 2)
    await released(store, tmp_path, mcu_file(tmp_path), "1", product_key=PRODUCT_KEY)
    await until(lambda: len(wire.messages) == 2 + 4)
    await watching.stop()
    ours, theirs = bytes.fromhex("00000003021101"), bytes.fromhex("00000003021102")
    assert sorted(wire.messages[:2]) == sorted((f"ser2cli_res/{did}", ours) for did in (first, unnamed))
    mcus = sorted((f"ser2cli_res/{did}", theirs) for did in (first, through, unnamed, keyless))
    assert sorted(wire.messages[2:]) == mcus


async def test_a_thousand_devices_are_not_told_at_once_and_a_stop_is_heeded(
    store: Store, wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    stopped = asyncio.Event()
    really = asyncio.sleep

    async def sleep(delay: float) -> None:
        pauses.append(delay)
        await really(0)
        if len(wire.messages) == 10:
            await stopped.wait()

    monkeypatch.setattr(notices_module.asyncio, "sleep", sleep)
    await on_line(store, 12)
    watching = Notices(store, Downlink(wire, store.devices.get), LOOK_S)
    await watching.start()
    release = await released(store, tmp_path, module_file(tmp_path, "1"), "1")
    async with asyncio.timeout(30):
        while len(wire.messages) < 10:
            await really(0)
    await store.releases.stop(release.id)
    stopped.set()
    async with asyncio.timeout(30):
        while pauses[-1] != LOOK_S:
            await really(0)
    await watching.stop()
    assert len(wire.messages) == 10
    assert pauses.count(1 / notices_module.NOTICES_A_S) == 10
    assert 1000 / notices_module.NOTICES_A_S >= 60
