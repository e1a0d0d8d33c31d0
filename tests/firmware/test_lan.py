"""The module program on its LAN: apps that discover it, log in, control it and misbehave, without a relay."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from firmware_bench import MicroPython, module_config
from firmware_brokers import PortFinder
from firmware_ground import APP, DOWN, MAC, UP, Bench
from firmware_rig import PRODUCT_KEY, Mcu
from lan_app import App, Ears, frame, reachable

from wxproto import commands, envelope

Eventually = Callable[..., Awaitable[object]]


class House:
    """A module without a relay, its MCU and its ports."""

    def __init__(self, mcu: Mcu, module: MicroPython, port: int, udp_port: int) -> None:
        self.mcu = mcu
        self.module = module
        self.port = port
        self.udp_port = udp_port

    def app(self, receive_buffer: int | None = None) -> App:
        return App(self.port, receive_buffer)


@pytest.fixture
async def house(tmp_path: Path, free_port: PortFinder, eventually: Eventually) -> AsyncIterator[House]:
    """A running module whose relay is not there."""
    async with living(tmp_path, free_port, eventually) as house:
        yield house


@asynccontextmanager
async def living(folder: Path, free_port: PortFinder, eventually: Eventually) -> AsyncIterator[House]:
    port, udp_port = free_port(), free_port()
    keys = {"lan_host": "127.0.0.1", "lan_port": port, "lan_udp_port": udp_port, "mac": MAC}
    async with Mcu() as mcu:
        config = module_config(folder, tty=mcu.tty, relay=f"http://127.0.0.1:{free_port()}", **keys)
        async with MicroPython(*config, heap="256K") as module:
            await eventually(lambda: module.said("MCU of product"))
            yield House(mcu, module, port, udp_port)
            assert await module.interrupt() == 0
            assert not module.said("Traceback")


async def test_an_app_binds_reads_controls_and_is_told_of_changes(house: House, eventually: Eventually):
    async with house.app() as app:
        passcode = await app.log_in()
        assert len(passcode) == 10
        assert await app.ask(0x90, b"\x02") == (0x91, b"\x03\x07")
        app.send(0x90, b"\x01\x22")
        await eventually(lambda: house.mcu.controls == [b"\x01\x22"])
        assert await app.ask(0x93, b"\x02", sn=0xFFFFFFFE) == (0x94, b"\xff\xff\xff\xfe\x03\x22")
        assert await app.ask(0x93, b"\x01\x23", sn=3) == (0x94, b"\0\0\0\3"), "an empty answer is one too"
        house.mcu.report()
        assert await app.next() == (0x91, b"\x04\x23")
        assert await app.ask(0x15) == (0x16, b"")
        assert house.mcu.status_words[-1] & commands.STATUS_APP
    await eventually(lambda: not house.mcu.status_words[-1] & commands.STATUS_APP)
    assert passcode not in "\n".join(house.module.lines)


async def test_reports_go_to_all_who_are_logged_in_and_answers_to_the_asker_only(house: House):
    async with house.app() as first, house.app() as second, house.app() as stranger:
        await first.log_in()
        await second.log_in()
        assert await first.ask(0x93, b"\x02", sn=9) == (0x94, b"\0\0\0\x09\x03\x07")
        house.mcu.report()
        assert await first.next() == await second.next() == (0x91, b"\x04\x07")
        assert (await stranger.ask(0x13))[0] == 0x14, "no report came before"


async def test_frames_may_be_glued_and_split(house: House, eventually: Eventually):
    async with house.app() as app:
        await app.log_in()
        stream = frame(0x15) + frame(0x90, b"\x01\x31") + frame(0x93, b"\x02", 5) + frame(0x15)
        app.writer.write(stream)
        answers = sorted([await app.next() for _ in range(3)])
        assert answers == [(0x16, b""), (0x16, b""), (0x94, b"\0\0\0\x05\x03\x31")]
        for i in range(len(stream)):
            app.writer.write(stream[i : i + 1])
            await asyncio.sleep(0)
        assert sorted([await app.next() for _ in range(3)]) == answers
        await eventually(lambda: house.mcu.controls == [b"\x01\x31"] * 2)


async def test_eight_apps_are_served_and_a_ninth_is_closed(house: House, eventually: Eventually):
    apps = [house.app() for _ in range(8)]
    try:
        for app in apps:
            await app.__aenter__()
            await app.log_in()
        async with house.app() as ninth:
            assert await ninth.closed() == b""
        house.mcu.report()
        assert [await app.next() for app in apps] == [(0x91, b"\x04\x07")] * 8
        apps.pop().writer.close()
        await eventually(lambda: house.module.said("apps logged in: 7"))
        async with house.app() as next_one:
            await next_one.log_in()
    finally:
        for app in apps:
            app.writer.close()


async def test_without_room_for_another_app_it_is_closed_and_nobody_waits_in_vain(
    free_port: PortFinder, eventually: Eventually
):
    port = free_port()
    server = str(Path(__file__).with_name("lan_server.py"))
    async with MicroPython(server, str(port), str(free_port()), "14") as module:
        await eventually(lambda: module.told("free"))
        served: list[App] = []

        async def admitted() -> bool:
            app = App(port)
            await app.__aenter__()
            try:
                assert (await app.ask(0x13))[0] == 0x14
            except (asyncio.IncompleteReadError, ConnectionResetError):
                return False
            served.append(app)
            return True

        try:
            while await admitted():
                assert len(served) < 8
            assert served
            await eventually(lambda: module.said(f"no room for one more app beside {len(served)}"))
            served.pop().writer.close()
            await eventually(admitted)
        finally:
            for app in served:
                app.writer.close()


async def test_a_wrong_passcode_is_answered_after_a_second_and_holds_its_place(house: House):
    started = asyncio.get_running_loop().time()
    async with house.app() as app:
        app.send(0x08, b"\0\x0aABCDEFGHIJ")
        app.send(0x90, b"\x01\x22")
        assert await app.closed() == frame(0x09, b"\1")
    assert asyncio.get_running_loop().time() - started > 0.9
    assert house.mcu.controls == []
    for _ in range(8):  # eight guesses that do not wait for their answer take all places for a second
        async with house.app() as app:
            app.send(0x08, b"\0\x0aABCDEFGHIJ")
            await app.writer.drain()
            await asyncio.sleep(0.02)
    async with house.app() as ninth:
        assert await ninth.closed() == b""


async def test_a_stranger_may_ask_who_is_there_and_no_more(house: House, eventually: Eventually):
    async with house.app() as app:
        cmd, body = await app.ask(0x13)
        assert (cmd, len(body), body[-32:]) == (0x14, 84, PRODUCT_KEY.encode())
        assert body[16:32] == b"0000000100000002", "the MCU's versions"
        app.send(0x90, b"\x01\x22")
        assert await app.closed() == b""
    await eventually(lambda: house.module.said("command 0090 before login"))
    async with house.app() as app:
        assert await app.ask(0x0C) == (0x0D, b""), "this port has no radio that could scan"
        assert await app.closed() == b""
    async with house.app() as app:
        app.send(0x17)
        await eventually(lambda: house.module.said("none runs, so it is not answered"))
        app.writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await app.closed() == b""
    assert house.mcu.controls == []


async def test_the_production_test_ends_when_an_app_says_so(house: House, eventually: Eventually):
    await house.mcu.ask(commands.ENTER_TEST)
    await eventually(lambda: house.mcu.status_words[-1] & commands.STATUS_TEST)
    async with house.app() as app:
        assert await app.ask(0x17) == (0x18, b"")
        await eventually(lambda: not house.mcu.status_words[-1] & commands.STATUS_TEST)


async def test_the_passcode_is_told_in_the_binding_window_only(house: House, eventually: Eventually):
    house.mcu.bindable_s = 1
    house.mcu.reboot()
    house.mcu.silent = True
    await eventually(lambda: house.module.said("the MCU is silent"))
    house.mcu.silent = False
    await eventually(lambda: not house.mcu.status_words[-1] & commands.STATUS_BINDING)
    async with house.app() as app:
        app.send(0x06)
        assert await app.closed() == frame(0x07, b"\0\0")
    await eventually(lambda: house.module.said("outside the binding window"))


async def test_an_app_that_reads_nothing_is_dropped_and_disturbs_nobody(house: House, eventually: Eventually):
    async def flood(app: App) -> None:
        while True:
            app.writer.write(frame(0x13) * 500)
            await app.writer.drain()

    async with house.app(receive_buffer=2048) as slow, house.app() as other:
        await slow.log_in()
        await other.log_in()
        slow.writer.transport.pause_reading()  # type: ignore[attr-defined] - so that the kernel's buffers fill
        flooding = asyncio.create_task(flood(slow))
        await eventually(lambda: house.module.said("does not read"))
        assert await other.ask(0x15) == (0x16, b"")
        flooding.cancel()
        await asyncio.gather(flooding, return_exceptions=True)


async def test_who_is_silent_is_closed_after_fourteen_seconds_and_pings_keep_an_app(house: House):
    async def ping(app: App) -> None:
        while True:
            await app.ask(0x15)
            await asyncio.sleep(4)

    async with house.app() as app, house.app() as silent, house.app() as stranger:
        await app.log_in()
        await silent.log_in()
        pinging = asyncio.create_task(ping(app))
        loop = asyncio.get_running_loop()
        started = loop.time()
        assert await silent.closed() == b""
        assert await stranger.closed() == b""
        assert loop.time() - started > 13
        pinging.cancel()
        await asyncio.gather(pinging, return_exceptions=True)
        assert await app.ask(0x15) == (0x16, b"")


async def test_strangers_may_scan_now_and_then_and_end_a_production_test(
    free_port: PortFinder, eventually: Eventually
):
    port = free_port()
    server = str(Path(__file__).with_name("lan_server.py"))
    async with MicroPython(server, str(port), str(free_port())) as module:
        await eventually(lambda: reachable(port))
        found = b"\0\x04home" + bytes((100,)) + b"\0\x05caf\xc3\xa9" + bytes((40,))
        for _ in range(3):
            async with App(port) as app:
                assert await app.ask(0x0C) == (0x0D, found)
                assert await app.closed() == b""
        assert len(module.told("scan")) == 1, "once in ten seconds: the others get the same list"
        async with App(port) as app:
            assert await app.ask(0x17) == (0x18, b"")
            app.send(0x17)
            assert (await app.ask(0x13))[0] == 0x14, "no second 18 came before"
        assert [told["ended"] for told in module.told("ended")] == [True, False]


async def test_discovery_is_answered_to_its_sender(house: House, eventually: Eventually):
    loop = asyncio.get_running_loop()
    transport, ears = await loop.create_datagram_endpoint(Ears, ("127.0.0.1", 0))
    module = ("127.0.0.1", house.udp_port)
    for nonsense in (b"", b"\0" * 200, frame(0x03)[:-1], frame(0x04), frame(0x1B), b"\xff" * 20):
        transport.sendto(nonsense, module)
    transport.sendto(frame(0x03), module)
    await eventually(lambda: ears.heard)
    (answer,) = ears.heard
    transport.close()
    assert answer[:8] == b"\0\0\0\3" + bytes((len(answer) - 5,)) + b"\0\0\x04"
    assert answer[8:10] == b"\0\0", "no did: the relay was never reached"
    assert answer[10:18] == b"\0\6" + bytes.fromhex(MAC)
    assert answer[18:54] == b"\0\0\0\x20" + PRODUCT_KEY.encode()
    assert answer[62:].startswith(b"127.0.0.1:")


async def test_a_start_is_announced_once_a_second(
    tmp_path: Path, free_port: PortFinder, eventually: Eventually
):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("", 2415))
        transport, ears = await asyncio.get_running_loop().create_datagram_endpoint(Ears, sock=sock)
        async with living(tmp_path, free_port, eventually):
            mine = bytes.fromhex("0006" + MAC)
            await eventually(lambda: len([one for one in ears.heard if mine in one]) >= 3)
            last = [one for one in ears.heard if mine in one][-1]
            assert last[5:8] == b"\0\0\x05"
            assert PRODUCT_KEY.encode() in last
        transport.close()


async def test_a_port_that_is_taken_is_named_and_the_module_goes_on(
    tmp_path: Path, free_port: PortFinder, eventually: Eventually
):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with Mcu() as mcu:
            config = module_config(
                tmp_path, tty=mcu.tty, relay="http://127.0.0.1:9", lan_port=port, lan_host="127.0.0.1"
            )
            async with MicroPython(*config) as module:
                await eventually(lambda: module.said(f"port {port} of 127.0.0.1 cannot be opened"))
                await eventually(lambda: commands.HEARTBEAT in mcu.asked)


async def test_apps_near_and_far_are_both_served(bench: Bench, free_port: PortFinder, eventually: Eventually):
    port = free_port()
    async with bench.module(lan_host="127.0.0.1", lan_port=port) as module:
        await eventually(lambda: bench.reports() == [b"\x03\x07"])
        async with App(port) as app:
            await app.log_in()
            bench.watcher.send(DOWN, envelope.encode(envelope.REQUEST, b"\x02", sn=5))
            app.send(0x93, b"\x02", sn=6)
            assert await app.next() == (0x94, b"\0\0\0\x06\x03\x07")
            await eventually(lambda: [e.sn for e in bench.watcher.envelopes(f"{UP}/{APP}")] == [5])
            bench.mcu.report()
            assert await app.next() == (0x91, b"\x04\x07")
            await eventually(lambda: bench.reports()[1:] == [b"\x04\x07"])
            assert await app.ask(0x90, b"\x02") == (0x91, b"\x03\x07")
            await eventually(lambda: bench.reports()[2:] == [b"\x03\x07"])
            assert await module.interrupt() == 0
            assert await app.closed() == b""
        assert not module.said("Traceback")


async def test_the_ports_are_free_again_after_a_restart(house: House, eventually: Eventually):
    async with house.app() as app:
        await app.log_in()
        await house.mcu.ask(commands.RESTART_MODULE)
        assert await app.closed() == b""
    await eventually(lambda: house.module.said("starts anew"))
    await eventually(lambda: len(house.module.said("MCU of product")) == 2)
    async with house.app() as app:
        await app.log_in()
    assert not house.module.said("cannot be opened")
