"""A wait with a time limit, on MicroPython's event loop."""

from pathlib import Path

from firmware_bench import MicroPython

CLIENT = str(Path(__file__).with_name("wake_client.py"))


async def test_a_wait_ends_by_time_or_by_who_wakes_it_and_can_be_cancelled(eventually):
    async with MicroPython(CLIENT) as program:
        await eventually(lambda: len(program.said("both")) == 2)
        assert program.lines == [
            "time False",
            "before True False",
            "while [True]",
            "both ['cancelled'] True",
            "both ['cancelled'] True",
        ]
