"""The MQTT client, run by MicroPython, against real mosquitto and nats-server; paho is the other side."""

import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from firmware_bench import MicroPython
from firmware_brokers import Broker, Mosquitto, Nats, PortFinder, Proxy, Watcher, running

SCRIPT = str(Path(__file__).with_name("mqtt_client.py"))
DID = "did0000000000000000001"
PASSCODE = "ABCDEFGHIJ"
UP = f"dev2app/{DID}"
PUBACK = 4
PINGRESP = 13
DOWN = f"app2dev/{DID}/usr00000000000000000001"


@pytest.fixture(params=[Mosquitto, Nats], ids=["mosquitto", "nats-server"])
async def broker(
    request: pytest.FixtureRequest, tmp_path: Path, free_port: PortFinder
) -> AsyncIterator[Broker]:
    async with running(request.param(tmp_path, free_port(), free_port(), {DID: PASSCODE})) as started:
        yield started


def client(port: int, password: str = PASSCODE, keep_alive_s: float = 60) -> MicroPython:
    options = {
        "port": port,
        "id": DID,
        "password": password,
        "filter": f"app2dev/{DID}/#",
        "will": [f"{UP}/online", "0 will"],
        "keep_alive_s": keep_alive_s,
    }
    return MicroPython(SCRIPT, json.dumps(options))


async def test_messages_pass_both_ways(broker: Broker, eventually):
    async with Watcher(broker.port) as watcher, client(broker.port) as module:
        await eventually(lambda: module.told("ready") == [{"ready": False}])
        module.order(publish=[UP, "hello", 1])
        await eventually(lambda: watcher.texts(UP) == ["hello"])
        await eventually(lambda: module.told("delivered"))
        module.order(publish=[UP, "fire and forget", 0])
        await eventually(lambda: watcher.texts(UP) == ["hello", "fire and forget"])
        watcher.send(DOWN, "grüße".encode())
        await eventually(lambda: [m["text"] for m in module.told("message")] == ["grüße"])
        module.order(close=True)
        assert await module.process.wait() == 0
        assert watcher.texts(f"{UP}/online") == [], "a clean end must not publish the will"


async def test_the_will_comes_when_the_client_is_killed(broker: Broker, eventually):
    async with Watcher(broker.port) as watcher, client(broker.port) as module:
        await eventually(lambda: module.told("ready"))
        module.process.send_signal(signal.SIGKILL)
        await eventually(lambda: watcher.texts(f"{UP}/online") == ["0 will"])


async def test_unacknowledged_messages_come_again_marked_dup_and_in_order(broker: Broker, eventually):
    texts = [f"report {i}" for i in range(8)]
    async with Watcher(broker.port) as watcher, Proxy(broker.port) as proxy, client(proxy.port) as module:
        await eventually(lambda: module.told("ready"))
        proxy.lose(PUBACK, 2)
        for text in texts:
            module.order(publish=[UP, text, 1])
        await eventually(lambda: len(module.told("delivered")) == len(texts))
        assert proxy.lost == 2
        assert proxy.resent >= 2
        assert module.told("lost")
        assert module.told("ready")[1] == {"ready": True}
        await eventually(lambda: watcher.texts(UP)[-1:] == texts[-1:])
        seen = watcher.texts(UP)
        assert list(dict.fromkeys(seen)) == texts, "first arrivals are in order"
        assert len(seen) > len(texts), "what was not acknowledged came twice"


async def test_a_message_sent_while_away_waits_in_the_session(broker: Broker, eventually):
    async with client(broker.port) as module:
        await eventually(lambda: module.told("ready"))
        module.order(close=True)
        assert await module.process.wait() == 0
    async with Watcher(broker.port) as watcher:
        watcher.client.publish(DOWN, b"while you were away", 1).wait_for_publish(5)
    async with client(broker.port) as module:
        await eventually(lambda: module.told("message"))
        assert module.told("ready") == [{"ready": True}]
        assert module.told("message")[0]["text"] == "while you were away"


async def test_a_wrong_password_is_refused_by_name(broker: Broker, eventually):
    async with client(broker.port, password="WRONGWRONG") as module:
        await eventually(lambda: module.told("lost"))
        lost = module.told("lost")[0]
        assert lost["lost"] == "Refused"
        assert "password" in str(lost["why"]) or "authorized" in str(lost["why"])


async def test_an_oversize_message_is_thrown_away_once_and_the_next_one_arrives(broker: Broker, eventually):
    async with Watcher(broker.port) as watcher, client(broker.port) as module:
        await eventually(lambda: module.told("ready"))
        watcher.send(DOWN, bytes(40_000))
        watcher.send(DOWN, b"small")
        await eventually(lambda: [m["text"] for m in module.told("message")] == ["small"])
        assert len(module.told("oversize")) == 1
        assert not module.told("lost")
        module.order(close=True)
        assert await module.process.wait() == 0
    async with client(broker.port) as module:
        await eventually(lambda: module.told("ready") == [{"ready": True}])
        module.order(publish=[UP, "still here", 1])
        await eventually(lambda: module.told("delivered"))
        assert not module.told("oversize"), "the broker must not send it again for ever"


async def test_an_idle_connection_is_kept_and_a_silent_broker_is_left(broker: Broker, eventually):
    async with Proxy(broker.port) as proxy, client(proxy.port, keep_alive_s=1) as module:
        await eventually(lambda: proxy.seen[PINGRESP] >= 2)
        assert not module.told("lost")
        proxy.mute = True
        await eventually(lambda: module.told("lost"))
        assert module.told("lost")[0]["lost"] == "PeerSilent"
        proxy.mute = False
        await eventually(lambda: len(module.told("ready")) == 2)
