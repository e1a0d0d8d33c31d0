"""What tests of alerts, timers, scenes and rules stand on: a smoke detector, a clock that they drive."""

import asyncio
from dataclasses import dataclass, field

from relay_ground import NOW, PRODUCT_SECRET, point

from wxlink.relay.store import Product, Report, Store

DETECTOR_KEY = "5f6e7d8c9b0a1928374655647382910f"


@dataclass
class Time:
    """A timekeeper whose time the test sets; those who sleep wake when it is theirs."""

    now: float = NOW
    sleepers: list[tuple[float, "asyncio.Future[None]"]] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep_until(self, at: float) -> None:
        if at > self.now:
            woken = asyncio.get_running_loop().create_future()
            self.sleepers.append((at, woken))
            await woken

    def advance(self, seconds: float) -> None:
        self.now += seconds
        for at, woken in self.sleepers:
            if at <= self.now and not woken.done():
                woken.set_result(None)
        self.sleepers = [(at, woken) for at, woken in self.sleepers if not woken.done()]


def detector() -> Product:
    """A product with a switch, a number, an alert and a fault."""
    attrs = [
        point(0, "Siren", "bool"),
        point(1, "Volume", "uint8", uint_spec={"min": 0, "max": 10, "ratio": 1, "addition": 0}),
        point(2, "Smoke", "uint8", "status_readonly", uint_spec={"min": 0, "max": 200}),
        point(3, "Mode", "enum", enum=["home", "away", "夜间"]),
        point(4, "Code", "binary", position={"len": 2}),
        point(5, "Fire", "bool", "alert", display_name="火警"),
        point(6, "Battery", "bool", "fault"),
    ]
    definition = {
        "name": "detector",
        "product_key": DETECTOR_KEY,
        "protocolType": "standard",
        "entities": [{"id": 0, "name": "entity0", "display_name": "detector", "attrs": attrs}],
    }
    return Product(DETECTOR_KEY, "detector", PRODUCT_SECRET, definition)


async def add_detector(store: Store, mac: str = "d0d0d0d0d0d0") -> str:
    """The did of a detector that is on-line."""
    await store.products.put(detector())
    did = (await store.devices.register(DETECTOR_KEY, mac, "PASSCODE", NOW)).did
    await store.devices.set_presence(did, True, "00000001", NOW)
    return did


def report(did: str, at: float, **attrs: object) -> Report:
    """A report of these data points."""
    return Report(did, at, 0x91, b"\x04", attrs)
