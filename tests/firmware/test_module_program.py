"""The whole module program under MicroPython: MCU on a pty, registration server, mosquitto, paho as relay."""

import asyncio
import signal
from pathlib import Path

from firmware_brokers import Mosquitto, PortFinder, Proxy, Watcher, running
from firmware_ground import APP, DID, DOWN, MAC, ONLINE, UP, Bench
from firmware_rig import PRODUCT_KEY, Mcu, Registrar

from wxproto import commands, envelope


async def test_first_start_registers_and_a_restart_keeps_the_identity(bench: Bench, eventually):
    async with bench.module() as module:
        await eventually(lambda: module.said("ready"))
        await eventually(lambda: bench.presence() == ["1"])
        await eventually(bench.reports)
        assert await module.interrupt() == 0
    (registered,) = bench.registrar.registrations
    assert registered["product_key"] == PRODUCT_KEY
    assert registered["mac"] == MAC
    assert len(registered["passcode"]) == 10
    assert set(registered["passcode"]) <= set("ABCDEFGHIJKLMNOPQRSTUVWXY")
    await eventually(lambda: bench.presence() == ["1", "0"])
    async with bench.module() as module:
        await eventually(lambda: bench.presence() == ["1", "0", "1"])
        await eventually(lambda: len(bench.reports()) == 2)
        assert await module.interrupt() == 0
    assert len(bench.registrar.registrations) == 1
    connections = [text[2:] for text in bench.watcher.texts(ONLINE)]
    assert connections[0] == connections[1] != connections[2]
    assert all(len(connection) == 8 and int(connection, 16) >= 0 for connection in connections)
    assert registered["passcode"] not in "\n".join(module.lines)
    assert (bench.folder / "module").stat().st_mode & 0o077 == 0


async def test_the_state_is_read_at_the_start_and_reports_follow(bench: Bench, eventually):
    async with bench.module():
        await eventually(lambda: bench.reports() == [b"\x03\x07"])
        bench.mcu.state = 9
        bench.mcu.report()
        await eventually(lambda: bench.reports() == [b"\x03\x07", b"\x04\x09"])


async def test_controls_and_reads_reach_the_mcu_and_are_answered(bench: Bench, eventually):
    def answers() -> list[tuple[int, int | None, bytes]]:
        return [(e.cmd, e.sn, e.p0) for e in bench.watcher.envelopes(f"{UP}/{APP}")]

    async with bench.module():
        await eventually(lambda: bench.reports() == [b"\x03\x07"])
        bench.watcher.send(DOWN, envelope.encode(envelope.REQUEST, b"\x01\x22", sn=0xFFFFFFFE))
        await eventually(lambda: answers() == [(envelope.ANSWER, 0xFFFFFFFE, b"")])
        assert bench.mcu.controls == [b"\x01\x22"]
        bench.watcher.send(DOWN, envelope.encode(envelope.REQUEST, b"\x02", sn=5))
        await eventually(lambda: answers()[1:] == [(envelope.ANSWER, 5, b"\x03\x22")])
        bench.watcher.send(DOWN, envelope.encode(envelope.NOTIFY, b"\x01\x23"))
        bench.watcher.send(DOWN, envelope.encode(envelope.NOTIFY, b"\x02"))
        await eventually(lambda: bench.reports()[1:] == [b"\x03\x23"])
        assert len(answers()) == 2


async def test_many_commands_at_once_keep_their_order(bench: Bench, eventually):
    async with bench.module():
        await eventually(lambda: bench.presence() == ["1"])
        for value in range(60):
            bench.watcher.send(DOWN, envelope.encode(envelope.NOTIFY, bytes((1, value))))
        await eventually(lambda: len(bench.mcu.controls) == 60)
        assert [control[1] for control in bench.mcu.controls] == list(range(60))


async def test_a_request_that_the_mcu_does_not_acknowledge_is_not_answered(bench: Bench, eventually):
    async with bench.module(heartbeat_s=55) as module:
        await eventually(lambda: bench.reports() == [b"\x03\x07"])
        bench.mcu.deaf_to.add(commands.P0_DOWN)
        bench.watcher.send(DOWN, envelope.encode(envelope.REQUEST, b"\x01\x22", sn=1))
        await eventually(lambda: module.said("did not acknowledge"))
        bench.mcu.deaf_to.clear()
        bench.watcher.send(DOWN, envelope.encode(envelope.REQUEST, b"\x01\x23", sn=2))
        await eventually(lambda: [e.sn for e in bench.watcher.envelopes(f"{UP}/{APP}")] == [2])
        assert bench.presence() == ["1"]


async def test_nonsense_from_the_broker_is_dropped_and_named(bench: Bench, eventually):
    async with bench.module() as module:
        await eventually(lambda: bench.presence() == ["1"])
        bench.watcher.send(DOWN, b"nonsense")
        bench.watcher.send(DOWN, envelope.encode(envelope.REPORT, b"\x04\x01"))
        bench.watcher.send(f"app2dev/{DID}/a/b", envelope.encode(envelope.NOTIFY, b"\x01\x01"))
        bench.watcher.send(f"ser2cli_res/{DID}", b"\x00\x00\x00\x03")
        await eventually(lambda: len(module.said("is dropped")) == 4)
        bench.watcher.send(DOWN, envelope.encode(envelope.NOTIFY, b"\x01\x44"))
        await eventually(lambda: bench.mcu.controls == [b"\x01\x44"])
        assert bench.presence() == ["1"]


async def test_the_mcu_is_told_the_status_bits_at_each_change(bench: Bench, eventually):
    network = (
        commands.STATUS_STATION
        | commands.STATUS_ROUTER
        | commands.STATUS_BINDING
        | commands.STATUS_SIGNAL_MASK
    )
    cloud = network | commands.STATUS_CLOUD
    words = bench.mcu.status_words
    async with bench.module(status_s=0.7):
        await eventually(lambda: words[:2] == [network, cloud])
        for count, expected in ((2, cloud | commands.STATUS_APP), (0, cloud)):
            body = envelope.encode_service(envelope.CLIENT_COUNT, count.to_bytes(2))
            bench.watcher.send(f"ser2cli_res/{DID}", body)
            await eventually(lambda expected=expected: words[-1] == expected)
        told = len(words)
        await eventually(lambda: len(words) > told)
        assert words[-1] == cloud, "told again without a change"
        bench.broker.stop()
        await eventually(lambda: words[-1] == network)
        await bench.broker.start()


async def test_a_binding_window_closes_after_its_seconds(bench: Bench, eventually):
    bench.mcu.bindable_s = 1
    async with bench.module():
        await eventually(
            lambda: bench.mcu.status_words[-1:] and bench.mcu.status_words[-1] & commands.STATUS_BINDING
        )
        await eventually(lambda: not bench.mcu.status_words[-1] & commands.STATUS_BINDING)


async def test_a_silent_mcu_means_off_line_and_it_comes_back(bench: Bench, eventually):
    async with bench.module() as module:
        await eventually(lambda: bench.presence() == ["1"])
        bench.mcu.silent = True
        await eventually(lambda: bench.presence() == ["1", "0"])
        await eventually(lambda: module.said("off-line in good order"))
        bench.mcu.silent = False
        bench.mcu.reboot()
        await eventually(lambda: bench.presence() == ["1", "0", "1"])
        assert len(bench.registrar.registrations) == 1


async def test_a_killed_module_is_off_line_by_its_will(bench: Bench, eventually):
    async with bench.module() as module:
        await eventually(lambda: bench.presence() == ["1"])
        module.process.send_signal(signal.SIGKILL)
        await eventually(lambda: bench.presence() == ["1", "0"])


async def test_reports_made_while_the_broker_is_away_arrive_newest_last(bench: Bench, eventually):
    async with Proxy(bench.broker.port) as proxy:
        bench.registrar.mqtt_port = proxy.port
        async with bench.module(queue=4) as module:
            await eventually(lambda: bench.reports() == [b"\x03\x07"] and not proxy.unacknowledged)
            await proxy.stop()
            await eventually(lambda: module.said("next try"))
            for state in range(20, 30):
                bench.mcu.state = state
                bench.mcu.report()
            await eventually(lambda: module.said("old reports give way"))
            await eventually(lambda: len(module.said("next try")) >= 3)
            await proxy.start()
            await eventually(lambda: bench.reports()[-1:] == [b"\x03\x1d"])
            late = [b"\x04\x1a", b"\x04\x1b", b"\x04\x1c", b"\x04\x1d", b"\x03\x1d"]
            assert list(dict.fromkeys(bench.reports()))[1:] == late, "repeats apart, which QoS 1 allows"
            assert bench.presence() == ["1", "0", "1"]


async def test_waits_after_failures_grow_and_are_jittered(bench: Bench, eventually, free_port: PortFinder):
    bench.registrar.mqtt_port = free_port()
    async with bench.module() as module:
        await eventually(lambda: len(module.said("next try")) >= 8)
        ceilings, drawn = zip(*[pause(line) for line in module.said("next try")[:8]], strict=True)
        assert list(ceilings) == [50, 100, 200, 400, 400, 400, 400, 400]
        assert all(wait <= ceiling for wait, ceiling in zip(drawn, ceilings, strict=True))
        assert len({wait * 20 // ceiling for wait, ceiling in zip(drawn, ceilings, strict=True)}) > 1
        bench.registrar.mqtt_port = bench.broker.port
        await eventually(lambda: bench.presence() == ["1"])


def pause(line: str) -> tuple[int, int]:
    """Ceiling and length of the pause that a console line announces, in milliseconds."""
    words = line.split("next try in ")[1].split()
    return int(words[4]), int(words[0])


async def test_a_relay_that_forgot_the_module_gets_it_registered_again(bench: Bench, eventually):
    async with bench.module() as module:
        await eventually(bench.reports)
        assert await module.interrupt() == 0
    bench.registrar.known.clear()
    async with bench.module():
        await eventually(lambda: len(bench.registrar.registrations) == 2)
        assert bench.registrar.registrations[0] == bench.registrar.registrations[1]
        await eventually(lambda: bench.watcher.texts("dev2app/did0000000000000000002/online"))


async def test_another_product_key_registers_anew_with_the_same_passcode(bench: Bench, eventually):
    async with bench.module():
        await eventually(lambda: bench.presence() == ["1"])
        bench.mcu.silent = True
        await eventually(lambda: bench.presence() == ["1", "0"])
        bench.mcu.product_key = "fedcba9876543210fedcba9876543210"
        bench.mcu.reboot()
        bench.mcu.silent = False
        await eventually(lambda: bench.watcher.texts("dev2app/did0000000000000000002/online"))
        first, second = bench.registrar.registrations
        assert second == {**first, "product_key": bench.mcu.product_key}


async def test_a_refused_product_is_reported_and_tried_again_later(bench: Bench, eventually):
    bench.registrar.refuse = "product unknown here"
    async with bench.module() as module:
        await eventually(lambda: len(module.said("product unknown here")) >= 2)
        bench.registrar.refuse = None
        await eventually(lambda: bench.presence() == ["1"])


async def test_refused_credentials_lead_to_registering_again(
    tmp_path: Path, free_port: PortFinder, eventually
):
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    async with running(Mosquitto(folder, free_port(), 0, {})) as broker:
        assert isinstance(broker, Mosquitto)
        async with Mcu() as mcu, Registrar(broker.port) as registrar, Watcher(broker.port) as watcher:
            bench = Bench(tmp_path, broker, mcu, registrar, watcher)
            async with bench.module() as module:
                await eventually(lambda: len(registrar.registrations) >= 2)
                await eventually(lambda: module.said("not authorized"))
                assert all(form == registrar.registrations[0] for form in registrar.registrations)
                broker.admit(DID, registrar.registrations[0]["passcode"])
                await eventually(lambda: bench.presence() == ["1"])
                assert registrar.registrations[0]["passcode"] not in "\n".join(module.lines)


async def test_a_relay_that_never_answers_does_not_disturb_the_serial_link(bench: Bench, eventually):
    mute = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = mute.sockets[0].getsockname()[1]
    async with bench.module(relay=f"http://127.0.0.1:{port}", connect_timeout_s=2) as module:
        await eventually(lambda: bench.mcu.asked.count(commands.HEARTBEAT) >= 3)
        assert not module.said("does not answer")
        await eventually(lambda: module.said("does not answer"))
    mute.close()


async def test_a_burst_of_long_commands_fits_the_heap(bench: Bench, eventually):
    async with bench.module(heap="232K") as module:
        await eventually(lambda: bench.presence() == ["1"])
        for value in range(40):
            control = b"\x01" + bytes(300) + bytes((value,))
            bench.watcher.send(DOWN, envelope.encode(envelope.REQUEST, control, sn=value))
            if value % 8 == 0:
                bench.mcu.report()
        await eventually(lambda: [e.sn for e in bench.watcher.envelopes(f"{UP}/{APP}")] == list(range(40)))
        assert not module.said("Error")


async def test_a_tty_that_goes_away_ends_the_module_with_code_1(bench: Bench, eventually):
    async with Mcu() as mcu, bench.module(tty=mcu.tty) as module:
        await eventually(lambda: bench.presence() == ["1"])
        mcu.hang_up()
        await eventually(lambda: module.process.returncode == 1)
        told_by_read, told_by_write = "gone", f"{mcu.tty}: [Errno 5] EIO"
        await eventually(lambda: module.said(told_by_read) or module.said(told_by_write))
        await eventually(lambda: bench.presence() == ["1", "0"])
