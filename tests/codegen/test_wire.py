"""The wire between module and MCU: two ttys and a pump."""

import asyncio
import contextlib
import os
import select
import termios
from collections.abc import Iterator
from typing import Any

from wxlink.bench.wire import MAX_UNREAD, Wire
from wxproto.commands import MCU, MODULE


@contextlib.contextmanager
def opened(path: str) -> Iterator[int]:
    """A peer's end, non-blocking, with the tty settings as they are."""
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        yield fd
    finally:
        os.close(fd)


async def read(fd: int, size: int) -> bytes:
    """Exactly `size` bytes, within half a minute."""
    data = b""
    async with asyncio.timeout(30):
        while len(data) < size:
            if select.select([fd], [], [], 0)[0]:
                data += os.read(fd, size - len(data))
            else:
                await asyncio.sleep(0.002)
    return data


async def test_every_byte_value_passes_unchanged_in_both_directions() -> None:
    everything = bytes(range(256))
    async with Wire() as wire:
        with opened(wire.module_tty) as module, opened(wire.mcu_tty) as mcu:
            os.write(module, everything)
            assert await read(mcu, 256) == everything
            os.write(mcu, everything[::-1])
            assert await read(module, 256) == everything[::-1]


async def test_observer_is_told_who_sent_what_when() -> None:
    seen: list[tuple[str, bytes, int]] = []
    async with Wire(lambda *what: seen.append(what)) as wire:
        with opened(wire.module_tty) as module, opened(wire.mcu_tty) as mcu:
            before = int(asyncio.get_running_loop().time() * 1000)
            os.write(module, b"ask")
            await read(mcu, 3)
            os.write(mcu, b"answer")
            await read(module, 6)
    assert [(who, data) for who, data, _ in seen] == [(MODULE, b"ask"), (MCU, b"answer")]
    assert before <= seen[0][2] <= seen[1][2]


async def test_a_peer_may_die_and_come_back() -> None:
    async with Wire() as wire:
        with opened(wire.module_tty) as module:
            for _ in range(3):
                with opened(wire.mcu_tty) as mcu:
                    os.write(module, b"there?")
                    assert await read(mcu, 6) == b"there?"
                    os.write(mcu, b"yes")
                    assert await read(module, 3) == b"yes"


async def test_bytes_for_a_side_that_does_not_read_are_lost_beyond_a_bound(eventually: Any) -> None:
    total = 256 * 1024
    in_flight = 64 * 1024  # what the kernel may hold on its way to the tty's own buffer
    taken: list[int] = []
    async with Wire(lambda _who, data, _at: taken.append(len(data))) as wire:
        with opened(wire.module_tty) as module, opened(wire.mcu_tty) as mcu:
            sent = 0
            while sent < total:
                with contextlib.suppress(BlockingIOError):
                    sent += os.write(module, bytes(512))
                await asyncio.sleep(0)
            await eventually(lambda: sum(taken) == sent)
            kept = sent - wire.dropped[MODULE]
            assert kept <= MAX_UNREAD + in_flight
            assert await read(mcu, kept) == bytes(kept)
            os.write(mcu, b"alive")
            assert await read(module, 5) == b"alive"
            os.write(module, b"again")
            assert await read(mcu, 5) == b"again"
            assert wire.dropped[MCU] == 0


async def test_raw_mode_outlives_a_peer_that_polls_without_waiting() -> None:
    """MicroPython sets VMIN and VTIME to 0 on its end: the other end must not notice."""
    async with Wire() as wire:
        with opened(wire.module_tty) as module, opened(wire.mcu_tty) as mcu:
            settings = termios.tcgetattr(module)
            settings[6][termios.VMIN] = settings[6][termios.VTIME] = 0
            termios.tcsetattr(module, termios.TCSANOW, settings)
            assert os.read(module, 1) == b""
            os.write(module, b"\r\n\x03\xff")
            assert await read(mcu, 4) == b"\r\n\x03\xff"


async def test_close_hangs_up_and_is_harmless_twice(eventually: Any) -> None:
    wire = Wire()
    wire.open()
    with opened(wire.mcu_tty) as mcu:
        wire.close()
        wire.close()
        await eventually(lambda: select.select([mcu], [], [], 0)[0])
        try:
            assert os.read(mcu, 1) == b""
        except OSError as error:
            assert error.errno == 5  # noqa: PT017 - Linux says EIO, other systems end of file


async def test_a_paced_wire_takes_the_time_of_its_baud_rate() -> None:
    """240 bytes at 9600 baud take 250 ms; both directions pass at the same time."""
    loop = asyncio.get_running_loop()
    everything = bytes(range(240))
    async with Wire(baud=9600) as wire:
        with opened(wire.module_tty) as module, opened(wire.mcu_tty) as mcu:
            began = loop.time()
            os.write(module, everything)
            os.write(mcu, everything[::-1])
            assert await read(mcu, 16) == everything[:16], "bytes come as they leave"
            assert await read(mcu, 224) == everything[16:]
            assert await read(module, 240) == everything[::-1]
            assert loop.time() - began >= 0.25


async def test_bytes_under_way_on_a_paced_wire_harm_nobody_who_closes_it() -> None:
    async with Wire(baud=9600) as wire:
        with opened(wire.module_tty) as module:
            os.write(module, bytes(100))
            await asyncio.sleep(0)
