"""A simulated ESP32 that nobody has set up yet: from its access point to the network and back."""

from pathlib import Path

import aiohttp
import pytest
from chip import AP_PASSWORD, HOME, HOME_KEY, Chip, access_point
from firmware_rig import Mcu
from set_up_rig import Asker
from test_improv import packet
from test_onboarding import TAKEN, network

from wxlink.flash import app
from wxproto import commands

CONFIG = {
    "relay": "http://127.0.0.1:9",
    "tx": 17,
    "rx": 16,
    "heartbeat_s": 0.3,
    "lan_port": 0,
    "lan_udp_port": 0,
}
HOST = {"Host": "10.10.100.254"}


def shipped(folder: Path) -> Path:
    """The application as it is shipped, its page packed, unpacked into a folder."""
    for name, data in app.build().slot.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


async def test_a_blank_chip_is_set_up_by_its_page(tmp_path: Path, eventually):
    sources = (shipped(tmp_path / "slot"),)
    async with (
        Mcu() as mcu,
        Chip(tmp_path / "world", mcu.tty, CONFIG, sources=sources) as chip,
        aiohttp.ClientSession() as http,
    ):
        chip.air(access_point(), access_point("neighbour", "another-key", rssi=-80))
        await eventually(lambda: chip.said("is open for"))
        opened = chip.open_network()
        assert (opened["ssid"], opened["key"], opened["address"]) == (
            "XPG-GAgent-0001",
            AP_PASSWORD,
            "10.10.100.254",
        )
        base = f"http://127.0.0.1:{chip.ports[80]}"

        async def result() -> str:
            async with http.get(base + "/state", headers=HOST) as answer:
                told = await answer.json()
            return "" if told["state"] == "joining" else str(told["reason"] or told["state"])

        async def join(key: str) -> str:
            body = f"ssid={HOME.encode().hex()}&key={key.encode().hex()}"
            async with http.post(base + "/join", data=body, headers=HOST) as answer:
                assert answer.status == 200
            return str(await eventually(result))

        async with http.get(base + "/generate_204", headers=HOST, allow_redirects=False) as answer:
            assert answer.headers["Location"] == "http://10.10.100.254/"
        async with http.get(base + "/", headers={**HOST, "Accept-Language": "en-GB"}) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert 'lang="en"' in await answer.text()
        async with http.get(base + "/scan", headers=HOST) as answer:
            names = [bytes.fromhex(row[0]).decode() for row in await answer.json()]
        assert names == [HOME, "neighbour"]
        assert await join("not the key") == "wrong password"
        assert await join(HOME_KEY) == "joined"
        await eventually(lambda: chip.said("life: setting time"))
        assert len(chip.said("wifi: joined")) == 1, "what the page joined is kept"
        assert chip.open_network() == {}
        soft_ap = [bool(word & commands.STATUS_SOFTAP) for word in mcu.status_words]
        assert soft_ap.index(True) < len(soft_ap) - 1 - soft_ap[::-1].index(False)
        assert not chip.said(HOME_KEY)
        assert not chip.said(AP_PASSWORD)


async def test_a_blank_chip_is_set_up_by_an_app(tmp_path: Path, eventually):
    async with Mcu() as mcu, Chip(tmp_path / "world", mcu.tty, CONFIG) as chip:
        await eventually(lambda: chip.said("is open for"))
        phone = Asker(chip.ports[12414])
        phone.send(network(HOME.encode(), HOME_KEY.encode()))
        assert await phone.next() == TAKEN
        await eventually(lambda: chip.said("life: setting time"))


@pytest.mark.parametrize("production", [False, True])
async def test_a_blank_chip_is_set_up_over_the_console_unless_it_is_sold(
    tmp_path: Path, eventually, production: bool
):
    home = HOME.encode()
    data = bytes((len(home),)) + home + bytes((len(HOME_KEY),)) + HOME_KEY.encode()
    config = {**CONFIG, "production": production}
    async with Mcu() as mcu, Chip(tmp_path / "world", mcu.tty, config) as chip:
        await eventually(lambda: chip.said("is open for"))
        chip.type(packet(3, b"\1" + bytes((len(data),)) + data) + b"\n")

        def tested() -> bool:
            chip.type(b"selftest\n")
            return bool(chip.said('{"selftest"'))

        await eventually(tested, every=0.5)
        if production:
            assert not chip.said("IMPROV")
            assert not chip.said("life: setting time")
        else:
            await eventually(lambda: chip.said("life: setting time"))
        assert not chip.said(HOME_KEY)
