"""The module program hands an MCU new software; the MCU's end is wxproto's receiver."""

import asyncio
import hashlib
import os
import random
from collections.abc import Callable

import pytest
from firmware_ground import Bench

from wxproto import commands, data_receiver
from wxproto.courier import Courier
from wxproto.data_receiver import Receiver

NEW = "00000003"
BOOT_S = 1.0
"""What a restart takes: longer than a question is repeated (README 3.3)."""


class Flash(bytearray):
    """What the receiver wrote; `on_write` is called after each piece."""

    on_write: Callable[[], None] = staticmethod(lambda: None)

    def write(self, offset: int, content: bytes) -> None:
        assert offset == len(self)
        self += content
        self.on_write()


@pytest.fixture
def image(bench: Bench, seeded: random.Random) -> bytes:
    """The new software, also in the file that the configuration names."""
    content = seeded.randbytes(5000)
    (bench.folder / "mcu.bin").write_bytes(content)
    return content


def receiver_of(bench: Bench, flash: Flash, limit: int = 8192) -> Receiver:
    """A receiver that accepts what is announced."""
    receiver = Receiver(flash.write, limit, new_digest=lambda: hashlib.md5(usedforsecurity=False))
    courier = Courier(bench.mcu.session, receiver, data_receiver.COMMANDS)

    class Accepting(Courier):
        def handle(self, event, now):
            mine = courier.handle(event, now)
            if receiver.state == data_receiver.OFFERED:
                receiver.accept(now)
                courier.ask(now)
            return mine

        def poll(self, now):
            courier.poll(now)

    bench.mcu.transfer = Accepting(bench.mcu.session, receiver, data_receiver.COMMANDS)
    return receiver


def module(bench: Bench):
    return bench.module(mcu_image=str(bench.folder / "mcu.bin"), mcu_version=NEW, baud=115200)


async def test_an_mcu_with_other_software_gets_the_file_while_apps_go_on(bench: Bench, image, eventually):
    flash = Flash()
    receiver = receiver_of(bench, flash)
    async with module(bench) as program:
        await eventually(lambda: receiver.state == data_receiver.DONE)
        assert bytes(flash) == image
        await eventually(lambda: program.said("the MCU has the whole file"))
        assert program.said("offered to the MCU")
        await eventually(bench.reports)


async def test_an_mcu_that_was_restarted_goes_on_where_it_was(bench: Bench, image, eventually):
    flash = Flash()
    receiver = receiver_of(bench, flash)

    def cut() -> None:
        bench.mcu.silent = len(flash) > 1000

    flash.on_write = cut
    async with module(bench) as program:
        await eventually(lambda: bench.mcu.silent)
        announced = receiver.announced
        have = len(flash)
        del flash.on_write
        bench.mcu.reboot()
        await asyncio.sleep(BOOT_S)
        bench.mcu.silent = False
        again = receiver_of(bench, flash)
        await eventually(lambda: bench.mcu.session.up)
        again.accept(bench.mcu._now(), have=have, announced=announced)
        await eventually(lambda: again.state == data_receiver.DONE)
        assert bytes(flash) == image
        await eventually(lambda: program.said("the MCU has the whole file"))


async def test_a_module_that_was_restarted_goes_on_where_the_mcu_is(bench: Bench, image, eventually):
    flash = Flash()
    receiver = receiver_of(bench, flash)
    async with module(bench) as program:

        def cut() -> None:
            if len(flash) > 1000:
                program.process.kill()

        flash.on_write = cut
        await program.process.wait()
        assert receiver.state == data_receiver.RECEIVING
    del flash.on_write
    async with module(bench):
        await eventually(lambda: receiver.state == data_receiver.DONE)
        assert bytes(flash) == image


async def test_an_mcu_that_comes_back_is_offered_the_file_again(bench: Bench, image, eventually):
    undecided = Receiver(Flash().write, 8192)
    bench.mcu.transfer = Courier(bench.mcu.session, undecided, data_receiver.COMMANDS)
    async with module(bench) as program:
        await eventually(lambda: undecided.state == data_receiver.OFFERED)
        bench.mcu.silent = True
        await eventually(lambda: program.said("the MCU is silent"))
        bench.mcu.reboot()
        flash = Flash()
        receiver = receiver_of(bench, flash)
        bench.mcu.silent = False
        await eventually(lambda: receiver.state == data_receiver.DONE)
        assert bytes(flash) == image


async def test_a_file_that_shrinks_while_it_is_sent_is_withdrawn(bench: Bench, image, eventually):
    flash = Flash()
    receiver = receiver_of(bench, flash)

    def shrink() -> None:
        if len(flash) == 1024:
            os.truncate(bench.folder / "mcu.bin", 1500)

    flash.on_write = shrink
    async with module(bench) as program:
        await eventually(lambda: receiver.state == data_receiver.STOPPED)
        assert receiver.reason == data_receiver.CANCELLED
        await eventually(lambda: program.said("cannot be read any more"))
        await eventually(bench.reports)


async def test_a_file_that_was_removed_cannot_be_had_a_second_time(bench: Bench, image, eventually):
    receiver = receiver_of(bench, Flash())
    async with module(bench) as program:
        await eventually(lambda: program.said("the MCU has the whole file"))
        (bench.folder / "mcu.bin").unlink()
        again = receiver_of(bench, Flash())
        again.accept(bench.mcu._now(), announced=receiver.announced)
        await eventually(lambda: again.state == data_receiver.STOPPED)
        assert again.reason == data_receiver.CANCELLED
        await eventually(lambda: program.said("cannot be read any more"))


async def test_an_mcu_with_this_software_is_left_alone(bench: Bench, image, eventually):
    bench.mcu.software_version = NEW
    async with module(bench):
        await eventually(bench.reports)
        await eventually(lambda: commands.MODULE_STATUS in bench.mcu.asked)
        assert commands.DATA_ANNOUNCE not in bench.mcu.asked


async def test_an_mcu_may_refuse_the_file(bench: Bench, image, eventually):
    receiver_of(bench, Flash(), limit=100)
    async with module(bench) as program:
        await eventually(lambda: program.said("the MCU did not take the file"))
        await eventually(bench.reports)


async def test_a_file_that_is_not_there_is_named(bench: Bench, eventually):
    async with module(bench) as program:
        await eventually(lambda: program.said("cannot be offered"))
        await eventually(bench.reports)
