"""The relay has new software for the MCU: fetched, handed over and reported, whatever is cut off."""

import json
import os
import random
from typing import Any

import pytest
from firmware_ground import DID, UP, Bench
from test_mcu_update import Flash, receiver_of
from test_tls import TlsBench, authority, secure

from wxproto import data_receiver, envelope

NEW = "00000003"
__all__ = ["authority", "secure"]  # fixtures
LIMIT = 65536  # bytes that the MCU has room for
NOTICE = envelope.encode_service(envelope.FIRMWARE_NOTICE, b"\x02")


@pytest.fixture
def image(bench: Bench, seeded: random.Random) -> bytes:
    """The new software, offered by the relay."""
    return offer(bench, seeded.randbytes(30_000))


def offer(bench: Bench, content: bytes, version: str = NEW) -> bytes:
    file = bench.folder / f"{version}.bin"
    file.write_bytes(content)
    bench.registrar.desk.offers[2] = version, file
    return content


def module(bench: Bench) -> Any:
    return bench.module(heap="384K", baud=115200)


def told(bench: Bench) -> list[str]:
    """The states that the module told the relay of the MCU's update, without repetition."""
    states: list[str] = []
    for text in bench.watcher.texts(f"{UP}/update"):
        fields = json.loads(text)
        assert (fields["type"], fields["version"]) == (2, NEW)
        if states[-1:] != [fields["state"]]:
            states.append(fields["state"])
    return states


def folder(bench: Bench) -> set[str]:
    kept = set(os.listdir(bench.folder / "module"))
    return {name for name in kept if name.startswith(("mcu", "update")) or name.endswith(".part")}


async def notify(bench: Bench, eventually: Any) -> None:
    await eventually(lambda: bench.presence() and bench.presence()[-1] == "1")
    bench.watcher.send(f"ser2cli_res/{DID}", NOTICE)


async def test_the_relays_image_reaches_the_mcu_and_is_confirmed_when_it_runs(
    bench: Bench, image: bytes, eventually: Any
):
    flash = Flash()
    receiver = receiver_of(bench, flash, LIMIT)
    async with module(bench) as program:
        await notify(bench, eventually)
        await eventually(lambda: receiver.state == data_receiver.DONE)
        assert bytes(flash) == image
        bench.mcu.software_version = NEW
        bench.mcu.transfer = None
        bench.mcu.silent = True
        bench.mcu.reboot()
        await eventually(lambda: program.said("the MCU is silent"))
        bench.mcu.silent = False
        await eventually(lambda: "confirmed" in told(bench))
        assert told(bench) == ["downloading", "verifying", "installing", "installed", "confirmed"]
        assert folder(bench) == {"update.json"}
        check = bench.registrar.desk.checks[0]
        assert (check["type"], check["soft_version"], check["manifest"]) == ("2", "00000002", "1")
        await eventually(lambda: bench.presence()[-1] == "1")


async def test_a_module_that_was_killed_fetches_only_the_rest(bench: Bench, image: bytes, eventually: Any):
    receiver = receiver_of(bench, Flash(), LIMIT)
    desk = bench.registrar.desk
    desk.cut_after = 20_000
    async with module(bench) as program:
        await notify(bench, eventually)
        await eventually(lambda: program.said("the connection ended at 20000 of 30000 bytes"))
        program.process.kill()
    desk.cut_after = None
    async with module(bench):
        await notify(bench, eventually)
        await eventually(lambda: receiver.state == data_receiver.DONE)
    assert desk.ranges[:2] == ["", "bytes=20000-"]  # the killed one may have begun itself


async def test_an_image_that_waits_for_the_mcu_survives_a_restart(
    bench: Bench, image: bytes, eventually: Any
):
    async with module(bench) as program:
        await notify(bench, eventually)
        await eventually(lambda: "mcu.img" in folder(bench))
        await eventually(lambda: program.said("is offered to the MCU"))
        program.process.kill()
    flash = Flash()
    receiver = receiver_of(bench, flash, LIMIT)
    async with module(bench):
        await eventually(lambda: receiver.state == data_receiver.DONE)
        assert bytes(flash) == image
    assert bench.registrar.desk.ranges == [""]


async def test_an_mcu_that_keeps_its_old_software_is_given_up_after_three_tries(
    bench: Bench, eventually: Any
):
    offer(bench, b"small")
    async with module(bench) as program:
        for attempt in range(3):
            receiver = receiver_of(bench, Flash(), LIMIT)
            if not attempt:
                await notify(bench, eventually)
            await eventually(lambda one=receiver: one.state == data_receiver.DONE)
            await eventually(
                lambda count=attempt: len(program.said("the MCU has the whole file")) == count + 1
            )
            bench.mcu.silent = True
            bench.mcu.reboot()
            await eventually(
                lambda count=attempt: len(program.said("off-line until it answers")) == count + 1
            )
            bench.mcu.silent = False
        await eventually(lambda: "rolled_back" in told(bench))
        assert folder(bench) == {"update.json"}
        await notify(bench, eventually)
        await eventually(lambda: program.said("failed here before: it is left alone"))


async def test_a_newer_image_takes_the_place_of_one_that_waits(
    bench: Bench, image: bytes, eventually: Any, seeded: random.Random
):
    async with module(bench) as program:
        await notify(bench, eventually)
        await eventually(lambda: program.said("is offered to the MCU"))
        flash = Flash()
        receiver = receiver_of(bench, flash, LIMIT)
        newer = offer(bench, seeded.randbytes(5000), "00000004")
        await notify(bench, eventually)
        await eventually(lambda: receiver.state == data_receiver.DONE)
        assert bytes(flash) == newer


async def test_an_image_with_a_foreign_signature_never_reaches_the_mcu(
    bench: Bench, image: bytes, eventually: Any
):
    async with module(bench) as program:
        await eventually(lambda: bench.registrar.registrations)
        bench.registrar.registrations.append({"update_key": "00" * 32})
        await notify(bench, eventually)
        await eventually(lambda: "failed" in told(bench))
        await eventually(lambda: program.said("the offer is not signed by this unit's key"))
        assert bench.registrar.desk.ranges == []
        assert folder(bench) == set()


async def test_over_tls_the_image_comes_by_https(secure: TlsBench, eventually: Any, seeded: random.Random):
    content = offer(secure, seeded.randbytes(20_000))
    flash = Flash()
    receiver = receiver_of(secure, flash, LIMIT)
    async with secure.secure_module(heap="448K", baud=115200):
        await notify(secure, eventually)
        await eventually(lambda: receiver.state == data_receiver.DONE)
        assert bytes(flash) == content
