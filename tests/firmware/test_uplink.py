"""The uplink alone under MicroPython: what it tells, when it asks for a restart, a heap that stays flat."""

import heapq
import json
from statistics import median

import pytest
from firmware_brokers import PortFinder, Proxy
from firmware_ground import DID, UP, Bench, alone

from module.backoff import Backoff
from module.config import KEYS
from wxproto import envelope

REPORTS, RECONNECTS = 10_000, 200
WARM_UP = 20  # connections until every buffer has its size
SLACK = 1024  # bytes; a list that has grown once, a timestamp that became a long number
MODULES, ROUNDS = 30, 20


async def test_the_stages_are_told_and_a_failure_says_why(bench: Bench, free_port: PortFinder, eventually):
    good, bench.registrar.mqtt_port = bench.registrar.mqtt_port, free_port()
    async with alone(bench) as uplink:
        await eventually(lambda: len(uplink.told("stage")) >= 4)
        stages = uplink.told("stage")
        assert [t["stage"] for t in stages[:4]] == [
            "registering",
            "connecting",
            "offline",
            "connecting",
        ]
        assert "cannot be reached" in str(stages[2]["reason"])
        bench.registrar.mqtt_port = good
        await eventually(lambda: uplink.told("stage")[-1] == {"stage": "online", "reason": None})
        uplink.order(end=True)
        await eventually(lambda: bench.presence() == ["1", "0"])


async def test_health_goes_up_while_on_line_and_the_course_of_an_update_waits(bench: Bench, eventually):
    health = {"version": "00010000", "heap_free": 40_000, "failure": None}
    update = {"type": 1, "version": "00010001", "state": "downloading", "percent": 40, "reason": None}
    async with Proxy(bench.broker.port) as proxy:
        bench.registrar.mqtt_port = proxy.port
        async with alone(bench) as uplink:
            await eventually(lambda: uplink.said('"online"'))
            uplink.order(health=health)
            await eventually(lambda: bench.watcher.texts(f"{UP}/health"))
            await proxy.stop()
            await eventually(lambda: uplink.said('"offline"'))
            uplink.order(health={**health, "heap_free": 0})
            uplink.order(update=update)
            await proxy.start()
            await eventually(lambda: bench.watcher.texts(f"{UP}/update"))
    assert [json.loads(text) for text in bench.watcher.texts(f"{UP}/update")] == [update]
    assert [json.loads(text) for text in bench.watcher.texts(f"{UP}/health")] == [health]


async def test_the_relays_own_messages_are_handed_on(bench: Bench, eventually):
    async with alone(bench) as uplink:
        await eventually(lambda: uplink.said('"online"'))
        bench.watcher.send(f"ser2cli_res/{DID}", envelope.encode_service(envelope.FIRMWARE_NOTICE, b"\x02"))
        await eventually(lambda: uplink.told("service") == [{"service": "00000003021102"}])


async def test_two_hours_without_relay_ask_for_a_restart(bench: Bench, eventually):
    async with alone(bench) as uplink:
        await eventually(lambda: uplink.said('"online"'))
        uplink.order(**{"pass": 7_300_000})
        bench.broker.stop()
        await eventually(lambda: uplink.said('"offline"'))
        uplink.order(**{"pass": 7_100_000})
        tries = len(uplink.said("next try"))
        await eventually(lambda: len(uplink.said("next try")) >= tries + 3)
        assert not uplink.told("restart"), "the time on-line does not count"
        uplink.order(**{"pass": 100_000})
        await eventually(lambda: uplink.told("restart") == [{"restart": 0}])


async def test_the_heap_stays_flat_over_many_reports_and_reconnects(bench: Bench, eventually):
    async with alone(bench) as uplink:
        uplink.order(soak=[REPORTS, RECONNECTS])
        await eventually(lambda: len(uplink.told("heap")) == RECONNECTS, within=60)
        heap = [int(str(told["heap"])) for told in uplink.told("heap")]
        before, after = (median(part) for part in (heap[WARM_UP : 2 * WARM_UP], heap[-WARM_UP:]))
        assert after <= before + SLACK, heap[::WARM_UP]
        await eventually(lambda: len(bench.watcher.messages) >= REPORTS + 2 * RECONNECTS)
        numbers = [int.from_bytes(p0[1:], "big") for p0 in bench.reports()]
        assert numbers == list(range(REPORTS)), "each once, in order"


@pytest.mark.parametrize("away_ms", [100, 2_000, 20_000, 1_800_000])
def test_a_broker_that_comes_back_is_not_stormed(seeded, away_ms: int):
    """Modules lose one broker at one moment; each tries by its own back-off until the broker is there."""
    base_ms, cap_ms = (int(KEYS[key][1] * 1000) for key in ("backoff_s", "backoff_cap_s"))
    peaks = []
    for _ in range(ROUNDS):
        backoffs = [Backoff(base_ms, cap_ms, seeded.randbytes) for _ in range(MODULES)]
        due = [(backoff.next_ms(), number) for number, backoff in enumerate(backoffs)]
        arrivals = []
        heapq.heapify(due)
        while due:
            now, number = heapq.heappop(due)
            if now < away_ms:
                heapq.heappush(due, (now + backoffs[number].next_ms(), number))
            else:
                arrivals.append(now)
        assert max(arrivals) <= away_ms + cap_ms, "nobody stays away for longer than the cap"
        peaks.append(max(sum(begin <= at < begin + 1000 for at in arrivals) for begin in arrivals))
    assert sum(peaks) / ROUNDS <= MODULES / 2, f"so many came back within one second: {peaks}"
