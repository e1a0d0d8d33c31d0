"""Server push when a relay is killed: what was acknowledged never comes again, everything else does."""

import ssl
from pathlib import Path
from typing import Any

import pytest
from live import KIT, Device, kit, until_async
from relay_ground import MAC, PASSCODE
from snoti_ground import Peer, served
from snoti_process import Process, relay_process
from tls_ground import Authority, Issued

from wxlink.relay.ids import fingerprint
from wxlink.relay.store import DEFAULT_MAKER, Entry, Report, SnotiKey, Store

AUTH_ID, SECRET = "a" * 32, "secret-of-the-test-1234"
RAW = ["device.status.raw"]
ENTRY = {"product_key": KIT, "auth_id": AUTH_ID, "auth_secret": SECRET, "subkey": "a", "events": RAW}


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def issued(authority: Authority) -> Issued:
    return authority.issue()


@pytest.fixture
def trust(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority.pem)


async def with_key(store: Store) -> None:
    """The maker's key."""
    entry = Entry(0.0, DEFAULT_MAKER, "operator test", "push_key.add", AUTH_ID, "")
    await store.snoti_keys.add(SnotiKey(AUTH_ID, DEFAULT_MAKER, KIT, "", 0.0), fingerprint(SECRET), entry)


async def login(port: int, trust: ssl.SSLContext) -> Peer:
    peer = await Peer.connect(port, trust)
    said = await peer.ask({"cmd": "login_req", "data": [ENTRY], "prefetch_count": 30})
    assert said["data"]["result"] is True
    return peer


async def prepared(url: str) -> str:
    """A did, in the database that the relays have made; and the maker's key."""
    store = await Store.open(url)
    try:
        await with_key(store)
        return (await store.devices.register(KIT, MAC, PASSCODE, 0.0)).did
    finally:
        await store.close()


def data(events: list[dict[str, Any]]) -> set[str]:
    return {event["data"] for event in events}


async def test_after_a_kill_comes_exactly_what_was_not_acknowledged(
    tmp_path: Path, issued: Issued, trust: ssl.SSLContext
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/relay/relay.sqlite3"
    async with relay_process(tmp_path, issued) as relay:
        did = await prepared(url)
        peer = await login(relay.snoti_port, trust)
        events = await reported(relay, did, peer, 40)
        acked, kept = events[::2], events[1::2]
        for event in acked:
            await peer.ack(event)
        kept += await peer.events(10)  # for which there is room now
        await peer.quiet()  # what is acknowledged now is stored
        await relay.kill()
    async with relay_process(tmp_path, issued) as relay:
        peer = await login(relay.snoti_port, trust)
        again = await peer.events(len(kept))
        assert [event["msg_id"] for event in again] == [event["msg_id"] for event in kept]
        assert not data(again) & data(acked)
        await peer.quiet()


async def reported(relay: Process, did: str, peer: Peer, count: int) -> list[dict[str, Any]]:
    """A device reports that often; the first 30, which the client takes without acknowledging."""
    device = await Device(did).come_online(relay.mqtt_port)
    for number in range(count):
        await device.report(kit(1, number, 0, 0, 0))
    events = await peer.events(30)
    await device.leave()
    return events


async def test_a_living_relay_takes_over_what_a_killed_one_had_handed_out(
    tmp_path: Path, issued: Issued, trust: ssl.SSLContext
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    async with served(here) as server:
        store = server.relay.store
        await with_key(store)
        did = (await store.devices.register(KIT, MAC, PASSCODE, 0.0)).did
        url = server.relay.settings.database_url
        async with relay_process(there, issued, url) as other:
            theirs = await login(other.snoti_port, trust)
            await until_async(lambda: _visited(store))
            await store.snoti_queues.load()
            await store.states.apply([Report(did, float(i), 0x91, bytes((5, i)), None) for i in range(1, 21)])
            events = await theirs.events(20)
            for event in events[:5]:
                await theirs.ack(event)
            await theirs.quiet()
            mine = await server.login({**ENTRY})
            await mine.quiet()  # the other relay has them, and it lives
            await other.kill()
        again = await mine.events(15)
        assert [event["msg_id"] for event in again] == [event["msg_id"] for event in events[5:]]
        await mine.quiet()


async def _visited(store: Store) -> bool:
    return bool(await store.snoti_queues.backlogs())
