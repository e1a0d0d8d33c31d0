"""A device that comes on-line: whose state the relay asks for, and whose module does it."""

from pathlib import Path

from live import KIT, METER, live_house

from wxproto import envelope


async def test_a_variable_length_device_is_read_and_a_fixed_length_one_is_not(tmp_path: Path) -> None:
    async with live_house(tmp_path) as house:
        meter = await house.device(mac="a1b2c3d4e5f7", product_key=METER)
        _, first = await meter.command()
        assert first.cmd == envelope.NOTIFY
        assert first.p0.hex() == "1207", "a read with the flags of all three data points"
        kit = await house.device(product_key=KIT)
        await house.relay.service.downlink.send(kit.did, b"\x02")
        _, only = await kit.command()
        assert only.p0 == b"\x02"
        assert len(kit.commands()) == 1
