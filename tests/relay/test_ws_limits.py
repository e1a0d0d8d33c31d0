"""What one WebSocket client may do: heartbeat, pace, sizes, and not reading."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
from live import COLOURS, AppClient, House, kit, live_house, until, until_async

from wxlink.relay.ws_api import Limits
from wxlink.relay.ws_api.limits import MAX_LOGIN_FAILURES, MAX_MESSAGE_BYTES, MAX_SOCKETS_PER_USER
from wxproto import envelope

Opened = Callable[[Limits], Awaitable[House]]
PING = {"cmd": "ping"}


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opened]:
    """Opens a relay with these limits."""
    async with AsyncExitStack() as stack:

        async def open_house(limits: Limits) -> House:
            context: AbstractAsyncContextManager[House] = live_house(tmp_path, limits)
            return await stack.enter_async_context(context)

        yield open_house


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        (180, 270),  # two public clients ping exactly every 180 s
        (60, 90),
        (30, 60),
        (1, 31),
        (600, 270),
        (180_000, 270),
        (0, 270),
        (-5, 270),
        (None, 270),
        ("60", 270),
        (True, 270),
    ],
)
def test_how_long_a_client_may_be_silent(asked: object, seconds: float) -> None:
    assert Limits().heartbeat_s(asked) == seconds


async def test_a_silent_client_is_told_and_closed_and_a_lively_one_is_not(opened: Opened) -> None:
    house = await opened(Limits(heartbeat_grace_s=1.0, login_within_s=1.5))
    silent, lively = await house.app("phone-1"), await house.app("phone-2")
    await silent.login(heartbeat_interval=1.0)
    await lively.login(heartbeat_interval=1.0)
    told = asyncio.create_task(silent.receive())
    while not told.done():
        assert await lively.ask(PING) == {"cmd": "pong"}
        await asyncio.sleep(0.05)
    expected = {"cmd": "s2c_invalid_msg", "data": {"error_code": 1011, "msg": "No heartbeat!"}}
    assert await told == expected
    assert await silent.closed() == aiohttp.WSCloseCode.POLICY_VIOLATION
    await lively.quiet()


async def test_a_socket_without_a_login_is_closed(opened: Opened) -> None:
    house = await opened(Limits(login_within_s=0.2))
    app = await (await house.app()).open()
    assert await app.closed() == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_guessing_tokens_ends(opened: Opened) -> None:
    app = await (await (await opened(Limits())).app()).open()
    for _ in range(MAX_LOGIN_FAILURES):
        assert (await app.ask(app.login_req(token="0" * 32)))["data"]["success"] is False
    assert await app.closed() == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_a_message_that_is_too_long_or_binary_is_refused_and_the_socket_stays(opened: Opened) -> None:
    app = await (await (await opened(Limits())).app()).login()
    await app.socket.send_str('{"cmd": "ping", "pad": "' + "x" * MAX_MESSAGE_BYTES + '"}')
    assert (await app.receive())["data"]["error_code"] == 9015
    await app.socket.send_bytes(b'{"cmd": "ping"}')
    assert (await app.receive())["data"]["error_code"] == 9015
    await app.quiet()


async def test_a_message_beyond_all_measure_is_not_read_to_its_end(opened: Opened) -> None:
    app = await (await (await opened(Limits())).app()).login()
    # What is still under way when the relay closes may reset the connection before the close frame is read.
    with contextlib.suppress(ConnectionError):
        await app.socket.send_str("x" * (2 * 1024 * 1024))
    assert await app.closed() in {
        aiohttp.WSCloseCode.MESSAGE_TOO_BIG,
        aiohttp.WSCloseCode.ABNORMAL_CLOSURE,
    }


async def test_who_sends_too_fast_is_told_and_who_goes_on_is_closed(opened: Opened) -> None:
    house = await opened(Limits(rate_per_s=0.001, rate_burst=5, throttled_messages=10))
    app = await (await house.app()).login()  # the first of the five
    await app.send(*[PING] * 14)
    answers = [await app.receive() for _ in range(14)]
    assert answers[:4] == [{"cmd": "pong"}] * 4
    assert {answer["data"]["error_code"] for answer in answers[4:]} == {9041}
    await app.send(PING)
    assert await app.closed() == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_a_user_has_so_many_sockets(opened: Opened) -> None:
    app = await (await opened(Limits())).app()
    for _ in range(MAX_SOCKETS_PER_USER):
        await app.login()
    first_sockets = app.socket
    await app.open()
    assert (await app.ask(app.login_req()))["data"]["success"] is False
    await first_sockets.close()

    async def has_room() -> bool:
        return bool((await app.ask(app.login_req()))["data"]["success"])

    await until_async(has_room)


async def test_a_client_that_does_not_read_is_cut_off_and_others_go_on(
    opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    house = await opened(Limits(queue_messages=50, queue_bytes=64 * 1024))
    device = await house.device()
    reader = await (await house.app("phone-1", device)).login()
    sleeper = await (await house.app("phone-2", device)).login(p0_type="custom")
    # Nothing is read from it any more: its own buffer, the kernel's and at last the relay's fill up.
    kernel = sleeper.socket.get_extra_info("socket")
    kernel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    assert house.relay.bus.watchers(device.did) == 2

    pass_through = envelope.encode(envelope.REPORT, b"\x06" + bytes(15_000))
    heard = 0
    with caplog.at_level(logging.WARNING):
        while house.relay.bus.watchers(device.did) == 2:
            assert await device.publish(f"dev2app/{device.did}", pass_through)
            assert (await reader.receive())["cmd"] == "s2c_raw"
            heard += 1
            assert heard < 3_000
    assert "reads too slowly" in caplog.text
    await device.report(kit(1, 2, 3, 4, 5))
    assert (await reader.receive())["cmd"] == "s2c_noti"
    await until(lambda: house.relay.sockets == 1)

    async def reset() -> bool:
        try:
            await sleeper.socket.ping()
        except ConnectionError:
            return True
        return False

    await until_async(reset)  # its connection does not stay behind, full of what it never reads


async def test_one_text_is_made_for_all_who_watch(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    house = await opened(Limits())
    device = await house.device(product_key=COLOURS)
    made: list[str] = []
    from wxlink.relay.ws_api import messages  # noqa: PLC0415 - to count calls of the real function

    real = messages.noti

    def counting(did: str, *rest: object, **more: object) -> bytes:
        made.append(did)
        return real(did, *rest, **more)  # type: ignore[arg-type] # passed on as they came

    monkeypatch.setattr(messages, "noti", counting)
    apps: list[AppClient] = [
        await (await house.app(f"phone-{number}", device)).login() for number in range(10)
    ]
    await device.report(b"\x04\x01" + bytes(10))
    texts = [await app.receive() for app in apps]
    assert len({str(text) for text in texts}) == 1
    assert made == [device.did]
