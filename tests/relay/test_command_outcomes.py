"""A command with a number ends once at its app, however often and whenever the device answers."""

import asyncio
from pathlib import Path

import pytest
from live import live_house

from wxlink.relay.settings import TrafficLimits

ANSWERS = {
    "in time": (0.0,),
    "twice": (0.0, 0.0),
    "late": (1.5,),
    "in time and late": (0.0, 1.5),
    "never": (),
}


@pytest.mark.parametrize("after", ANSWERS.values(), ids=ANSWERS)
async def test_one_command_one_outcome(tmp_path: Path, after: tuple[float, ...]) -> None:
    async with live_house(tmp_path, traffic=TrafficLimits(answer_s=1.0)) as house:
        device = await house.device()
        app = await (await house.app("phone-1", device)).login()
        write = {"did": device.did, "attrs": {"LED_OnOff": True}}
        await app.send({"cmd": "c2s_write", "req_sn": 7, "data": write})
        topic, frame = await device.command()
        for pause in after:
            await asyncio.sleep(pause)
            await device.answer(topic, frame.sn or 0)
        told = await app.receive()
        if after and after[0] == 0.0:
            assert told == {"cmd": "s2c_ack", "res_sn": 7, "did": device.did}
        else:
            assert (told["cmd"], told["data"]["error_code"]) == ("s2c_invalid_msg", 9021)
        # The next command's answer proves that nothing more came of the first.
        await app.send({"cmd": "c2s_write", "req_sn": 8, "data": write})
        topic, frame = await device.command(1)
        await device.answer(topic, frame.sn or 0)
        assert await app.receive() == {"cmd": "s2c_ack", "res_sn": 8, "did": device.did}
