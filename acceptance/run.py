"""One run: load, one blow after another, quiet, and the verdict."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from acceptance import verdict
from acceptance.apps import Following
from acceptance.load import CountingDevice, enrol
from acceptance.site import Site
from wxlink.relay.store import Store

TICK_S: Final = 0.1
SETTLE_WITHIN_S: Final = 90.0
CALM_S: Final = 5.0  # before the first blow and after each
HEAL_WITHIN_S: Final = 60.0


@dataclass(frozen=True)
class Plan:
    """What is run. acts: names of the site's; all of them when None."""

    site: Callable[[Path], AbstractAsyncContextManager[Site]]
    devices: int = 50
    reports_a_s: int = 500
    apps: int = 8
    acts: Sequence[str] | None = None
    seed: int = 0


@dataclass
class Phase:
    """What happened from one blow to the next."""

    name: str
    seconds: float
    acknowledged: int
    silence_s: float
    reconnects: int
    reopened: int
    answered: int
    failed: int


@dataclass
class Report:
    """What came of a run."""

    phases: list[Phase]
    wrong: dict[str, int]
    told: dict[str, int]

    @property
    def clean(self) -> bool:
        """Whether everything held."""
        return not any(self.wrong.values())


async def run(plan: Plan, folder: Path, say: Callable[[str], None]) -> Report:
    """Run the plan in a folder of its own."""
    draw = random.Random(plan.seed)
    say(f"seed {plan.seed}")
    async with plan.site(folder) as site:
        store = await Store.open(site.store_url)
        dids = await enrol(store, plan.devices)
        await store.close()
        fleet = [
            CountingDevice(did, site.mqtt_ports, random.Random(draw.random()), moody=True) for did in dids
        ]
        urls = [relay.url for relay in site.relays]
        apps = [
            Following(
                f"app-{number}",
                urls[number % len(urls) :] + urls[: number % len(urls)],
                draw.sample(dids, min(8, len(dids))),
                random.Random(draw.random()),
            )
            for number in range(plan.apps)
        ]
        say(f"{len(fleet)} devices, {plan.reports_a_s} reports/s, {len(apps)} apps, {len(urls)} relays")
        try:
            for device in fleet:
                device.start()
            return await _strike(plan, site, fleet, apps, say)
        finally:
            for device in fleet:
                await asyncio.to_thread(device.stop)


async def _strike(
    plan: Plan,
    site: Site,
    fleet: Sequence[CountingDevice],
    apps: Sequence[Following],
    say: Callable[[str], None],
) -> Report:
    following = [asyncio.create_task(app.run()) for app in apps]
    await _until(lambda: all(device.online for device in fleet), HEAL_WITHIN_S, "devices connect")
    await _until(lambda: all(app.opened for app in apps), HEAL_WITHIN_S, "apps log in")
    commanding = [asyncio.create_task(app.command()) for app in apps]
    reporting = asyncio.create_task(_report(fleet, plan.reports_a_s / len(fleet)))
    phases = []
    try:
        phases.append(await _phase("calm", fleet, apps, asyncio.sleep(CALM_S, "")))
        for name, act in site.acts.items():
            if plan.acts is None or name in plan.acts:
                say(f"{name} ...")
                phases.append(await _phase(name, fleet, apps, _calm_after(act, fleet)))
    finally:
        for task in (*commanding, reporting):
            task.cancel()
        await asyncio.gather(*commanding, reporting, return_exceptions=True)
    say("quiet ...")
    try:
        wrong, told = await _settle(site, fleet, apps)
    finally:
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
    return Report(phases, wrong, told)


async def _calm_after(act: Callable[[], object], fleet: Sequence[CountingDevice]) -> str:
    hit = await act()  # type: ignore[misc]  # each act of the table is a coroutine function
    await _until(lambda: all(device.online for device in fleet), HEAL_WITHIN_S, "devices come back")
    await asyncio.sleep(CALM_S)
    return str(hit)


async def _settle(
    site: Site, fleet: Sequence[CountingDevice], apps: Sequence[Following]
) -> tuple[dict[str, int], dict[str, int]]:
    """Let everything arrive, have each device report once more, and judge."""
    with suppress(TimeoutError):
        await _until(lambda: not any(device.unacknowledged for device in fleet), HEAL_WITHIN_S, "")
    for device in fleet:
        device.report()
    deadline = time.monotonic() + SETTLE_WITHIN_S
    while True:
        await asyncio.sleep(1)
        wrong, told = verdict.judge(await verdict.read(site.store_url), fleet, apps)
        if not any(wrong.values()) or time.monotonic() > deadline:
            return wrong, told


async def _report(fleet: Sequence[CountingDevice], each_a_s: float) -> None:
    """Have every device report in turn, evenly."""
    started = time.monotonic()
    due = 0.0
    while True:
        await asyncio.sleep(TICK_S)
        now = time.monotonic()
        due += each_a_s * (now - started)
        started = now
        while due >= 1:
            due -= 1
            for device in fleet:
                device.report()
            await asyncio.sleep(0)


async def _phase(name: str, fleet: Sequence[CountingDevice], apps: Sequence[Following], act: object) -> Phase:
    def counts() -> tuple[int, int, int, int, int]:
        return (
            sum(len(device.acknowledged) for device in fleet),
            sum(device.connects for device in fleet),
            sum(app.opened for app in apps),
            sum(app.outcomes["answered"] for app in apps),
            sum(app.outcomes["reported failed"] + app.outcomes["connection cut"] for app in apps),
        )

    before = counts()
    started = time.monotonic()
    silence = 0.0

    async def listen() -> None:
        nonlocal silence
        while True:
            await asyncio.sleep(TICK_S)
            last = max(device.acknowledged_at for device in fleet)
            silence = max(silence, time.monotonic() - max(last, started))

    listening = asyncio.create_task(listen())
    try:
        hit = await act  # type: ignore[misc]  # the acts of the table have many types
    finally:
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening
    after = counts()
    changes = [late - early for early, late in zip(before, after, strict=True)]
    title = f"{name} ({hit})" if hit else name
    return Phase(title, time.monotonic() - started, changes[0], silence, *changes[1:])


async def _until(check: Callable[[], bool], within_s: float, what: str) -> None:
    try:
        async with asyncio.timeout(within_s):
            while not check():  # noqa: ASYNC110 - paho's threads set no event of ours
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise TimeoutError(f"not within {within_s:g} s: {what}") from None
