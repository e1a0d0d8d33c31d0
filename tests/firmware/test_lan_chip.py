"""The LAN of a simulated ESP32: few sockets, a radio that scans, and a network that comes late."""

import asyncio
import secrets
import socket
from pathlib import Path

from chip import HOME, HOME_KEY, Chip, access_point
from firmware_brokers import PortFinder
from firmware_rig import Mcu
from lan_app import App, Ears, reachable

from wxproto import commands, configuration

MAC = "a4cf12" + secrets.token_hex(3)  # whoever else tests on this machine announces to the same port


async def test_a_chip_announces_itself_once_it_has_a_network_lists_networks_and_serves_four_apps(
    tmp_path: Path, free_port: PortFinder, eventually
):
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("", 2415))
        transport, ears = await asyncio.get_running_loop().create_datagram_endpoint(Ears, sock=sock)

        def announced() -> int:
            return len([one for one in ears.heard if bytes.fromhex(MAC) in one])

        async with Mcu() as mcu:
            config = {
                "relay": "http://127.0.0.1:9",
                "tx": 17,
                "rx": 16,
                "heartbeat_s": 0.3,
                "lan_host": "127.0.0.1",
                "lan_port": port,
                "lan_udp_port": free_port(),
            }
            chip = Chip(tmp_path / "world", mcu.tty, config)
            chip.world(mac=MAC)
            chip.air(access_point(), access_point("neighbour", "another-key", rssi=-80))
            async with chip:
                await eventually(lambda: chip.said("life: no Wi-Fi") and reachable(port))
                async with App(port) as app:
                    cmd, body = await app.ask(0x0C)
                    assert cmd == 0x0D
                    assert body == b"\0\x04home" + bytes((90,)) + b"\0\x09neighbour" + bytes((40,))
                assert announced() == 0
                wanted = configuration.Configuration(
                    configuration.GIVEN, ssid=HOME.encode(), password=HOME_KEY.encode()
                )
                await mcu.ask(commands.ENTER_CONFIGURATION, wanted.encode())
                await eventually(lambda: announced() >= 2)
                apps = [App(port) for _ in range(5)]
                try:
                    for app in apps[:4]:
                        await app.__aenter__()
                        await app.log_in()
                    await apps[4].__aenter__()
                    assert await apps[4].closed() == b""
                    assert await apps[0].ask(0x93, b"\x02", sn=1) == (0x94, b"\0\0\0\1\x03\x07")
                finally:
                    for app in apps:
                        if hasattr(app, "writer"):
                            app.writer.close()
        transport.close()
