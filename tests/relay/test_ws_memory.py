"""WebSocket clients that do not read: cut off with a reason, and memory stays bounded meanwhile."""

import asyncio
import socket
import tracemalloc
from pathlib import Path

import aiohttp
from live import KIT, live_relay, until
from relay_ground import APPID, MAC, PASSCODE

from wxlink.relay.app import Relay
from wxlink.relay.events import Reported
from wxlink.relay.service import Login
from wxlink.relay.ws_api import Limits
from wxproto import envelope

SLOW = 20
EVENTS = 300
TURN = 10  # events between two looks at the sockets
# What one socket may hold: its queue, twice for the objects around the bytes, and the buffers of asyncio.
HELD_BYTES = 2 * Limits().queue_bytes + 512 * 1024


async def watching(session: aiohttp.ClientSession, relay: Relay, login: Login) -> object:
    """A WebSocket that is logged in and watches the devices of the user, and from now on reads nothing."""
    opened = await session.ws_connect(f"http://127.0.0.1:{relay.http_port}/ws/app/v1")
    data = {
        "appid": APPID,
        "uid": login.uid,
        "token": login.token,
        "auto_subscribe": True,
        "p0_type": "custom",
    }
    await opened.send_json({"cmd": "login_req", "data": data})
    assert (await opened.receive_json(timeout=30))["data"]["success"]
    kernel = opened.get_extra_info("socket")
    kernel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection = opened._response.connection  # aiohttp reads ahead; its transport can be told not to
    assert connection is not None
    transport = connection.transport
    assert isinstance(transport, asyncio.Transport)
    transport.pause_reading()
    return opened


async def test_clients_that_do_not_read_cost_bounded_memory(tmp_path: Path) -> None:
    async with live_relay(tmp_path) as relay, aiohttp.ClientSession() as session:
        did = await relay.service.register_device(KIT, MAC, PASSCODE, None)
        login = await relay.service.anonymous_user(APPID, "slow")
        await relay.service.bind_by_passcode(login.uid, did, PASSCODE)
        held = [await watching(session, relay, login) for _ in range(SLOW)]
        product = await relay.store.products.get(KIT)
        assert product is not None
        assert relay.sockets == SLOW
        p0 = b"\x06" + bytes(15_000)  # pass-through: some 45 KB as a list of numbers
        frame = envelope.encode(envelope.REPORT, p0)
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for number in range(EVENTS):
            relay.bus.publish(Reported(did, product.points, envelope.REPORT, None, None, p0, frame, 1.0))
            if number % TURN == 0:
                await asyncio.sleep(0)
        peak = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
        await until(lambda: relay.sockets == 0)
        print(f"{peak / SLOW / 1024:.0f} KiB a slow client at most")
        assert peak < SLOW * HELD_BYTES
        assert relay.metrics.sockets_closed.labels("slow")._value.get() == SLOW
        assert len(held) == SLOW
