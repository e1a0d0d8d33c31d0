"""A device that floods: what is beyond its limit is dropped and counted, and the others go on."""

import asyncio
import logging
from pathlib import Path

import aiohttp
import pytest
from live import KIT, Device, kit, stock, until, until_async
from relay_ground import MAC, PASSCODE

from wxlink.relay.app import Relay
from wxlink.relay.ingest import Intake
from wxlink.relay.metrics import Metrics
from wxlink.relay.rates import Rate
from wxlink.relay.settings import RelaySettings, TrafficLimits
from wxproto import envelope

BURST = 20
FLOOD = 300


def test_presence_is_admitted_whatever_a_device_floods() -> None:
    intake = Intake(Rate(1, 2), clock=lambda: 0.0)
    topics = ["dev2app/a", "dev2app/a/x", "dev2app/a/y", "dev2app/a/online", "dev2app/b", "nonsense"]
    assert [intake.admits(topic) for topic in topics] == [True, True, False, True, True, True]


def test_what_became_of_messages_is_counted() -> None:
    metrics = Metrics()
    intake = Intake(Rate(1, 1), metrics, lambda: 0.0)
    for _ in range(3):
        intake.admits("dev2app/a")
    intake.note("stored")
    intake.handled(1, 0.002)
    page = metrics.page().decode()
    for line in (
        'wxlink_uplinks_total{outcome="received"} 3.0',
        'wxlink_uplinks_total{outcome="stored"} 1.0',
        'wxlink_uplinks_total{outcome="dropped"} 2.0',
        'wxlink_refused_total{limit="device"} 2.0',
        "wxlink_batch_messages_count 1.0",
        "wxlink_batch_seconds_count 1.0",
    ):
        assert line in page


async def test_a_flood_of_one_device_neither_fills_history_nor_holds_up_another(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    limits = TrafficLimits(device_per_s=0.001, device_burst=BURST)
    settings = RelaySettings(tmp_path / "relay", port=0, mqtt_port=0, limits=limits, admin_public=True)
    async with Relay(settings) as relay, aiohttp.ClientSession() as session:
        await stock(relay.store)
        dids = [
            await relay.service.register_device(KIT, f"{MAC[:-1]}{last}", PASSCODE, None) for last in "01"
        ]
        wild, calm = [await Device(did).come_online(relay.mqtt_port) for did in dids]
        with caplog.at_level(logging.WARNING):
            report = envelope.encode(envelope.REPORT, kit(1, 2, 3, 4, 5))
            sent = [wild.publish(f"dev2app/{wild.did}", report) for _ in range(FLOOD)]
            assert all(await asyncio.gather(*sent)), "each is acknowledged: the module does not repeat it"
            await calm.report(kit(0, 1, 1, 1, 1))

            async def stored() -> bool:
                return (await relay.store.states.latest(calm.did)).updated_at > 0

            await until_async(stored)
            await until(lambda: relay.ingest.unstored == 0)
        async with session.get(f"http://127.0.0.1:{relay.http_port}/metrics") as answer:
            page = await answer.text()
        history = await relay.store.states.reports(wild.did, 0.0, 1e12, limit=FLOOD)
        assert len(history) <= BURST
        assert f'wxlink_uplinks_total{{outcome="dropped"}} {float(FLOOD - len(history))}' in page
        assert caplog.text.count(f"{wild.did} dropped: it sends faster than its limit") == 1
        for device in (wild, calm):
            await device.leave()
