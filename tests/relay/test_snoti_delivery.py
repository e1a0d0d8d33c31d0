"""Server push: each event comes until it is acknowledged, to one client of each subkey, and never again."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from live import KIT, until, until_async
from relay_ground import MAC, PASSCODE
from snoti_ground import QUICK, Peer, Server, served, slower

from wxlink.relay.store import Report, Store

RAW = ["device.status.raw"]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with served(tmp_path) as standing:
        yield standing


class Reporter:
    """Makes events: what a device would report is put into the store, one byte counting up."""

    def __init__(self, store: Store, did: str) -> None:
        self.did = did
        self._store = store
        self._numbers = itertools.count(1)

    async def report(self, count: int) -> list[str]:
        """Report that often in one batch; the msg_ids are not known, the data of the events are."""
        numbers = [next(self._numbers) for _ in range(count)]
        await self._store.states.apply(
            [Report(self.did, float(number), 0x91, number.to_bytes(4, "big"), None) for number in numbers]
        )
        return [str(float(number)) for number in numbers]


@pytest.fixture
async def reporter(server: Server) -> Reporter:
    return await reporting(server)


async def reporting(server: Server) -> Reporter:
    store = server.relay.store
    return Reporter(store, (await store.devices.register(KIT, MAC, PASSCODE, 0.0)).did)


def numbers(events: list[dict[str, Any]]) -> list[str]:
    """Which reports these events tell of."""
    return [str(event["created_at"]) for event in events]


async def take(peer: Peer, count: int) -> list[dict[str, Any]]:
    """Take and acknowledge that many events."""
    taken = []
    for _ in range(count):
        taken.append(await peer.event())
        await peer.ack(taken[-1])
    return taken


async def test_prefetch_bounds_what_is_unacknowledged(server: Server, reporter: Reporter) -> None:
    peer = await server.login(server.entry(events=RAW), prefetch=3)
    sent = await reporter.report(7)
    first = await peer.events(3)
    await peer.quiet()
    await peer.ack(first[1])
    fourth = await peer.event()
    await peer.quiet()
    for event in (first[0], first[2], fourth):
        await peer.ack(event)
    last = await peer.events(3)
    assert numbers([*first, fourth, *last]) == sent
    assert [event["delivery_id"] for event in (*first, fourth, *last)] == list(range(1, 8))


async def test_what_is_acknowledged_never_comes_again_what_is_not_does(
    server: Server, reporter: Reporter
) -> None:
    peer = await server.login(server.entry(events=RAW))
    sent = await reporter.report(6)
    events = await peer.events(6)
    for event in events[::2]:
        await peer.ack(event)
    await peer.quiet()
    peer.vanish()
    again = await server.login(server.entry(events=RAW))
    repeated = await again.events(3)
    assert numbers(repeated) == sent[1::2]
    assert [event["msg_id"] for event in repeated] == [event["msg_id"] for event in events[1::2]]
    await again.quiet()


async def test_nothing_comes_again_while_the_client_stays(server: Server, reporter: Reporter) -> None:
    peer = await server.login(server.entry(events=RAW))
    other = await server.login(server.entry(events=RAW))
    sent = await reporter.report(2)
    mine, theirs = await peer.event(), await other.event()
    await asyncio.sleep(3 * QUICK.gone_after_s)  # long enough for a lease to end, if one did
    await peer.quiet()
    await other.quiet()
    peer.vanish()
    repeated = await other.event()
    assert sorted(numbers([theirs, repeated])) == sent
    assert repeated["msg_id"] == mine["msg_id"]


async def test_events_wait_for_somebody_to_come(server: Server, reporter: Reporter) -> None:
    first = await server.login(server.entry(events=RAW))
    await first.quiet()
    await first.leave()
    sent = await reporter.report(120)
    peer = await server.login(server.entry(events=RAW))
    assert numbers(await take(peer, 120)) == sent


async def test_clients_of_a_subkey_share_and_other_subkeys_get_copies(
    server: Server, reporter: Reporter
) -> None:
    shared = [await server.login(server.entry(events=RAW)) for _ in range(3)]
    copy = await server.login(server.entry(subkey="another", events=RAW))
    sent = await reporter.report(30)
    parts = await asyncio.gather(*(take(peer, 10) for peer in shared))
    assert sorted(map(float, itertools.chain(*map(numbers, parts)))) == list(map(float, sent))
    assert all(len(set(numbers(part))) == 10 for part in parts)
    assert numbers(await take(copy, 30)) == sent
    for peer in (*shared, copy):
        await peer.quiet()


async def test_one_client_may_listen_to_many_queues(server: Server, reporter: Reporter) -> None:
    peer = await server.login(
        server.entry(events=RAW), server.entry(subkey="another", events=RAW), prefetch=4
    )
    sent = await reporter.report(20)
    assert sorted(numbers(await take(peer, 40))) == sorted(sent * 2)


async def test_thousands_come_in_order_to_one_client(server: Server, reporter: Reporter) -> None:
    peer = await server.login(server.entry(events=RAW), prefetch=200)
    sent = [number for _ in range(5) for number in await reporter.report(400)]
    assert numbers(await take(peer, 2000)) == sent
    await peer.quiet()
    assert [backlog.waiting for backlog in await server.relay.store.snoti_queues.backlogs()] == [0]


async def test_a_full_queue_drops_its_oldest_and_counts_them(tmp_path: Path) -> None:
    async with served(tmp_path, snoti_queue_max=10) as server:
        reporter = await reporting(server)
        gone = await server.login(server.entry(events=RAW))
        await gone.leave()
        sent = await reporter.report(25)
        queues = server.relay.store.snoti_queues

        async def trimmed() -> bool:
            return (await queues.backlogs())[0].waiting == 10

        await until_async(trimmed)
        assert (await queues.backlogs())[0].dropped == 15
        peer = await server.login(server.entry(events=RAW))
        assert numbers(await take(peer, 10)) == sent[15:]


async def test_acknowledgements_that_mean_nothing_are_refused(server: Server, reporter: Reporter) -> None:
    peer = await server.login(server.entry(events=RAW))
    await reporter.report(1)
    event = await peer.event()
    number = event["delivery_id"]
    for wrong, code in (
        ({"delivery_id": number + 1}, 1004),
        ({"delivery_id": number, "msg_id": "e999"}, 1004),
        ({"delivery_id": str(number)}, 1001),
        ({"delivery_id": float(number) + 0.5}, 1001),
        ({}, 1001),
        ({"delivery_id": 10**30}, 1004),
    ):
        said = await peer.ask({"cmd": "event_ack", **wrong})
        assert (said["cmd"], said["error_code"]) == ("invalid_msg", code)
    await peer.say({"cmd": "event_ack", "delivery_id": number})  # clients that know no msg_id
    await peer.quiet()
    said = await peer.ask({"cmd": "event_ack", "delivery_id": number})
    assert said["error_code"] == 1004


async def test_who_does_not_read_is_cut_off_and_others_get_it(tmp_path: Path) -> None:
    async with served(tmp_path, slower(stall_s=1.0)) as server:
        reporter = await reporting(server)
        deaf = await server.login(server.entry(events=RAW), prefetch=30_000)
        deaf.writer.transport.pause_reading()
        store = server.relay.store
        body = b"\x05" * 2000
        for start in range(0, 6_000, 500):  # 16 MB, more than the buffers of sockets
            await store.states.apply(
                [Report(reporter.did, float(start + i), 0x91, body, None) for i in range(500)]
            )
        peer = await server.login(server.entry(events=RAW), prefetch=1_000)
        heard = {event["msg_id"] for event in await take(peer, 6_000)}
        assert len(heard) == 6_000


async def test_a_stop_says_so_and_gives_back_what_was_not_acknowledged(tmp_path: Path) -> None:
    async with served(tmp_path) as server:
        reporter = await reporting(server)
        peer = await server.login(server.entry(events=RAW))
        sent = await reporter.report(2)
        first, _ = await peer.events(2)
        await peer.ack(first)
        await peer.quiet()
        url = server.relay.settings.database_url
        await server.relay.__aexit__(None, None, None)
        assert "stopping" in (await peer.ended())[-1]["msg"]
    store = await Store.open(url)
    try:
        queue = (await store.snoti_queues.backlogs())[0].queue
        waiting = await store.snoti_deliveries.filled([queue.id])
        assert waiting == {queue.id}
        assert (await store.snoti_queues.backlogs())[0].waiting == 1
        assert len(sent) == 2
    finally:
        await store.close()


async def test_a_client_that_leaves_frees_its_place(server: Server) -> None:
    peers = [await server.login(server.entry(events=RAW)) for _ in range(3)]
    snoti = server.relay.snoti
    assert snoti.connections == 3
    for peer in peers:
        peer.vanish()
    await until(lambda: snoti.connections == 0)
