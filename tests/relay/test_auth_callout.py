"""Who may connect to the broker, and what they may do there."""

import logging
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import nats
import pytest
from live import Device, until
from relay_ground import PASSCODE, PRODUCT_KEY

from wxlink.relay.auth_callout import AuthCallout, LoginRequest
from wxlink.relay.broker import MAX_PAYLOAD_BYTES, Broker

DID, OTHER, DISABLED = "Kq7mT2xW9bRf4LsVn8Zc3d", "Zz9yXx8wVv7uTt6sRr5qPp", "Dd1sAbLeD2dEvIcE3didXy"


@dataclass(frozen=True)
class Record:
    """A device as the store knows it."""

    did: str
    disabled: bool = False
    passcode: str = PASSCODE
    product_key: str = PRODUCT_KEY


@dataclass
class Ground:
    """A broker whose logins are answered from a table, and a client of its own that hears everything."""

    broker: Broker
    known: dict[str, Record]
    heard: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.broker.mqtt_port


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    broker = Broker(tmp_path)
    await broker.start()
    known = {did: Record(did, did == DISABLED) for did in (DID, OTHER, DISABLED)}

    async def credentials(did: str) -> Record | None:
        return known.get(did)

    callout = AuthCallout(broker, credentials)
    await callout.start()
    ground = Ground(broker, known)

    async def hear(message: nats.aio.msg.Msg) -> None:
        ground.heard.append((message.subject, message.data))

    login = broker.relay_login
    ear = await nats.connect(broker.nats_url, user=login.user, password=login.password)
    await ear.subscribe(">", cb=hear)
    await ear.flush()
    yield ground
    await ear.close()
    await callout.stop()
    await broker.stop()


async def test_a_module_does_all_that_the_protocol_asks_of_it(ground: Ground) -> None:
    device = await Device(DID).connect(ground.port)
    assert device.codes == ["Success"]
    for topic in (f"app2dev/{DID}/#", f"ser2cli_res/{DID}", f"ser2cli_noti/{PRODUCT_KEY}"):
        assert await device.subscribe(topic) == "Granted QoS 1"
    for topic in (f"dev2app/{DID}", f"dev2app/{DID}/usr00000000000000000001", "cli2ser_req"):
        assert await device.publish(topic, b"\0")
        await until(lambda topic=topic: (topic.replace("/", "."), b"\0") in ground.heard)
    await device.leave()


@pytest.mark.parametrize(
    ("user", "passcode", "client_id", "reason"),
    [
        (DID, "WRONGCODEX", DID, "wrong passcode"),
        (DID, "", DID, "wrong passcode"),
        (DID, None, DID, "user name is not a did"),
        (DID[:-1], PASSCODE, DID, "user name is not a did"),
        (OTHER[::-1], PASSCODE, OTHER[::-1], "no such device"),
        (DISABLED, PASSCODE, DISABLED, "the device is disabled"),
        (DID, PASSCODE, OTHER, "client id is not the did"),
        (DID, PASSCODE, "wxlink-relay", "client id is not the did"),
    ],
)
async def test_who_is_refused_and_that_our_log_says_why(
    ground: Ground,
    caplog: pytest.LogCaptureFixture,
    *,
    user: str,
    passcode: str | None,
    client_id: str,
    reason: str,
) -> None:
    with caplog.at_level(logging.WARNING):
        stranger = await Device(user, passcode, client_id=client_id, steady=False).connect(ground.port)
    await stranger.leave()
    assert stranger.codes == ["Not authorized"]
    assert reason in caplog.text
    assert PASSCODE not in caplog.text
    assert "WRONGCODEX" not in caplog.text


async def test_the_relays_own_users_need_their_own_passwords(ground: Ground) -> None:
    for name in ("auth", "relay", "system"):
        stranger = await Device(name, steady=False).connect(ground.port)
        await stranger.leave()
        assert stranger.codes == ["Not authorized"]


@pytest.mark.parametrize(
    "topic",
    [f"dev2app/{OTHER}", f"dev2app/{OTHER}/online", f"app2dev/{OTHER}/usr1", f"ser2cli_res/{DID}", "else"],
)
async def test_publishing_elsewhere_reaches_nobody(ground: Ground, topic: str) -> None:
    device = await Device(DID).connect(ground.port)
    await device.publish(topic, b"evil", within_s=1.0)
    assert await device.publish(f"dev2app/{DID}", b"last")
    await until(lambda: (f"dev2app.{DID}", b"last") in ground.heard)
    assert b"evil" not in [payload for _, payload in ground.heard]
    await device.leave()


@pytest.mark.parametrize(
    "topic",
    ["#", "+/+", "dev2app/#", f"app2dev/{OTHER}/#", f"dev2app/{DID}", f"ser2cli_res/{OTHER}", "$MQTT/sub/#"],
)
async def test_listening_elsewhere_is_refused(ground: Ground, topic: str) -> None:
    device = await Device(DID).connect(ground.port)
    assert await device.subscribe(topic) == "Unspecified error"
    await device.leave()


async def test_another_login_with_a_wrong_passcode_does_not_disturb_the_device(ground: Ground) -> None:
    device = await Device(DID).connect(ground.port)
    intruder = await Device(DID, "WRONGCODEX", steady=False).connect(ground.port)
    await intruder.leave()
    assert await device.publish(f"dev2app/{DID}", b"still here")
    assert device.lost == 0
    await device.leave()


async def test_a_payload_beyond_the_limit_never_arrives(ground: Ground) -> None:
    device = await Device(DID, steady=False).connect(ground.port)
    assert await device.publish(f"dev2app/{DID}", b"x" * (MAX_PAYLOAD_BYTES - 256))
    assert not await device.publish(f"dev2app/{DID}", b"y" * (MAX_PAYLOAD_BYTES + 1), within_s=0.5)
    assert device.lost == 1
    await device.vanish()
    reports = [payload[:1] for subject, payload in ground.heard if subject == f"dev2app.{DID}"]
    assert reports == [b"x"]


@pytest.mark.parametrize("garbage", [b"", b"...", b"a.b", b"a.e30.c", b"a.bnVsbA.c", b"\xff.\xff.\xff"])
def test_a_malformed_request_is_a_value_error_and_nothing_else(garbage: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        LoginRequest.parse(garbage)


async def test_nobody_but_the_broker_can_ask(ground: Ground) -> None:
    refused: list[str] = []

    async def note(error: Exception) -> None:
        refused.append(str(error))

    login = ground.broker.callout_login
    link = await nats.connect(ground.broker.nats_url, user=login.user, password=login.password, error_cb=note)
    await link.publish("$SYS.REQ.USER.AUTH", b"let me in")
    await link.flush()
    await until(lambda: refused)
    assert "permissions violation" in refused[0]
    await link.close()


async def test_a_store_that_fails_refuses_the_login_and_serves_the_next(ground: Ground) -> None:
    ground.known[DID] = Record(DID, passcode=7)  # type: ignore[arg-type] # a row that no check can compare
    device = await Device(DID, steady=False).connect(ground.port)
    await device.leave()
    assert device.codes == ["Not authorized"]
    other = await Device(OTHER).connect(ground.port)
    assert other.codes == ["Success"]
    await other.leave()


async def test_devices_log_in_again_after_the_broker_was_killed(ground: Ground) -> None:
    device = await Device(DID).connect(ground.port)
    assert ground.broker.pid
    os.kill(ground.broker.pid, signal.SIGKILL)
    await until(lambda: device.codes.count("Success") == 2)
    assert await device.publish(f"dev2app/{DID}", b"back")
    await device.leave()
