"""The uplink on a simulated ESP32, whose clock starts in 2000 and whose secrets are factory data."""

from pathlib import Path

import pytest
from authority import Authority, server_context
from chip import HOME, HOME_KEY, PASSCODE, UPDATE_KEY, Chip
from firmware_brokers import Mosquitto, PortFinder, Proxy, Watcher, running
from firmware_ground import ONLINE, UP
from firmware_rig import Mcu, Registrar
from ntp_server import reply, serving
from test_tls import TlsMosquitto

from wxproto import commands, configuration

PINS = {"tx": 4, "rx": 5, "lan_port": 0, "lan_udp_port": 0}
SHORT = {"heartbeat_s": 0.3, "backoff_s": 0.05, "backoff_cap_s": 0.4, "refused_s": 0.1, "refused_cap_s": 0.4}
JOIN = configuration.Configuration(
    configuration.GIVEN, ssid=HOME.encode(), password=HOME_KEY.encode(), tz="8"
).encode()


async def join(chip: Chip, mcu: Mcu, eventually) -> None:
    """Have the MCU name the network."""
    await eventually(lambda: chip.said("no Wi-Fi"))
    await mcu.ask(commands.ENTER_CONFIGURATION, JOIN)


@pytest.mark.parametrize("answered", [True, False], ids=["time server", "no time server"])
async def test_a_chip_has_its_time_first_then_registers_and_reports_over_tls(
    tmp_path: Path, free_port: PortFinder, eventually, answered: bool
):
    authority = Authority(tmp_path)
    certificate = authority.issue("relay.pem")
    (tmp_path / "mosquitto").mkdir()
    broker = TlsMosquitto(tmp_path / "mosquitto", free_port(), free_port(), None)
    broker.certificate = certificate
    async with (
        running(broker),
        Mcu() as mcu,
        Registrar(broker.port, server_context(certificate), broker.spare_port) as registrar,
        Watcher(broker.port) as watcher,
        serving(lambda question: [reply(question)] if answered else []) as ntp,
    ):
        config = {"relay": registrar.url, "ntp": ntp.name, **PINS, **SHORT}
        factory = {"ca": authority.der.read_bytes()}
        async with Chip(tmp_path / "chip", mcu.tty, config, factory=factory) as chip:
            await join(chip, mcu, eventually)
            await eventually(lambda: watcher.texts(ONLINE))
            (form,) = registrar.registrations
            assert form["update_key"] == UPDATE_KEY.hex()
            assert form["passcode"] == PASSCODE
            life = [line.split("life: ")[1] for line in chip.said("life: ")]
            steps = ["setting time", "registering", "connecting", "online"]
            assert [step for step in life if step in steps] == steps
            await eventually(lambda: watcher.texts(f"{UP}/health"))
            source = "127.0.0.1" if answered else "the relay"
            await eventually(lambda: chip.said(f"clock set by {source}"))
            if answered:
                assert len(ntp.questions) == 1
                await eventually(lambda: chip.said("clock set by the relay"))  # TLS vouches for it alone
            assert any(await mcu.ask(commands.GET_NETWORK_TIME))
            text = "\n".join(chip.lines)
            assert PASSCODE not in text
            assert UPDATE_KEY.hex() not in text


async def test_a_chip_without_any_time_tells_its_mcu_none(tmp_path: Path, eventually, free_port: PortFinder):
    async with (
        Mcu() as mcu,
        Registrar(free_port()) as registrar,
        serving(lambda question: []) as mute,
    ):
        config = {"relay": registrar.url, "ntp": mute.name, **PINS, **SHORT}
        async with Chip(tmp_path / "chip", mcu.tty, config) as chip:
            await join(chip, mcu, eventually)
            await eventually(lambda: registrar.registrations)
            assert not chip.said("no server"), "without certificates nobody waits for the time"
            await eventually(lambda: chip.said("time: no server"))
            assert not any(await mcu.ask(commands.GET_NETWORK_TIME)), "zeros: not known"


async def test_reports_survive_a_restart_of_the_chip(tmp_path: Path, mosquitto: Mosquitto, eventually):
    async with (
        Proxy(mosquitto.port) as proxy,
        Mcu() as mcu,
        Registrar(proxy.port) as registrar,
        Watcher(mosquitto.port) as watcher,
    ):
        config = {"relay": registrar.url, "ntp": "127.0.0.1:1", **PINS, **SHORT}
        async with Chip(tmp_path / "chip", mcu.tty, config) as chip:
            await join(chip, mcu, eventually)
            await eventually(lambda: watcher.texts(ONLINE))
            await proxy.stop()
            await eventually(lambda: chip.said("next try"))
            await mcu.ask(commands.P0_UP, bytes((4, 33)))
            await mcu.ask(commands.RESTART_MODULE)
            await eventually(lambda: len(chip.starts) == 2)
            mcu.reboot()
            await proxy.start()
            await eventually(lambda: chip.said("reports of the last run wait"))  # the start's own may be one
            await eventually(lambda: bytes((4, 33)) in [e.p0 for e in watcher.envelopes(UP)])
