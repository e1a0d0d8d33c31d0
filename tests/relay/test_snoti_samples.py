"""Server push against the published messages: what is asked there is answered as it is there."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from live import KIT, Device, until_async
from relay_ground import MAC, PASSCODE
from snoti_ground import Server, served

from wxlink.relay.store import Report
from wxlink.relay.store.happenings import Alerted

SAMPLES = {
    one["name"]: one for one in json.loads(Path(__file__).with_name("snoti_samples.json").read_text("utf-8"))
}
DID = "Kq7mT2xW9bRf4LsVn8Zc3d"
EVENTS = ["device.online", "device.status.kv", "device.status.raw", "device.attr_fault"]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with served(tmp_path) as standing:
        yield standing


def with_names(sample: Any, server: Server, did: str) -> Any:
    """The sample with this relay's did and key in the places of the published ones."""
    text = json.dumps(sample).replace(DID, did)
    text = text.replace("aid-0001", server.auth_id).replace("asecret-0001", server.auth_secret)
    return json.loads(text)


async def online(server: Server) -> Device:
    device = Device((await server.relay.store.devices.register(KIT, MAC, PASSCODE, 0.0)).did)
    await device.come_online(server.relay.mqtt_port)

    async def known() -> bool:
        found = await server.relay.store.devices.get(device.did)
        return found is not None and found.online

    await until_async(known)
    return device


@pytest.mark.parametrize("name", [name for name, one in SAMPLES.items() if "request" in one])
async def test_requests_are_answered_as_published(server: Server, name: str) -> None:
    device = await online(server)
    sample = with_names(SAMPLES[name], server, device.did)
    before_login = sample["request"]["cmd"] in ("login_req", "ping")
    peer = await server.connect() if before_login else await server.login(server.entry(events=[]))
    said = await peer.ask(sample["request"])
    if name == "snoti_invalid":  # its text and number are free, by the document's own word
        assert said.keys() == sample["response"].keys()
    else:
        assert said == sample["response"]
    await device.leave()


async def test_events_have_the_fields_and_values_of_the_published_ones(server: Server) -> None:
    peer = await server.login(server.entry(events=EVENTS))
    device = await online(server)
    store = server.relay.store
    await store.states.apply(
        [Report(device.did, 1700000001.5, 0x91, b"\6\1\2\3", {"LED_OnOff": True, "LED_R": 10})]
    )
    fault = SAMPLES["snoti_event_fault"]["server_push"]
    async with store._database.write() as conn:
        await store.followers.tell(
            conn,
            [
                Alerted(
                    device.did,
                    fault["created_at"],
                    fault["event_id"],
                    fault["data"]["attr_name"],
                    fault["data"]["attr_displayname"],
                    "fault",
                )
            ],
        )
    told = {event["event_type"]: event for event in await peer.events(4)}
    for name, sample in SAMPLES.items():
        if "server_push" not in sample:
            continue
        wanted = with_names(sample["server_push"], server, device.did)
        heard = told[wanted["event_type"]]
        assert heard.keys() - {"msg_id"} == wanted.keys() - {"msg_id"}, name
        for free in ("delivery_id", "msg_id", "created_at", "ip"):
            heard.pop(free, None)
            wanted.pop(free, None)
        assert heard == wanted
        assert b64encode(b"\6\1\2\3").decode() == told["device_status_raw"]["data"]
    await device.leave()
