"""What tests of alerts, timers, scenes and rules stand on: a smoke detector, a clock that they drive."""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from relay_ground import APPID, NOW, PRODUCT_SECRET, Wire, point
from sqlalchemy import event

from wxlink.relay.automation import Automation
from wxlink.relay.service import Service
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


@contextlib.contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """The first words of what is written to the database meanwhile."""
    seen: list[str] = []
    engine = store._database._writer.sync_engine

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement.split(maxsplit=1)[0])

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)
    seen[:] = [word for word in seen if word != "BEGIN"]  # not on every database is it a statement


@dataclass
class Home:
    """A user with a detector that is on-line, and the relay's automation, idle until `work` is called."""

    service: Service
    clock: Time
    wire: Wire
    automation: Automation
    uid: str
    did: str

    @property
    def store(self) -> Store:
        return self.service.store

    def sent(self, did: str = "") -> int:
        """How many commands went to a device."""
        return len(self.wire.p0s(did or self.did))

    async def work(self, after: float = 0.0) -> None:
        """Let time go by, and do what is due then."""
        self.clock.advance(after)
        await self.automation.work()

    async def another(self, mac: str) -> str:
        """The did of another detector of the user."""
        did = await add_detector(self.store, mac)
        await self.store.bindings.bind(self.uid, did, NOW)
        return did

    async def report(self, did: str = "", **attrs: object) -> None:
        """Keep a report of a device."""
        await self.store.states.apply([report(did or self.did, self.clock.now, **attrs)])


async def settle(service: Service, clock: Time, wire: Wire) -> Home:
    """A home on this service."""
    did = await add_detector(service.store)
    uid = (await service.anonymous_user(APPID, "phone-1")).uid
    await service.store.bindings.bind(uid, did, NOW)
    return Home(service, clock, wire, Automation(service, clock), uid, did)
