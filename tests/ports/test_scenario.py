"""One scenario on every board: from an app to the lamp and back, through the real module firmware."""

import random
from itertools import pairwise
from typing import Any

import pytest
from boards import SimavrBoard
from port_rig import GOKIT, Chain

from wxproto import commands
from wxproto.commands import MCU, MODULE
from wxproto.frame import encode

STARTS_WITHIN_S = 30.0
SLOW_MS = 6000
"""Milliseconds between reports that carry nothing but a changed read-only number (README 3.4)."""

JITTER_MS = 1000
"""Milliseconds by which this machine may see a report late."""

LATE_BOARD_S = 90.0
"""Seconds for two times SLOW_MS in simavr, whose clock is as slow as the machine is busy."""

RING = 256
"""Bytes; the largest ring between interrupt and main loop."""


class Story:
    """What an app's user does with a board, and sees of it."""

    def __init__(self, chain: Chain, eventually: Any) -> None:
        self._chain = chain
        self._eventually = eventually

    def lamp(self) -> bool:
        return self._chain.board.lamp()[-1:] == [True]

    async def light(self, on: bool) -> None:
        """A control is acknowledged, obeyed and reported."""
        assert await self._chain.ask(self._chain.codec.encode_control({"LED_OnOff": on})) == b""
        await self._eventually(lambda: self.lamp() == on)
        await self._eventually(lambda: self._chain.state().get("LED_OnOff") == on)

    async def read(self) -> dict[str, Any]:
        return self._chain.codec.decode_report(await self._chain.ask(self._chain.codec.encode_read()))

    async def heartbeat(self, injected: frozenset[int] = frozenset()) -> None:
        """A heartbeat that the module itself sends from now on is acknowledged."""
        chain, since = self._chain, len(self._chain.sent)

        def acknowledged() -> set[int]:
            asked = {one.sn for one in chain.frames(MODULE, commands.HEARTBEAT, since)}
            return asked & {one.sn for one in chain.frames(MCU, commands.HEARTBEAT_ACK, since)} - injected

        await self._eventually(acknowledged)

    async def introduction(self) -> None:
        """Device information, a first report of everything, status bits."""
        chain = self._chain
        await self._eventually(chain.state, STARTS_WITHIN_S)
        assert chain.registrar.registrations[0]["product_key"] == GOKIT.product_key
        assert set(chain.state()) == {point.name for point in GOKIT.points}

        def sn_of_cloud() -> list[int]:
            told = chain.frames(MODULE, commands.MODULE_STATUS)
            return [one.sn for one in told if int.from_bytes(one.payload) & commands.STATUS_CLOUD]

        await self._eventually(sn_of_cloud)
        await self._eventually(
            lambda: sn_of_cloud()[0] in [ack.sn for ack in chain.frames(MCU, commands.MODULE_STATUS_ACK)]
        )

    async def report_rules(self) -> None:
        """A read-only number that changes all the time is told seldom; a control meanwhile at once."""
        chain = self._chain
        begun = len(chain.reports()) - 1
        await self._eventually(lambda: len(chain.reports()) >= begun + 3, LATE_BOARD_S)
        times, values = zip(*chain.reports()[begun : begun + 3], strict=True)
        assert len({one["Temperature"] for one in values}) > 1
        assert all(after - before > SLOW_MS - JITTER_MS for before, after in pairwise(times))

    async def noise(self, random_source: random.Random) -> None:
        """Garbage that ends inside a frame, then more frames at once than any ring holds."""
        self._chain.inject(random_source.randbytes(200) + b"\xff\xff\x00\x40\x03")
        await self.heartbeat()
        await self.light(False)
        later = self._chain.last_sn() + 64  # numbers that the module does not come to meanwhile
        numbers = [(later + n) % 256 for n in range(64)]
        burst = b"".join(encode(commands.HEARTBEAT, sn) for sn in numbers)
        assert len(burst) > 2 * RING
        self._chain.inject(burst)
        await self.heartbeat(frozenset(numbers))
        await self.light(True)

    async def restart_of_the_module(self, since: int, changes: int) -> None:
        """The module asks for everything again; the board goes on as it is."""
        chain = self._chain
        await self._eventually(lambda: chain.frames(MCU, commands.DEVICE_INFO, since), STARTS_WITHIN_S)
        await self._eventually(lambda: chain.frames(MCU, commands.P0_UP, since))
        await self.heartbeat()
        assert (await self.read())["LED_OnOff"] is True
        assert chain.board.lamp()[changes:] == []

    async def restart_of_the_board(self) -> None:
        """The board starts with its lamp off; the module does not ask, and learns its state all the same."""
        chain, since = self._chain, len(self._chain.sent)
        chain.inject(encode(commands.RESTART_MCU, 200))
        await self._eventually(lambda: chain.state().get("LED_OnOff") is False)
        assert [ack.sn for ack in chain.frames(MCU, commands.RESTART_MCU_ACK, since)] == [200]
        assert chain.frames(MCU, commands.DEVICE_INFO, since) == []
        assert not self.lamp()


@pytest.mark.timeout(300)
async def test_a_board_lives_with_its_module(linked: Chain, seeded: random.Random, eventually: Any) -> None:
    story = Story(linked, eventually)
    async with linked.module():
        await story.introduction()
        await story.light(True)
        assert (await story.read())["LED_OnOff"] is True
        await story.heartbeat()
        await story.report_rules()
        await story.noise(seeded)
    since, changes = len(linked.sent), len(linked.board.lamp())
    async with linked.module():
        await story.restart_of_the_module(since, changes)
        await story.restart_of_the_board()
        await story.light(True)


@pytest.mark.parametrize("board", ["atmega328p-115200"], indirect=True)
async def test_a_movement_is_told_at_once(linked: Chain, eventually: Any) -> None:
    """A read-only bool waits for nothing. Only the simulated Arduino has pins that a test can drive."""
    board = linked.board
    assert isinstance(board, SimavrBoard)
    async with linked.module():
        await eventually(lambda: linked.state().get("Infrared") is False, STARTS_WITHIN_S)
        for level in (True, False, True):
            board.order(f"pin D2 {int(level)}")
            await eventually(lambda level=level: linked.state().get("Infrared") is level, SLOW_MS / 2000)


@pytest.mark.parametrize("board", ["atmega328p-115200"], indirect=True)
async def test_a_button_starts_onboarding(linked: Chain, eventually: Any) -> None:
    """The board asks its module (README 3), and the module says yes."""
    board = linked.board
    assert isinstance(board, SimavrBoard)
    async with linked.module():
        await eventually(linked.state, STARTS_WITHIN_S)
        assert linked.frames(MCU, commands.ENTER_CONFIGURATION) == []
        board.order("pin D3 0")
        await eventually(lambda: linked.frames(MCU, commands.ENTER_CONFIGURATION))
        (asked,) = linked.frames(MCU, commands.ENTER_CONFIGURATION)
        assert asked.payload == b"\x02"
        await eventually(lambda: linked.frames(MODULE, commands.ENTER_CONFIGURATION_ACK))
