"""What must hold after all that was done, read from the database."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import create_async_engine

from acceptance.apps import CUT, FAILED, LOST, SUCCEEDED, Following
from acceptance.load import CountingDevice, product
from wxlink.relay.store.schema import devices, history, states


@dataclass
class Kept:
    """What the database has: numbers by device in the order they came, latest numbers, who is on-line."""

    numbers: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    latest: dict[str, int] = field(default_factory=dict)
    online: set[str] = field(default_factory=set)


async def read(url: str) -> Kept:
    """Read the database."""
    kept = Kept()
    codec = product().codec
    engine = create_async_engine(url)
    async with engine.connect() as conn:
        query = select(history.c.did, history.c.p0)
        for did, p0 in await conn.execute(query.order_by(history.c.source_seq, history.c.at, history.c.id)):
            kept.numbers[did].append(int(codec.decode_report(p0)["Number"]))
        for did, attrs in await conn.execute(select(states.c.did, states.c.attrs)):
            kept.latest[did] = attrs.get("Number", 0)
        kept.online = set((await conn.execute(select(devices.c.did).where(devices.c.online))).scalars())
    await engine.dispose()
    return kept


def missing(kept: Kept, fleet: Sequence[CountingDevice]) -> int:
    """Acknowledged reports that are not in the history."""
    return sum(len(device.acknowledged.difference(kept.numbers[device.did])) for device in fleet)


def judge(
    kept: Kept, fleet: Sequence[CountingDevice], apps: Sequence[Following]
) -> tuple[dict[str, int], dict[str, int]]:
    """What must be 0, and what is only told."""
    twice = repeated = 0
    for device in fleet:
        for number, count in Counter(kept.numbers[device.did]).items():
            if count > 1 and number in device.again:
                repeated += count - 1
            elif count > 1:
                twice += count - 1
    again = {device.did: device.again for device in fleet}
    outcomes: Counter[str] = Counter()
    refusals: Counter[int] = Counter()
    for app in apps:
        outcomes.update(app.outcomes)
        refusals.update(app.refusals)
    executed = [count for device in fleet for count in device.executed.values()]
    wrong = {
        "acknowledged reports missing from history": missing(kept, fleet),
        "reports stored twice": twice,
        "devices whose latest state is not the last report of the history": sum(
            bool(kept.numbers[one.did]) and kept.latest[one.did] != kept.numbers[one.did][-1] for one in fleet
        ),
        "devices whose latest state is not what they reported last": sum(
            kept.latest[one.did] != one.reported for one in fleet
        ),
        "devices that are connected and not on-line": sum(one.did not in kept.online for one in fleet),
        "apps that do not know the latest state": sum(
            app.seen.get(did) != kept.latest[did] for app in apps for did in app.dids
        ),
        "reports told to an app after later ones": sum(
            number not in again[did] for app in apps for did, number in app.backwards
        ),
        "commands without an outcome": outcomes[LOST],
        "commands with two outcomes": sum(app.unasked for app in apps),
        "commands answered and never delivered": max(0, outcomes[SUCCEEDED] - len(executed)),
    }
    told = {
        "reports acknowledged": sum(len(one.acknowledged) for one in fleet),
        "reports stored": sum(len(numbers) for numbers in kept.numbers.values()),
        "reports that devices sent again (QoS 1) and that are there twice": repeated,
        "connections of devices": sum(one.connects for one in fleet),
        "sockets of apps": sum(app.opened for app in apps),
        "commands answered": outcomes[SUCCEEDED],
        "commands reported failed": outcomes[FAILED],
        **{f"  of them with {code}": count for code, count in sorted(refusals.items())},
        "commands whose socket was cut": outcomes[CUT],
        "commands delivered": len(executed),
        "commands delivered again under the same number (QoS 1)": sum(executed) - len(executed),
    }
    return wrong, told
