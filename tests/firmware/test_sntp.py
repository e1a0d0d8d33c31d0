"""The module's clock, set by MicroPython from a strict SNTP server."""

import asyncio
import time
from pathlib import Path

import pytest
from firmware_bench import MicroPython
from ntp_server import FLOOR, NOW, Answer, reply, serving

CLIENT = str(Path(__file__).with_name("time_client.py"))
WRONG = NOW + 5_000_000


async def told(servers: str) -> tuple[dict[str, list[str]], str]:
    """The client's lines by their first word, and everything it printed."""
    async with MicroPython(CLIENT, servers) as program:
        assert await asyncio.wait_for(program.process.wait(), 10) == 0
    return {line.split()[0]: line.split()[1:] for line in program.lines}, "\n".join(program.lines)


def near(text: str, expected: float) -> bool:
    """The clock goes on while the program runs."""
    return expected - 1 <= int(text) <= expected + 5


async def test_the_clock_is_set_and_only_a_relay_that_knows_better_corrects_it():
    async with serving(lambda question: [reply(question)]) as server:
        lines, text = await told(server.name)
    assert lines["before"] == ["946684800", "False"]
    assert near(lines["after"][0], NOW)
    assert lines["after"][1] == "True"
    assert near(lines["kept"][0], NOW)
    assert near(lines["corrected"][0], 2_200_000_000)
    assert "clock set by 127.0.0.1" in text
    assert lines["ticks"][1] == "False", "the code for it is dropped after use"
    assert len(server.questions) == 1


REFUSED: dict[str, Answer] = {
    "a kiss of death": lambda question: [reply(question, WRONG, stratum=0)],
    "not synchronized": lambda question: [reply(question, WRONG, stratum=16)],
    "alarm": lambda question: [reply(question, WRONG, leap=3)],
    "no time": lambda question: [reply(question, transmit=0)],
    "before the software": lambda question: [reply(question, unix_s=FLOOR - 86_400)],
    "in a hundred years": lambda question: [reply(question, unix_s=FLOOR + 3_000_000_000)],
}


@pytest.mark.parametrize("answer", REFUSED.values(), ids=REFUSED.keys())
async def test_a_server_that_is_no_good_is_left_for_the_next(answer: Answer):
    async with serving(answer) as bad, serving(lambda question: [reply(question)]) as good:
        lines, _ = await told(f"{bad.name}, {good.name}")
        assert bad.questions
        assert near(lines["after"][0], NOW)


async def test_answers_to_other_questions_are_passed_over():
    def answer(question: bytes) -> list[bytes]:
        forged = reply(question, unix_s=WRONG, originate=7)
        broadcast = reply(question, unix_s=WRONG, mode=5)
        return [b"", question, forged, broadcast, reply(question)[:47], reply(question)]

    async with serving(answer) as server:
        lines, _ = await told(server.name)
    assert near(lines["after"][0], NOW)


async def test_without_any_server_the_module_goes_on_from_the_time_of_its_build():
    began = time.monotonic()
    async with serving(lambda question: []) as mute:
        lines, text = await told(f"{mute.name} 127.0.0.1:1")
    assert near(lines["after"][0], FLOOR + time.monotonic() - began)
    assert lines["after"][1] == "False"
    assert "does not answer" in text
    assert "the clock may be late" in text
    assert int(lines["ticks"][0]) >= 75, "3 s of waiting, and the program went on"
