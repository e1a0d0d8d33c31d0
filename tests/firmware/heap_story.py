"""A product's life on a chip that has its own compiled application and little heap, and what it takes."""

import json
import random
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from authority import Authority, server_context
from chip import HOME, HOME_KEY, PASSCODE, Chip
from compiled import compiled
from firmware_bench import MICROPYTHON
from firmware_brokers import PortFinder, Watcher, running
from firmware_ground import APP, DID, DOWN, ONLINE, UP
from firmware_rig import Mcu, Registrar
from lan_app import App
from test_mcu_update import Flash, receiver_of
from test_tls import TlsMosquitto

from wxlink.flash import app, image
from wxproto import commands, configuration, data_receiver, envelope

IMPORT_LIMIT = 48 * 1024
"""Bytes for what serves the serial link before anything else."""
AIM_KB = 160
"""KB that the whole application is to live in, beside the simulation's own."""
HEAP_KB = 168
"""KB that it does live in, with some room for the order in which things happen."""
DISK = 512 * 4096  # bytes of the partition
NEW_MCU = "00000003"
MCU_NOTICE = envelope.encode_service(envelope.FIRMWARE_NOTICE, b"\x02")
JOIN = configuration.Configuration(
    configuration.GIVEN, ssid=HOME.encode(), password=HOME_KEY.encode(), tz="8"
).encode()


def import_bytes(name: str) -> int:
    """Bytes of heap that importing one file of the compiled application takes, with all that it imports."""
    program = f"""
import gc
gc.collect()
before = gc.mem_alloc()
import {name}
gc.collect()
print(gc.mem_alloc() - before)
"""
    with tempfile.TemporaryDirectory() as folder:
        for path, content in app.build().slot.items():
            target = Path(folder, path)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(content)
        return int(_run("-c", program, path=f"{folder}:.frozen"))


def simulation_bytes() -> int:
    """Bytes of a simulated chip's heap that are the simulation's: no silicon spends them."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "world.json").write_text(json.dumps({"program": "module.version"}))
        said = _run("-m", "sim.chip", folder, "power-on", str(compiled()), path=f"{compiled()}:.frozen")
    (found,) = re.findall(r"^sim: (\d+) bytes", said, re.MULTILINE)
    return int(found)


def _run(*arguments: str, path: str) -> str:
    done = subprocess.run(
        [MICROPYTHON, *arguments],
        env={"MICROPYPATH": path},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


class Story:
    """One unit with its MCU, relay, broker and an app in its network; `heap` is the size for micropython."""

    def __init__(self, folder: Path, free_port: PortFinder, heap: str) -> None:
        self.folder = folder
        self.heap = heap
        self.lan_port = free_port()
        self._free_port = free_port

    async def live(self, eventually: Any, seeded: random.Random) -> Chip:
        """From the first boot over registration, control and LAN to new software for the MCU; the chip."""
        authority = Authority(self.folder)
        certificate = authority.issue("relay.pem")
        (self.folder / "mosquitto").mkdir()
        broker = TlsMosquitto(self.folder / "mosquitto", self._free_port(), self._free_port(), None)
        broker.certificate = certificate
        self.mcu = Mcu()
        async with (
            running(broker),
            self.mcu as mcu,
            Registrar(broker.port, server_context(certificate), broker.spare_port) as registrar,
            Watcher(broker.port) as watcher,
        ):
            config = {
                "relay": registrar.url,
                "ntp": "127.0.0.1:9",  # nobody answers there, and the chip hears so at once
                "tx": 17,
                "rx": 16,
                "button": 0,
                "led": 2,
                "baud": 115200,
                "heartbeat_s": 0.3,
                "backoff_s": 0.05,
                "backoff_cap_s": 0.4,
                "status_s": 0.2,
                "lan_host": "127.0.0.1",
                "lan_port": self.lan_port,
                "lan_udp_port": self._free_port(),
                "production": True,
            }
            world = self.folder / "world"
            chip = Chip(world, mcu.tty, config, factory={"ca": authority.der.read_bytes()})
            chip = Chip(world, mcu.tty, None, sources=(), heap=self.heap)
            (world / "flash.bin").write_bytes(image.file_system(DISK, app.build().files("a")))
            async with chip:
                await eventually(lambda: chip.said("access point XPG"))
                await mcu.ask(commands.ENTER_CONFIGURATION, JOIN)
                await eventually(lambda: watcher.texts(ONLINE))
                await eventually(lambda: chip.said("set-up: joined a network"))  # and has left the heap
                assert any(await mcu.ask(commands.GET_NETWORK_TIME))
                watcher.send(DOWN, envelope.encode(envelope.REQUEST, b"\x01\x22", sn=7))
                await eventually(lambda: [e.sn for e in watcher.envelopes(f"{UP}/{APP}")] == [7])
                async with App(self.lan_port) as visitor:
                    assert await visitor.ask(0x08, b"\0\x0a" + PASSCODE.encode()) == (0x09, b"\0")
                    assert await visitor.ask(0x93, b"\x02", sn=1) == (0x94, b"\0\0\0\1\x03\x22")
                    await self._update_mcu(mcu, registrar, watcher, eventually, seeded)
                    assert await visitor.ask(0x93, b"\x02", sn=2) == (0x94, b"\0\0\0\2\x03\x22")
                assert chip.starts == ["power-on"]
                self.used = [
                    int(found[1]) for line in chip.lines if (found := re.search(r"heap (\d+) KB used", line))
                ]
        return chip

    async def _update_mcu(self, mcu: Any, registrar: Any, watcher: Any, eventually: Any, seeded: Any) -> None:
        content = seeded.randbytes(12_000)
        file = self.folder / f"{NEW_MCU}.bin"
        file.write_bytes(content)
        registrar.desk.offers[2] = NEW_MCU, file
        flash = Flash()
        receiver = receiver_of(self, flash, 65536)  # type: ignore[arg-type]
        watcher.send(f"ser2cli_res/{DID}", MCU_NOTICE)
        await eventually(lambda: receiver.state == data_receiver.DONE)
        assert bytes(flash) == content
