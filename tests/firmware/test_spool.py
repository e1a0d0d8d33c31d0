"""Reports that survive restarts and power cuts: LittleFS that loses power, and the program started again."""

import asyncio
import hashlib
import signal
from pathlib import Path

import pytest
from firmware_bench import END_WITHIN_S, MicroPython
from firmware_brokers import Proxy
from firmware_ground import DID, Bench, alone

from wxproto import commands

CUTS = str(Path(__file__).with_name("spool_client.py"))
LATE = [b"\x04\x14", b"\x04\x15", b"\x04\x16"]


async def test_a_power_cut_at_any_write_leaves_the_old_or_the_new_reports(seeded):
    async with MicroPython(CUTS, str(seeded.randrange(2**30)), heap="2M") as program:
        assert await asyncio.wait_for(program.process.wait(), END_WITHIN_S) == 0
    (line,) = program.lines
    assert int(line.removeprefix("cuts ")) > 100


async def test_reports_of_an_orderly_end_arrive_once_after_the_next_start(bench: Bench, eventually):
    spool = bench.folder / "module" / "spool"
    async with Proxy(bench.broker.port) as proxy:
        bench.registrar.mqtt_port = proxy.port
        async with bench.module() as module:
            await eventually(lambda: bench.reports() == [b"\x03\x07"] and not proxy.unacknowledged)
            await proxy.stop()
            await eventually(lambda: module.said("next try"))
            for state in (20, 21, 22):
                bench.mcu.state = state
                await bench.mcu.ask(commands.P0_UP, bytes((4, state)))
            await bench.mcu.ask(commands.GET_NETWORK_TIME)  # an acknowledgement comes before the work
            assert not spool.exists(), "a short time off-line costs no flash"
            assert await module.interrupt() == 0
        assert spool.exists()
        await proxy.start()
        async with bench.module() as module:
            await eventually(lambda: module.said("3 reports of the last run wait"))
            await eventually(lambda: bench.reports()[-1:] == [b"\x03\x16"])
            assert bench.reports()[1:-1] == LATE
            await eventually(lambda: not spool.exists() and not proxy.unacknowledged)
            assert await module.interrupt() == 0
        async with bench.module():
            await eventually(lambda: bench.presence()[-1:] == ["1"])
            await eventually(lambda: len(bench.reports()) == 6)
            assert bench.reports()[1:-2] == LATE, "what was acknowledged is not sent again"


@pytest.mark.parametrize("text", [b"", b"junk", b"wxspool1" + bytes(5000), bytes(40_000)])
async def test_what_is_no_spool_does_not_keep_the_module_from_its_work(bench: Bench, eventually, text: bytes):
    async with bench.module() as module:
        await eventually(lambda: bench.presence() == ["1"])
        assert await module.interrupt() == 0
    (bench.folder / "module" / "spool").write_bytes(text)
    async with bench.module() as module:
        await eventually(lambda: bench.presence() == ["1", "0", "1"])
        await eventually(lambda: module.said("reports of the last run are dropped: they are damaged"))


async def test_the_spool_of_a_damaged_byte_is_dropped(bench: Bench, eventually):
    async with alone(bench) as uplink:
        await eventually(lambda: bench.presence() == ["1"])
        bench.broker.stop()
        await eventually(lambda: uplink.said("offline"))
        uplink.order(report="worth less than a start")
        uplink.order(end=True)
        assert await asyncio.wait_for(uplink.process.wait(), END_WITHIN_S) == 0
    spool = bench.folder / "alone" / "spool"
    kept = bytearray(spool.read_bytes())
    kept[kept.index(b"worth")] ^= 1
    spool.write_bytes(kept)
    await bench.broker.start()
    async with alone(bench) as uplink:
        await eventually(lambda: uplink.said("they are damaged"))
        await eventually(lambda: uplink.said('"online"'))


async def test_a_minute_off_line_puts_reports_on_flash_and_a_power_cut_then_loses_none(
    bench: Bench, eventually
):
    spool = bench.folder / "alone" / "spool"
    async with Proxy(bench.broker.port) as proxy:
        bench.registrar.mqtt_port = proxy.port
        async with alone(bench, queue=8) as uplink:
            await eventually(lambda: uplink.said('"online"'))
            await proxy.stop()
            await eventually(lambda: uplink.said('"offline"'))
            for number in range(12):
                uplink.order(report=f"report {number}")
            await eventually(lambda: uplink.said("old reports give way"))
            tries = len(uplink.said("next try"))
            await eventually(lambda: len(uplink.said("next try")) > tries + 1)
            assert not spool.exists()
            uplink.order(**{"pass": 61_000})
            await eventually(spool.exists)
            before = spool.read_bytes()
            uplink.order(report="the newest batch")
            uplink.order(**{"pass": 200_000})
            tries = len(uplink.said("next try"))
            await eventually(lambda: len(uplink.said("next try")) > tries + 1)
            assert spool.read_bytes() == before, "flash is written once in five minutes"
            uplink.process.send_signal(signal.SIGKILL)
        await proxy.start()
        expected = [f"report {number}".encode() for number in range(4, 12)]
        for _ in range(2):  # a cut before anything is acknowledged, as far as the module knows
            proxy.mute = True
            async with alone(bench, queue=8) as uplink:
                await eventually(lambda: uplink.said("8 reports of the last run wait"))
                uplink.process.send_signal(signal.SIGKILL)
        proxy.mute = False
        async with alone(bench, queue=8) as uplink:
            await eventually(lambda: bench.reports()[-1:] == expected[-1:])
            assert list(dict.fromkeys(bench.reports())) == expected
            await eventually(lambda: not spool.exists())


async def test_a_reset_of_the_identity_drops_its_reports(bench: Bench, eventually):
    async with alone(bench) as uplink:
        await eventually(lambda: bench.presence() == ["1"])
        bench.broker.stop()
        await eventually(lambda: uplink.said("offline"))
        uplink.order(report="of the old did")
        uplink.order(end=True)
        assert await asyncio.wait_for(uplink.process.wait(), END_WITHIN_S) == 0
    spool = bench.folder / "alone" / "spool"
    spool.write_bytes(_of_another_did(spool.read_bytes()))
    await bench.broker.start()
    async with alone(bench) as uplink:
        await eventually(lambda: uplink.said("they are of another did"))
        await eventually(lambda: uplink.said('"online"'))
        assert not bench.reports()


def _of_another_did(data: bytes) -> bytes:
    text = data[:-32].replace(DID.encode(), b"did0000000000000000002")
    return text + hashlib.sha256(text).digest()
