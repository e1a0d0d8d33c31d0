"""How many uplinks a second are decoded, committed and pushed to a watching app."""

import asyncio
import os
import threading
import time
from statistics import median
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from bench.figure import Figure
from bench.ground import PEER_TOPIC, Ground, Helper, ground
from bench.shares import sampled

DEVICES = 4
REPORTS = 5_000  # of each device; five to ten seconds a turn
ROUNDS = 3


def measure() -> list[Figure]:
    """The relay beside a bare paho loop that only acknowledges, on the same broker."""
    return asyncio.run(_measure())


async def _measure() -> list[Figure]:
    bare, ours = [], []
    async with ground(DEVICES) as on:
        with sampled() as shares:
            await _relay(on)  # not counted: everything is loaded then
        for _ in range(ROUNDS):
            bare.append(await bare_loop(on))
            ours.append(await _relay(on))
    return [
        Figure(
            "uplinks decoded, committed and pushed",
            median(ours),
            "messages/s",
            "bare paho loop with manual acknowledgement on the same broker",
            median(bare),
            "more",
            f"{DEVICES} devices, QoS 1, one app watching all of them, SQLite, all processes share "
            f"{os.cpu_count()} cores; median of {ROUNDS} turns",
            shares.table(),
        )
    ]


def senders_of(on: Ground) -> list[dict[str, Any]]:
    """The devices, as `flood` takes them."""
    return [
        {"user": did, "password": passcode, "client_id": did, "topic": f"dev2app/{did}", "online": True}
        for did, passcode in on.devices
    ]


async def _relay(on: Ground) -> float:
    senders = senders_of(on)
    total = DEVICES * REPORTS
    async with (
        Helper("count", **on.watcher(), count=total) as app,
        Helper("flood", port=on.login["port"], senders=senders, count=REPORTS) as devices,
    ):
        pushed, _ = await asyncio.gather(app.go(), devices.go())
    return total / float(pushed)


async def bare_loop(on: Ground, reports: int = REPORTS) -> float:
    """Messages a second that a client receives and acknowledges, and nothing else."""
    total = DEVICES * reports
    seen = 0
    subscribed, done = threading.Event(), threading.Event()
    login = on.login
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id="bench-bare", clean_session=True, manual_ack=True
    )
    client.username_pw_set(login["user"], login["password"])

    def took(client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        nonlocal seen
        client.ack(message.mid, message.qos)
        seen += 1
        if seen == total:
            done.set()

    client.on_message = took
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", login["port"])
    client.loop_start()
    client.subscribe(f"{PEER_TOPIC}/#", 1)
    await asyncio.to_thread(subscribed.wait, 10)
    senders: list[dict[str, Any]] = [
        {
            "user": login["user"],
            "password": login["password"],
            "client_id": f"bench-{number}",
            "topic": f"{PEER_TOPIC}/{number}",
        }
        for number in range(DEVICES)
    ]
    async with Helper("flood", port=login["port"], senders=senders, count=reports) as devices:
        began = time.monotonic()
        await devices.go()
        if not await asyncio.to_thread(done.wait, 60):
            raise TimeoutError(f"only {seen} of {total} messages came")
        took_s = time.monotonic() - began
    client.disconnect()
    client.loop_stop()
    return total / took_s
