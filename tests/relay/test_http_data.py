"""The calls that tell what devices reported, were told and went through."""

import random
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from http_ground import bound_and_on_line, headers
from relay_ground import APPID, MAC, NOW, PASSCODE, PRODUCT_KEY, Clock, lamp
from yarl import URL

from wxlink.relay.service import Login, Service
from wxlink.relay.store import CLIENT, ENTERPRISE_API, Command, Origin, Report
from wxproto import envelope

Client = TestClient[Any, Any]
DAY = 86_400
CODEC = lamp().codec


class Caller:
    """A user who is bound to a device."""

    def __init__(self, client: Client, login: Login, did: str) -> None:
        self.client = client
        self.login = login
        self.did = did

    async def get(self, path: str, status: int = 200, **query: Any) -> Any:
        url = path.format(did=self.did)
        answer = await self.client.get(url, params=query or None, headers=headers(self.login))
        body = await answer.json()
        assert answer.status == status, body
        return body

    async def log(self, status: int = 200, **query: Any) -> Any:
        given = {"type": "cmd", "start_time": int(NOW) - 100, "end_time": int(NOW) + 100, **query}
        return await self.get("/app/devices/{did}/raw_data", status, **given)

    async def aggregate(self, status: int = 200, **query: Any) -> Any:
        given = {"attrs": "LED_R", "aggregator": "sum", "unit": "HOURS", **query}
        return await self.get("/app/devdata/{did}/agg_data", status, **given)


@pytest.fixture
async def caller(client: Client, service: Service, login: Login, did: str) -> Caller:
    await bound_and_on_line(service, login, did)
    return Caller(client, login, did)


async def report(service: Service, did: str, *moments: float, cmd: int = 0x91, sn: int | None = None) -> None:
    values = {"LED_OnOff": True, "Colour": "黄色", "LED_R": 7, "binary": b"\1\2\3\4\5", "Temperature": 20}
    p0 = CODEC.encode_report(values)
    attrs = {"LED_R": 7, "Temperature": 20}
    await service.store.states.apply([Report(did, at, cmd, p0, attrs, sn) for at in moments])


async def test_the_log_has_both_directions_and_who_sent(
    caller: Caller, service: Service, clock: Clock
) -> None:
    await report(service, caller.did, NOW - 10)
    await report(service, caller.did, NOW - 5, cmd=0x94, sn=258)
    body = {"attrs": {"LED_R": 3}}
    async with caller.client.post(
        f"/app/control/{caller.did}", json=body, headers=headers(caller.login)
    ) as answer:
        assert await answer.json() == {}
    clock.now += 1
    await service.read(caller.login.uid, caller.did)
    clock.now += 1
    await service.downlink.send(caller.did, b"\x02", Origin(ENTERPRISE_API))
    await service.downlink.send(caller.did, b"\x02")  # the relay's own question
    log = await caller.log()
    assert log["meta"] == {
        "sort": "desc",
        "limit": 20,
        "end_time": NOW + 100,
        "did": caller.did,
        "skip": 0,
        "start_time": NOW - 100,
        "total": 5,
        "type": "cmd",
    }
    seen = [(one["timestamp"] - NOW, one["type"], one.get("source")) for one in log["objects"]]
    assert seen == [
        (2, "app2dev", "enterprise_api"),
        (1, "app2dev", "client"),
        (0, "app2dev", "open_api"),
        (-5, "dev2app", None),
        (-10, "dev2app", None),
    ]
    control, answered = log["objects"][2], log["objects"][3]
    assert (control["uid"], control["appid"], control["ip"]) == (caller.login.uid, APPID, "")
    sent = envelope.decode(bytes.fromhex(control["payload_bin"]))
    assert CODEC.decode_control(sent.p0) == {"LED_R": 3}
    reported = envelope.decode(bytes.fromhex(answered["payload_bin"]))
    assert (reported.cmd, reported.sn) == (0x94, 258)
    assert "uid" not in log["objects"][0]


@pytest.mark.parametrize(
    ("sort", "ascending"),
    [("asc", True), ("ase", True), ("ASC", True), ("desc", False), ("dese", False), ("", False)],
)
async def test_pages_of_the_log_in_either_order(
    caller: Caller, service: Service, sort: str, ascending: bool
) -> None:
    await report(service, caller.did, *(NOW - second for second in range(0, 20, 2)))
    for second in range(1, 20, 2):
        service.store.commands.note(Command(caller.did, NOW - second, 0x90, None, b"\x02", Origin(CLIENT)))
    got = []
    for skip in range(0, 25, 7):
        got += (await caller.log(sort=sort, limit=7, skip=skip))["objects"]
    moments = [round(NOW - one["timestamp"]) for one in got]
    assert moments == sorted(range(20), reverse=ascending)


async def test_the_log_excludes_its_start_and_includes_its_end(caller: Caller, service: Service) -> None:
    await report(service, caller.did, NOW - 3, NOW - 2, NOW - 1)
    log = await caller.log(start_time=int(NOW) - 3, end_time=int(NOW) - 2)
    assert [one["timestamp"] for one in log["objects"]] == [NOW - 2]


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ({"start_time": int(NOW) - 2 * DAY, "end_time": int(NOW)}, "48 hours"),
        ({"start_time": int(NOW), "end_time": int(NOW)}, "after start_time"),
        ({"start_time": int(NOW) - 8 * DAY, "end_time": int(NOW) - 7 * DAY}, "7 days"),
        ({"limit": 1001}, "limit"),
        ({"limit": 1000, "skip": 4001}, "5000"),
        ({"type": "other"}, "type"),
        ({"start_time": "yesterday"}, "start_time"),
    ],
)
async def test_the_log_refuses_what_is_beyond_its_limits(
    caller: Caller, query: dict[str, Any], detail: str
) -> None:
    refused = await caller.log(400, **query)
    assert (refused["error_code"], detail in refused["detail_message"]) == (9015, True), refused


async def test_the_log_reaches_its_limits(caller: Caller) -> None:
    await caller.log(start_time=int(NOW) - 2 * DAY + 1, end_time=int(NOW), limit=1000, skip=4000)
    await caller.log(start_time=int(NOW) - 7 * DAY, end_time=int(NOW) - 6 * DAY)


async def test_comings_and_goings(caller: Caller, service: Service) -> None:
    service.store.connections.seen(caller.did, "192.0.2.7")
    for second, (online, name) in enumerate([(False, "11111111"), (True, "a"), (True, "b")], 1):
        await service.store.devices.set_presence(caller.did, online, name, NOW + second)
    log = await caller.log(type="online", sort="asc")
    assert [(one["type"], one["timestamp"] - NOW, one["ip"]) for one in log["objects"]] == [
        ("dev_online", 0, ""),
        ("dev_offline", 1, "192.0.2.7"),
        ("dev_online", 2, "192.0.2.7"),
        ("dev_re_online", 3, "192.0.2.7"),
    ]
    assert log["objects"][0]["payload"] == {"keep_alive": None}
    assert (await caller.log(type="online", limit=1, skip=1))["objects"][0]["type"] == "dev_online"


async def test_a_device_of_others_is_told_nothing_about(caller: Caller, service: Service) -> None:
    stranger = await service.anonymous_user(APPID, "phone-2")
    other = Caller(caller.client, stranger, caller.did)
    assert (await other.log(400))["error_code"] == 9017
    assert (await other.get("/app/devdata/{did}", 400))["error_code"] == 9017
    assert (await other.aggregate(400, start_ts=0, end_ts=1))["error_code"] == 9017
    assert (await caller.get("/app/devdata", 404, did="nobody"))["error_code"] == 9014


@pytest.mark.parametrize("path", ["/app/devdata/{did}", "/app/devdata?did={did}", "/app/devdata2?did={did}"])
async def test_old_calls_give_single_reports(caller: Caller, service: Service, path: str) -> None:
    await report(service, caller.did, NOW - 20, NOW - 10)
    await service.store.states.apply([Report(caller.did, NOW - 5, 0x91, b"\x06log", None)])
    found = await caller.get(path)
    assert [one["updated_at"] for one in found["objects"]] == [NOW - 10, NOW - 20]
    assert found["objects"][0]["attr"] == {
        "LED_OnOff": 1,
        "Colour": "黄色",
        "LED_R": 7,
        "binary": "0102030405",
        "Temperature": 20,
    }


async def test_an_old_client_writes_several_question_marks(caller: Caller, service: Service) -> None:
    await report(service, caller.did, NOW - 20, NOW - 10)
    times = f"start_ts={int(NOW - 15) * 1000}?end_ts={int(NOW)}"
    text = f"/app/devdata/{caller.did}?entity=entity0?attr=LED_R?{times}"
    async with caller.client.get(URL(text, encoded=True), headers=headers(caller.login)) as answer:
        found = await answer.json()
    assert [(one["updated_at"], one["attr"]) for one in found["objects"]] == [(NOW - 10, {"LED_R": 7})]


BEGINNINGS = {
    "HOURS": lambda at: at.replace(minute=0, second=0, microsecond=0),
    "DAY": lambda at: at.replace(hour=0, minute=0, second=0, microsecond=0),
    "weeks": lambda at: datetime.fromisocalendar(*at.isocalendar()[:2], 1).replace(tzinfo=UTC),
    "MONTHS": lambda at: at.replace(day=1, hour=0, minute=0, second=0, microsecond=0),
}


@pytest.mark.parametrize("unit", BEGINNINGS)
async def test_numbers_are_added_up_as_the_standard_library_does_it(
    caller: Caller, service: Service, seeded: random.Random, unit: str
) -> None:
    moments = sorted(NOW + seeded.uniform(0, 90 * DAY) for _ in range(400))
    numbers = {at: seeded.randrange(255) for at in moments}
    for start in range(0, len(moments), 50):
        part = moments[start : start + 50]
        batch = [Report(caller.did, at, 0x91, b"\x04", {"LED_R": numbers[at]}) for at in part]
        await service.store.states.apply(batch)
    expected = defaultdict(list)
    for at, number in numbers.items():
        expected[BEGINNINGS[unit](datetime.fromtimestamp(at, UTC))].append(number)
    ways = {"sum": sum, "min": min, "max": max, "avg": lambda given: sum(given) / len(given)}
    for aggregator, way in ways.items():
        span = {"start_ts": int(NOW) * 1000, "end_ts": (int(NOW) + 90 * DAY) * 1000}
        found = await caller.aggregate(aggregator=aggregator, unit=unit, **span)
        got = {one["datetime"]: one["attrs"]["LED_R"] for one in found["data"]}
        assert got == {
            begin.strftime("%Y-%m-%dT%H:%M:%SZ"): pytest.approx(way(given))
            for begin, given in expected.items()
        }
        assert list(got) == sorted(got)
    assert found["query"]["did"] == caller.did
    first = found["data"][0]
    assert (first["datatime"], first["uid"]) == (first["datetime"], caller.login.uid)
    assert first["product_key"] == PRODUCT_KEY


@pytest.mark.parametrize(
    ("query", "code", "detail"),
    [
        ({"attrs": "Colour"}, 9025, "Colour"),
        ({"attrs": "LED_R,Nothing"}, 9025, "Nothing"),
        ({"aggregator": "median"}, 9015, "sum, avg, max, min"),
        ({"unit": "YEARS"}, 9015, "MONTHS"),
        ({"start_ts": 1, "end_ts": 0}, 9015, "end_ts"),
        ({"start_ts": 0, "end_ts": int(NOW) * 1000}, 9015, "400 days"),
    ],
)
async def test_what_cannot_be_added_up_is_refused(
    caller: Caller, query: dict[str, Any], code: int, detail: str
) -> None:
    refused = await caller.aggregate(400, **{"start_ts": 0, "end_ts": 1, **query})
    assert (refused["error_code"], detail in refused["detail_message"]) == (code, True), refused


async def test_an_app_finds_the_module_it_has_just_set_up(
    caller: Caller, service: Service, clock: Clock
) -> None:
    code, other = "ab" * 16, "cd" * 16
    path = "/app/device_register"
    assert await caller.get(path, random_codes=f"{code},{other}") == []
    await service.register_device(PRODUCT_KEY, MAC, PASSCODE, random_codes=[code, "not a code", ""])
    (found,) = await caller.get(path, random_codes=f"{other},{code}")
    assert (found["did"], found["mac"], found["product_key"]) == (caller.did, MAC, PRODUCT_KEY)
    assert "passcode" not in found
    assert await caller.get(path, random_codes=other) == []
    clock.now += 600
    assert await caller.get(path, random_codes=code) == []
    assert (await caller.get(path, 400, random_codes=",".join([code] * 101)))["error_code"] == 9015
