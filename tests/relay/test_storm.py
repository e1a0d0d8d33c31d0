"""A crowd of modules and apps loses its broker, then its relay: all are back soon, and nothing piles up."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

from bench.crowd import Account, Crowd, Unit
from live import KIT, stock, until, until_async
from relay_ground import APPID, PASSCODE

from wxlink.relay.app import Relay
from wxlink.relay.settings import RelaySettings

MODULES = 270  # four subscriptions each: more than the 1,000 that nats-server allows by itself
APPS = 75
USERS = 5
BACK_WITHIN_S = 90.0  # the firmware waits 0 to 4 s at first; who was refused after 5 s, 0 to 10


async def enrolled(relay: Relay) -> tuple[list[Unit], list[Account]]:
    """Modules, and users who share them out."""
    await stock(relay.store)
    accounts = []
    for number in range(USERS):
        login = await relay.service.anonymous_user(APPID, f"phone-{number}")
        accounts.append(Account(APPID, login.uid, login.token))
    units = []
    for number in range(MODULES):
        did = await relay.service.register_device(KIT, f"{number:012x}", PASSCODE)
        await relay.service.bind_by_passcode(accounts[number % USERS].uid, did, PASSCODE)
        units.append(Unit(did, PASSCODE, KIT))
    return units, [accounts[number % USERS] for number in range(APPS)]


async def all_online(relay: Relay, units: list[Unit]) -> bool:
    """The relay knows all modules as on-line."""
    for unit in units:
        device = await relay.store.devices.get(unit.did)
        if device is None or not device.online:
            return False
    return True


async def test_a_crowd_that_lost_broker_and_relay_comes_back(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    settings = RelaySettings(data_dir=tmp_path / "relay", port=free_port(), mqtt_port=free_port())
    modules, apps = Crowd(), Crowd()

    def back(times: int, lives_of_apps: int) -> bool:
        came = modules.connects >= times * MODULES and apps.connects >= lives_of_apps * APPS
        return came and modules.up == MODULES and apps.up == APPS

    try:
        async with Relay(settings) as relay:
            units, accounts = await enrolled(relay)
            modules.come(relay.mqtt_port, units)
            apps.come(relay.http_port, apps=accounts)
            await until(lambda: back(1, 1), BACK_WITHIN_S)
            await until_async(lambda: all_online(relay, units))

            assert relay.broker is not None
            assert relay.broker.pid is not None
            os.kill(relay.broker.pid, signal.SIGKILL)
            await until(lambda: back(2, 1), BACK_WITHIN_S)
            assert apps.connects == APPS, "what happens at the broker cuts no app off"
            await until_async(lambda: all_online(relay, units))
        async with Relay(settings) as relay:
            await until(lambda: back(3, 2), BACK_WITHIN_S)
            await until_async(lambda: all_online(relay, units))
            await until(lambda: relay.ingest.unstored == 0)
            assert relay.sockets == APPS
            # A broker that runs again refuses those who come before the relay can answer for them: some
            # milliseconds. Such a module waits longer, 0 to 10 s, and is not lost.
            assert modules.refused <= MODULES / 5, modules.faults
            lost = sum(modules.faults.values()) + sum(apps.faults.values())
            print(f"{lost} connections failed: {dict(modules.faults)} {dict(apps.faults)}")
            assert lost <= 8 * (MODULES + APPS), "nobody hammers"
    finally:
        await asyncio.gather(modules.leave(), apps.leave())
