"""`wxlink relay` as a process, with people and devices, and what the system says of it (Linux)."""

import asyncio
import dataclasses
import json
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.crowd import Account, Unit
from bench.ground import NO_LIMITS, WITHIN_S
from wxlink.assets import asset
from wxlink.relay.app import Relay
from wxlink.relay.settings import RelaySettings
from wxlink.relay.store import App, Product

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclasses.dataclass(frozen=True, slots=True)
class RelayProcess:
    """A running relay. ready_s: from its start to its ready line."""

    pid: int
    http_port: int
    mqtt_port: int
    ready_s: float

    @property
    def broker_pid(self) -> int:
        """Its nats-server."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return next(int(pid) for pid in children if "nats" in Path(f"/proc/{pid}/comm").read_text())


async def enrol(folder: Path, devices: int, users: int) -> tuple[list[Unit], list[Account]]:
    """Give the relay of this folder devices and users; each of the longer list has one of the shorter."""
    definition = json.loads(asset("protocol/products/gokit.json").read_text("utf-8"))
    key: str = definition["product_key"]
    appid = secrets.token_hex(16)
    settings = RelaySettings(data_dir=folder, port=0, mqtt_port=0, limits=NO_LIMITS)
    async with Relay(settings) as relay:
        await relay.store.apps.put(App(appid, "bench", secrets.token_hex(16)))
        await relay.store.products.put(Product(key, definition["name"], secrets.token_hex(16), definition))
        units = []
        for number in range(devices):
            passcode = secrets.token_hex(5)
            did = await relay.service.register_device(key, f"{number:012x}", passcode)
            units.append(Unit(did, passcode, key))
        accounts = []
        for number in range(users):
            user = await relay.service.anonymous_user(appid, f"bench-{number}")
            accounts.append(Account(appid, user.uid, user.token))
        for number in range(max(devices, users)):
            unit = units[number % devices]
            await relay.service.bind_by_passcode(accounts[number % users].uid, unit.did, unit.passcode)
    return units, accounts


@asynccontextmanager
async def relay_process(folder: Path, http_port: int = 0, mqtt_port: int = 0) -> AsyncIterator[RelayProcess]:
    """`wxlink relay` on this folder; killed at the end."""
    rates = "".join(f"{name}_per_s = 0\n" for name in ("address", "user", "app", "device", "command"))
    config = folder / "relay.toml"
    config.write_text(
        f"[http]\nport = {http_port}\n[mqtt]\nport = {mqtt_port}\n"
        f"[limits]\n{rates}connections_per_address = 6000\n"
    )
    began = time.monotonic()
    with (folder / "relay.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "wxlink.cli", "relay", "--config", config, "--data", folder, "--json"),
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
    try:
        if process.stdout is None:
            raise RuntimeError("a relay has a standard output")
        line = await asyncio.wait_for(process.stdout.readline(), WITHIN_S)
        if not line:
            raise RuntimeError((folder / "relay.log").read_text())
        facts = json.loads(line)
        ready_s = time.monotonic() - began
        yield RelayProcess(process.pid, facts["http_port"], facts["mqtt_port"], ready_s)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def cpu_s(pid: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def resident_bytes(pid: int) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
