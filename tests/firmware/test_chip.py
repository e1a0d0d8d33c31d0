"""The module's program on a simulated ESP32: from a blank unit to the relay, and what life does to it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from chip import AP_PASSWORD, HOME, HOME_KEY, MAC, PASSCODE, SOURCES, UPDATE_KEY, Chip, access_point
from firmware_brokers import Mosquitto, Watcher
from firmware_ground import APP, DID, DOWN, ONLINE, UP
from firmware_rig import Mcu, Registrar
from test_sntp import NOW, reply, serving

from wxproto import commands, configuration, envelope, module_info
from wxproto.network_time import NetworkTime

ROUTER = commands.STATUS_STATION | commands.STATUS_ROUTER
CTRL_C = b"\x03"
BUTTON = 0
HELD_S = 4.5  # 3 s ask for set-up, 10 s for a reset


class Unit:
    """A product on the bench: a chip with its MCU, a relay's registration, a broker."""

    def __init__(self, folder: Path, mcu: Mcu, registrar: Registrar, watcher: Watcher) -> None:
        self.folder = folder
        self.mcu = mcu
        self.registrar = registrar
        self.watcher = watcher

    def chip(self, **changes: object) -> Chip:
        """The chip with short intervals; `changes` replace keys of the factory configuration."""
        config = {
            "relay": self.registrar.url,
            "tx": 17,
            "rx": 16,
            "button": BUTTON,
            "led": 2,
            "heartbeat_s": 0.3,
            "backoff_s": 0.05,
            "backoff_cap_s": 0.4,
            "refused_s": 0.1,
            "ntp": "127.0.0.1:9",  # nobody answers there, and the chip hears so at once
            "lan_port": 0,
            "lan_udp_port": 0,
            "production": True,
            **changes,
        }
        return Chip(self.folder, self.mcu.tty, config)

    async def name_network(self, ssid: str = HOME, key: str = HOME_KEY, **more: str) -> None:
        """Command 09, mode 4."""
        wanted = configuration.Configuration(
            configuration.GIVEN, ssid=ssid.encode(), password=key.encode(), **more
        )
        await self.mcu.ask(commands.ENTER_CONFIGURATION, wanted.encode())

    def presence(self) -> list[str]:
        return [text[0] for text in self.watcher.texts(ONLINE)]

    def health(self) -> list[dict[str, object]]:
        return [json.loads(text) for text in self.watcher.texts(f"{UP}/health")]

    def status(self) -> int:
        """The last status word without signal and binding."""
        if not self.mcu.status_words:
            return 0
        return self.mcu.status_words[-1] & ~(commands.STATUS_SIGNAL_MASK | commands.STATUS_BINDING)


@pytest.fixture
async def unit(tmp_path: Path, mosquitto: Mosquitto) -> AsyncIterator[Unit]:
    """A unit, not yet switched on."""
    async with Mcu() as mcu, Registrar(mosquitto.port) as registrar, Watcher(mosquitto.port) as watcher:
        yield Unit(tmp_path / "world", mcu, registrar, watcher)


async def test_a_blank_unit_gets_a_network_registers_and_comes_back_after_restart_and_power_cut(
    unit: Unit, eventually
):
    async with unit.chip() as chip:
        await eventually(lambda: chip.said("life: no Wi-Fi"))
        await eventually(lambda: unit.mcu.status_words)
        assert not unit.status() & commands.STATUS_ROUTER
        await unit.name_network(tz="9")
        await eventually(lambda: unit.presence() == ["1"])
        await eventually(lambda: unit.status() == ROUTER | commands.STATUS_CLOUD)
        (registered,) = unit.registrar.registrations
        assert (registered["mac"], registered["passcode"]) == (MAC, PASSCODE)
        assert registered["update_key"] == UPDATE_KEY.hex()
        (health,) = await eventually(unit.health)
        assert (health["reset"], health["mcu_version"], health["ip"]) == ("power-on", "00000002", "127.0.0.1")
        assert 0 < health["signal"] <= 7
        told = module_info.decode(await unit.mcu.ask(commands.GET_MODULE_INFO, module_info.encode_request()))
        assert (told.mac, told.ip) == (MAC, "127.0.0.1")
        await unit.mcu.ask(commands.RESTART_MODULE)
        await eventually(lambda: unit.presence() == ["1", "0", "1"])
        assert chip.starts == ["power-on", "restart"]
        await eventually(lambda: unit.health()[-1]["reset"] == "restart")
        await chip.power_off()
        await chip.power_on()
        await eventually(lambda: unit.presence()[-2:] == ["0", "1"] and len(unit.presence()) > 3)
        assert len(unit.registrar.registrations) == 1
        unit.watcher.send(DOWN, envelope.encode(envelope.REQUEST, b"\x01\x22", sn=7))
        await eventually(lambda: [e.sn for e in unit.watcher.envelopes(f"{UP}/{APP}")] == [7])
        assert unit.mcu.controls == [b"\x01\x22"]
    secrets = (PASSCODE, HOME_KEY, AP_PASSWORD, UPDATE_KEY.hex())
    assert not [line for line in chip.lines for secret in secrets if secret in line]


async def test_a_network_that_goes_and_comes_back_takes_the_module_along(unit: Unit, eventually):
    async with unit.chip() as chip:
        await eventually(lambda: unit.mcu.status_words)
        await unit.name_network()
        await eventually(lambda: unit.presence() == ["1"])
        chip.air()
        await eventually(lambda: unit.status() == commands.STATUS_STATION)
        assert await unit.mcu.ask(commands.GET_NETWORK_TIME), "the link is served while it joins"
        chip.air(access_point())
        await eventually(lambda: unit.presence()[-1] == "1" and len(unit.presence()) > 1)
        await eventually(lambda: unit.status() == ROUTER | commands.STATUS_CLOUD)


async def test_a_radio_that_is_stuck_is_seen_and_cured(unit: Unit, eventually):
    """isconnected() stays True after the access point has gone."""
    chip = unit.chip()
    chip.air(access_point(stuck=True))
    async with chip:
        await eventually(lambda: unit.mcu.status_words)
        await unit.name_network()
        await eventually(lambda: unit.presence() == ["1"])
        chip.air()
        await eventually(lambda: unit.status() == commands.STATUS_STATION)
        chip.air(access_point())
        await eventually(lambda: unit.status() == ROUTER | commands.STATUS_CLOUD)


async def test_the_button_and_modes_1_and_2_open_the_access_point_with_the_units_own_password(
    unit: Unit, eventually
):
    async with unit.chip() as chip:
        await eventually(chip.open_network)
        network = chip.open_network()
        assert (network["ssid"], network["key"]) == (f"XPG-GAgent-{MAC[-4:].upper()}", AP_PASSWORD)
        assert (network["address"], network["security"]) == ("10.10.100.254", 3)
        both = commands.STATUS_SOFTAP | commands.STATUS_ONBOARDING
        await eventually(lambda: unit.status() & both == both)
        await unit.name_network()
        await eventually(lambda: unit.presence() == ["1"])
        await eventually(lambda: not chip.open_network())
        await unit.mcu.ask(commands.ENTER_CONFIGURATION, bytes((configuration.AIRLINK,)))
        await eventually(chip.open_network)
        await eventually(lambda: chip.said("not possible"))
        await unit.name_network()
        await eventually(lambda: unit.status() == ROUTER | commands.STATUS_CLOUD)
        chip.world(held=[BUTTON])
        await eventually(lambda: json.loads((unit.folder / "pins.json").read_text())["2"] == 1)
        await asyncio.sleep(HELD_S)  # what a person does
        chip.world(held=[])
        await eventually(chip.open_network)


async def test_a_reset_wipes_all_and_tells_the_relay(unit: Unit, eventually):
    async with unit.chip() as chip:
        await eventually(lambda: unit.mcu.status_words)
        await unit.name_network()
        await eventually(lambda: unit.presence() == ["1"])
        await unit.mcu.ask(commands.RESET_MODULE)
        await eventually(lambda: unit.registrar.retired == [{"did": DID, "passcode": PASSCODE}])
        await eventually(lambda: chip.starts == ["power-on", "restart"])
        await eventually(lambda: chip.said("set-up by access point: it was asked for"))
        await eventually(lambda: not unit.status() & commands.STATUS_ROUTER)
        await unit.name_network()
        await eventually(lambda: len(unit.registrar.registrations) == 2)
        before, after = unit.registrar.registrations
        assert (before["mac"], before["update_key"]) == (after["mac"], after["update_key"])
        assert before["passcode"] != after["passcode"]


async def test_the_mcu_may_name_another_relay(unit: Unit, eventually):
    async with unit.chip(relay="http://127.0.0.1:9") as chip:
        await eventually(lambda: unit.mcu.status_words)
        await unit.name_network(server=unit.registrar.url.partition("://")[2])
        await eventually(lambda: unit.presence() == ["1"])
        assert chip.starts == ["power-on", "restart"]
        await unit.name_network(server="no relay/at all")
        await eventually(lambda: chip.said("its server cannot be used"))


async def test_a_program_that_hangs_is_restarted_by_the_watchdog_and_says_so(unit: Unit, eventually):
    chip = unit.chip()
    chip.world(hurry=20)
    async with chip:
        await eventually(lambda: unit.mcu.status_words)
        await unit.name_network()
        await eventually(lambda: unit.presence() == ["1"])
        chip.world(hangs=[BUTTON])
        await eventually(lambda: chip.ended_by("watchdog"))
        chip.world(hangs=[])
        await eventually(lambda: unit.health()[-1]["reset"] == "watchdog")
        assert chip.starts[-1] == "watchdog"


async def test_the_watchdog_starves_when_one_task_stands_still_though_the_loop_goes_on(
    tmp_path: Path, eventually
):
    here = Path(__file__).parent
    chip = Chip(tmp_path / "world", sources=(*SOURCES, here), program="watchdog_program")
    chip.world(hurry=20)
    async with chip:
        await eventually(lambda: chip.said("the link stands still"))
        assert chip.starts == ["power-on"]
        await eventually(lambda: chip.starts[1:] == ["watchdog"])


async def test_power_may_go_at_any_write_to_flash_while_a_network_is_named(unit: Unit, eventually):
    async with unit.chip() as chip:
        await eventually(lambda: unit.mcu.status_words)
        await unit.name_network(key="old-key-8")
        await eventually(lambda: chip.said("cannot join"))
        for writes in range(1, 5):
            await chip.power_off()
            chip.world(power_cut_after=writes)
            unit.mcu.status_words.clear()
            await chip.power_on()
            await eventually(lambda: unit.mcu.status_words)
            unit.mcu.deaf_to.add(commands.ENTER_CONFIGURATION)
            chip.world(air=[access_point()])
            wanted = configuration.Configuration(
                configuration.GIVEN, ssid=HOME.encode(), password=f"key-{writes}-12".encode()
            )
            unit.mcu.session.ask(commands.ENTER_CONFIGURATION, wanted.encode(), now=0)
            unit.mcu._flush()
            assert await chip.off() == "power cut"
            chip.world(power_cut_after=None)
            chip.lines.clear()
            unit.mcu.status_words.clear()
            await chip.power_on()
            await eventually(lambda: chip.said("life: joining"))
            assert not chip.said("new identity")
        await eventually(lambda: unit.mcu.status_words)
        await unit.name_network()
        await eventually(lambda: unit.presence() == ["1"])
    assert [form["passcode"] for form in unit.registrar.registrations] == [PASSCODE]


async def test_the_console_of_a_product_takes_nothing_and_that_of_a_bench_stops_it(unit: Unit, eventually):
    async with unit.chip() as chip:
        await eventually(lambda: unit.mcu.status_words)
        chip.type(CTRL_C + CTRL_C)
        await unit.name_network()
        await eventually(lambda: unit.presence() == ["1"])
        assert chip.starts == ["power-on"]
    unit.mcu.status_words.clear()
    bench = Unit(unit.folder.with_name("bench"), unit.mcu, unit.registrar, unit.watcher)
    async with bench.chip(production=False) as chip:
        await eventually(lambda: unit.mcu.status_words)
        chip.type(CTRL_C)
        await eventually(lambda: chip.said("shows its prompt"))


async def test_the_clock_begins_in_2000_is_set_by_the_network_and_kept_over_a_restart(unit: Unit, eventually):
    async with serving(lambda question: [reply(question)]) as server, unit.chip(ntp=server.name) as chip:
        await eventually(lambda: unit.mcu.status_words)
        assert await unit.mcu.ask(commands.GET_NETWORK_TIME) == bytes(11), "unknown"
        await unit.name_network()
        await eventually(lambda: unit.presence() == ["1"])
        told = NetworkTime.decode(await unit.mcu.ask(commands.GET_NETWORK_TIME))
        assert 0 <= told.utc - NOW < 60
        await unit.mcu.ask(commands.RESTART_MODULE)
        await eventually(lambda: unit.presence() == ["1", "0", "1"])
        told = NetworkTime.decode(await unit.mcu.ask(commands.GET_NETWORK_TIME))
        assert 0 <= told.utc - NOW < 60
        off = re.findall(r"it was off by (\d+) s", "\n".join(chip.lines))
        assert int(off[0]) > NOW - 2**31
        assert int(off[-1]) < 60
        assert chip.starts == ["power-on", "restart"]


async def test_a_chip_without_factory_data_says_what_to_do_and_tries_again(tmp_path: Path, eventually):
    async with Chip(tmp_path / "world") as chip:
        await eventually(lambda: chip.said("flash it with `wxlink flash`"))
        assert not chip.said("Traceback")
