"""A chip that runs what is in its own flash, boot.py and all, takes a release over the air."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from chip import UPDATE_KEY, Chip
from firmware_brokers import Mosquitto, Watcher
from firmware_ground import DID, UP
from firmware_rig import Mcu, Registrar
from other_version import other_version
from test_chip import Unit
from test_mcu_update import Flash, receiver_of

from wxlink.flash import app, image
from wxproto import data_receiver, envelope

DISK = 512 * 4096  # bytes of the partition
OLD = "00010000"
NEW = "00010001"
HEAP = "320K"
CONFIRM_S = 1.0
NOTICE = envelope.encode_service(envelope.FIRMWARE_NOTICE, b"\x01")
MCU_NOTICE = envelope.encode_service(envelope.FIRMWARE_NOTICE, b"\x02")


class Flashed(Unit):
    """A unit whose chip has the application in its own flash."""

    def flashed(self, **changes: object) -> Chip:
        """The chip as it leaves the factory with version OLD."""
        config = {"confirm_s": CONFIRM_S, "trial_s": 60, **changes}
        chip = self.chip(**config)
        chip = Chip(self.folder, self.mcu.tty, None, sources=(), heap=HEAP)
        (self.folder / "flash.bin").write_bytes(image.file_system(DISK, other_version(OLD).files("a")))
        return chip

    async def offer(self, made: app.Application) -> None:
        """Have the relay offer it, and tell the module."""
        file = self.folder / f"app-{made.version}.tgz"
        file.write_bytes(made.bundle())
        self.registrar.desk.offers[1] = made.version, file
        self.watcher.send(f"ser2cli_res/{DID}", NOTICE)

    def told(self) -> list[str]:
        """The states of the module's update so far, without repetition."""
        states: list[str] = []
        for text in self.watcher.texts(f"{UP}/update"):
            state = json.loads(text)["state"]
            if states[-1:] != [state]:
                states.append(state)
        return states

    def versions(self) -> list[object]:
        """What the module told of itself at each connection."""
        return [health["version"] for health in self.health()]


BROKEN = {"program": "def run_chip():\n    return 0\n"}


@pytest.fixture(scope="module", autouse=True)
def releases() -> None:
    """Made before the first serial link is served: this process is the MCU, too."""
    for version, changed in ((OLD, {}), (NEW, {}), (NEW, BROKEN)):
        other_version(version, **changed)


@pytest.fixture
async def unit(tmp_path: Path, mosquitto: Mosquitto) -> AsyncIterator[Flashed]:
    """A unit, not yet switched on."""
    async with Mcu() as mcu, Registrar(mosquitto.port) as registrar, Watcher(mosquitto.port) as watcher:
        yield Flashed(tmp_path / "world", mcu, registrar, watcher)


async def online(unit: Flashed, chip: Chip, eventually) -> None:
    """Give the chip its network and wait for the relay."""
    await eventually(lambda: chip.said("no Wi-Fi"))
    await unit.name_network()
    await eventually(lambda: unit.versions() == [OLD])


async def test_a_release_is_taken_tried_and_confirmed_and_the_serial_line_is_served_meanwhile(
    unit: Flashed, eventually
):
    async with unit.flashed() as chip:
        await online(unit, chip, eventually)
        await eventually(lambda: chip.said("boot: runs /a"))
        await unit.offer(other_version(NEW))
        await eventually(lambda: "installed" in unit.told())
        unit.watcher.send(f"ser2cli_res/{DID}", NOTICE)  # once more, before the restart
        await eventually(lambda: "confirmed" in unit.told())
        assert unit.told() == ["downloading", "verifying", "installing", "installed", "confirmed"]
        assert chip.starts == ["power-on", "restart"]
        await eventually(lambda: chip.said("boot: runs /b"))
        await eventually(lambda: unit.versions() == [OLD, NEW])
        assert not chip.said("the MCU is silent")
        assert UPDATE_KEY.hex() not in "\n".join(chip.lines)
        await chip.power_off()
        await chip.power_on()
        await eventually(lambda: unit.versions() == [OLD, NEW, NEW])
        assert len(chip.said("boot: runs /b")) == 2
    assert len(unit.registrar.registrations) == 1, "identity and network are the same as before"


async def test_an_update_of_the_module_waits_for_that_of_the_mcu(
    unit: Flashed, eventually, seeded: random.Random
):
    async with unit.flashed() as chip:
        await online(unit, chip, eventually)
        flash = Flash()
        flash.on_write = lambda: time.sleep(0.02)  # as flash chips take it
        receiver = receiver_of(unit, flash, 65536)  # type: ignore[arg-type]
        file = unit.folder / "mcu.bin"
        file.write_bytes(seeded.randbytes(50_000))
        unit.registrar.desk.offers[2] = "00000003", file
        unit.watcher.send(f"ser2cli_res/{DID}", MCU_NOTICE)
        await eventually(lambda: chip.said("MCU 00000003: installing"))
        await unit.offer(other_version(NEW))
        await eventually(lambda: chip.said("module: the MCU is being updated; later"))
        assert receiver.state != data_receiver.DONE
        await eventually(lambda: receiver.state == data_receiver.DONE)
        assert bytes(flash) == file.read_bytes()
        unit.watcher.send(f"ser2cli_res/{DID}", NOTICE)
        await eventually(lambda: chip.said("boot: runs /b"))


async def test_a_release_that_does_not_run_is_rolled_back_and_reported(unit: Flashed, eventually):
    async with unit.flashed() as chip:
        await online(unit, chip, eventually)
        await unit.offer(other_version(NEW, **BROKEN))
        await eventually(lambda: "rolled_back" in unit.told())
        assert len(chip.said("boot: runs /b")) == 3
        await eventually(lambda: unit.versions() == [OLD, OLD])
        last = json.loads(unit.watcher.texts(f"{UP}/update")[-1])
        assert (last["version"], last["reason"]) == (NEW, "it was not confirmed in three boots")
        fetched = len(unit.registrar.desk.ranges)
        await unit.offer(other_version(NEW))
        await eventually(lambda: chip.said("failed here before"))
        assert len(unit.registrar.desk.ranges) == fetched


async def test_a_chip_that_loses_its_power_while_it_updates_ends_with_the_new_version(
    unit: Flashed, eventually, seeded
):
    async with unit.flashed() as chip:
        await online(unit, chip, eventually)
        unit.registrar.desk.offers[1] = NEW, unit.folder / "app.tgz"
        (unit.folder / "app.tgz").write_bytes(other_version(NEW).bundle())
        for _ in range(4):
            await chip.power_off()
            chip.world(power_cut_after=seeded.randrange(20, 400))
            await chip.power_on()
            notifying = asyncio.create_task(notify(unit))
            await chip.off()
            notifying.cancel()
        chip.world(power_cut_after=None)
        await chip.power_off()
        await chip.power_on()
        await notify(unit)
        await eventually(lambda: unit.versions()[-1] == NEW and "confirmed" in unit.told())


async def notify(unit: Flashed) -> None:
    """Tell the module of the release until it asks."""
    asked = len(unit.registrar.desk.checks)
    while len(unit.registrar.desk.checks) == asked:
        unit.watcher.send(f"ser2cli_res/{DID}", NOTICE)
        await asyncio.sleep(0.2)
