"""Scenes, timers and rules over HTTP, as the public documentation writes them."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from automation_ground import DETECTOR_KEY, Home, Time, settle
from http_ground import headers
from relay_ground import APPID, Wire

from wxlink.relay.service import Login, Service


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
async def home(service: Service, clock: Time, wire: Wire) -> Home:
    return await settle(service, clock, wire)


class App:
    """The home's user at a client of the API."""

    def __init__(self, client: TestClient[Any, Any], login: Login) -> None:
        self._client = client
        self._headers = headers(login)

    async def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        async with self._client.request(method, path, headers=self._headers, json=body) as response:
            answer = await response.json()
            assert response.status == status, answer
            return answer


@pytest.fixture
async def call(client: TestClient[Any, Any], home: Home) -> App:
    return App(client, await home.service.anonymous_user(APPID, "phone-1"))


async def test_a_timer_of_a_device(call: App, home: Home) -> None:
    path = f"/app/devices/{home.did}/scheduler"
    attrs = {"Mode": "away", "Code": "0102"}
    body = {"time": "22:14", "date": "2023-11-14", "repeat": "none", "attrs": attrs}
    made = await call("POST", path, body, 201)
    assert len(made["id"]) == 24
    assert await call("GET", path) == [
        {
            "id": made["id"],
            "created_at": "2023-11-14T22:13:20",
            "product_key": DETECTOR_KEY,
            "did": home.did,
            "group_id": "",
            "scene_id": "",
            "raw": "",
            "attrs": attrs,
            "date": "2023-11-14",
            "time": "22:14",
            "repeat": "none",
            "days": [],
            "start_date": "",
            "end_date": "",
            "enabled": True,
            "remark": "",
        }
    ]
    await home.work(60)
    assert home.sent() == 1
    (entry,) = await call("GET", f"/app/scheduler/{made['id']}/logs")
    assert entry == {
        "datetime": "2023-11-14T22:14:00",
        "status": "succeed",
        "detail": {home.did: True},
        "codes": {home.did: 0},
        "missed": False,
    }
    change = {"repeat": "day", "days": ["1", 15], "time": "07:00", "enabled": True, "raw": "0101"}
    assert await call("PUT", f"{path}/{made['id']}", change) == made
    (changed,) = await call("GET", path)
    assert (changed["days"], changed["raw"], changed["attrs"]) == (["1", 15], "0101", {})
    assert await call("DELETE", f"{path}/{made['id']}") == {}
    refused = await call("DELETE", f"{path}/{made['id']}", status=404)
    assert refused["error_code"] == 9030


async def test_a_common_timer_takes_the_first_target_that_is_not_empty(call: App, home: Home) -> None:
    scene = await call(
        "POST", "/app/scene", {"scene_name": "s", "tasks": [{"task_type": "delay", "time": 1}]}, 201
    )
    when = {"time": "22:14", "date": "2023-11-14", "repeat": "none"}
    target = {"did": "", "group_id": None, "scene_id": scene["id"]}
    made = await call("POST", "/app/common_scheduler", {**when, **target}, 201)
    (shown,) = await call("GET", f"/app/common_scheduler?scene_id={scene['id']}")
    assert (shown["id"], shown["scene_id"], shown["did"]) == (made["id"], scene["id"], "")
    other = {"did": home.did, "scene_id": scene["id"], "attrs": {"Siren": 1}}
    await call("POST", "/app/common_scheduler", {**when, **other}, 201)
    assert len(await call("GET", f"/app/common_scheduler?did={home.did}&limit=200")) == 1
    await call("PUT", f"/app/common_scheduler/{made['id']}", {**target, "time": "22:20"})
    await call("PUT", f"/app/common_scheduler/{made['id']}", {"did": home.did}, 400)
    await call("GET", "/app/common_scheduler", status=400)


async def test_the_old_scheduler_names_several_devices(call: App, home: Home) -> None:
    task = [{"did": home.did, "product_key": DETECTOR_KEY, "attrs": {"Siren": True}}]
    body = {"date": "2023-11-14", "time": "22:14", "repeat": "none", "task": task, "retry_count": 3}
    made = await call("POST", "/app/scheduler", body, 201)
    (shown,) = await call("GET", "/app/scheduler?limit=20&skip=0")
    assert shown["task"] == [{"did": home.did, "attrs": {"Siren": True}}]
    assert (shown["retry_count"], shown["retry_task"]) == (3, "all")
    assert await call("PUT", f"/app/scheduler/{made['id']}", {"time": "22:15"}) == made
    assert await call("DELETE", f"/app/scheduler/{made['id']}") == {}


async def test_a_scene_takes_indexes_and_base64_and_runs_by_post(call: App, home: Home) -> None:
    tasks = [
        {"task_type": "device", "did": home.did, "attrs": {"Mode": 1, "Code": "AQI="}},
        {"task_type": "delay", "time": 360},
        {"task_type": "device", "did": home.did, "raw": "AQID"},
    ]
    made = await call("POST", "/app/scene", {"scene_name": "场景名", "remark": "备注", "tasks": tasks}, 201)
    (shown,) = await call("GET", "/app/scene")
    assert (shown["id"], shown["scene_name"], shown["created_at"]) == (
        made["id"],
        "场景名",
        "2023-11-14T22:13:20Z",
    )
    assert shown["tasks"][0] == {
        "task_type": "device",
        "did": home.did,
        "product_key": DETECTOR_KEY,
        "group_name": "",
        "raw": "",
        "attrs": {"Mode": 1, "Code": "AQI="},
        "dev_remark": "",
        "time": 0,
        "group_id": "",
        "verbose_name": "detector",
        "dev_alias": "",
    }
    assert (shown["tasks"][1]["time"], shown["tasks"][2]["raw"]) == (360, "AQID")
    path = f"/app/scene/{made['id']}/task"
    assert await call("GET", path) == {"status": 3}
    assert await call("POST", path) == {}
    await home.work()
    assert await call("GET", path) == {"status": 0}
    await home.work(360)
    assert await call("GET", path) == {"status": 1}
    assert home.wire.p0s(home.did)[1] == b"\1\2\3"
    assert await call("PUT", f"/app/scene/{made['id']}", {"scene_name": "s"}) == {}
    assert await call("DELETE", f"/app/scene/{made['id']}") == {}
    assert (await call("POST", path, status=404))["error_code"] == 9220


async def test_a_rule_as_the_tutorial_writes_it(call: App, home: Home) -> None:
    other = await home.another("d1d1d1d1d1d1")
    body = {
        "product_key": DETECTOR_KEY,
        "did": home.did,
        "name": "",
        "remark": "",
        "event": "data",
        "input": [
            {"product_key": DETECTOR_KEY, "did": home.did, "prefix": "device1"},
            {"product_key": DETECTOR_KEY, "did": other, "prefix": "device2"},
        ],
        "condition": [[{"left": "device1.Siren", "opt": "==", "right": "1"}]],
        "output": [
            [
                {"type": "devctrl", "did": other, "attrs": {"Siren": 1}},
                {"type": "delay", "delay": 5},
                {"type": "devctrl", "did": other, "raw": [1, 1, 0]},
            ]
        ],
    }
    made = await call("POST", "/app/rules", body, 201)
    (shown,) = (await call("GET", "/app/rules?limit=20&skip=0"))["rules"]
    assert shown == {**body, "interval": 0, "event_attr": {}, **made}
    await home.report(Siren=True)
    await home.work()
    await home.work(5)
    assert home.sent(other) == 2
    assert await call("PUT", f"/app/rules/{made['rule_id']}", {**body, "interval": 60}) == made
    assert await call("DELETE", f"/app/rules/{made['rule_id']}") == made
    await call("DELETE", f"/app/rules/{made['rule_id']}", status=400)
    await call("DELETE", "/app/rules/none", status=400)
    refused = await call("POST", "/app/rules", {**body, "event": "extern"}, 400)
    assert refused["error_code"] == 9036


async def test_the_data_points_that_rules_may_use(call: App, home: Home) -> None:
    both = await call("GET", f"/app/rules/params?product_key={DETECTOR_KEY},unknown")
    assert both == await call("GET", "/app/rules/params")
    assert [one["type"] for one in both[DETECTOR_KEY]] == [
        *("bool", "int", "int", "enum", "binary", "bool", "bool")
    ]
    assert both[DETECTOR_KEY][3]["enum"] == ["home", "away", "夜间"]


async def test_a_group_is_part_of_scenes_and_has_timers(call: App, home: Home) -> None:
    other = await home.another("d1d1d1d1d1d1")
    group = (await call("POST", "/app/group", {"group_name": "g", "product_key": DETECTOR_KEY}, 201))["id"]
    await call("POST", f"/app/group/{group}/devices", {"dids": [home.did, other]})
    task = {"task_type": "group", "group_id": group, "attrs": {"Siren": 1}}
    scene = await call("POST", "/app/scene", {"scene_name": "s", "tasks": [task]}, 201)
    assert (await call("GET", "/app/scene"))[0]["tasks"][0]["group_id"] == group
    await call("POST", f"/app/scene/{scene['id']}/task")
    await home.work()
    assert (home.sent(), home.sent(other)) == (1, 1)
    when = {"time": "22:14", "date": "2023-11-14", "repeat": "none"}
    timer = await call(
        "POST", "/app/common_scheduler", {**when, "group_id": group, "attrs": {"Siren": 0}}, 201
    )
    (shown,) = await call("GET", f"/app/common_scheduler?group_id={group}")
    assert (shown["id"], shown["product_key"]) == (timer["id"], DETECTOR_KEY)
    await home.work(60)
    assert (home.sent(), home.sent(other)) == (2, 2)
    (log,) = await call("GET", f"/app/scheduler/{timer['id']}/logs")
    assert log["detail"] == {home.did: True, other: True}
    assert await call("DELETE", f"/app/group/{group}") == {}
    await call("GET", f"/app/common_scheduler?group_id={group}", status=400)
    await call("DELETE", f"/app/scheduler/{timer['id']}", status=404)
    await call("POST", f"/app/scene/{scene['id']}/task")
    await home.work()
    assert await call("GET", f"/app/scene/{scene['id']}/task") == {"status": 2}


async def test_alerts_are_messages_in_the_app(call: App, home: Home) -> None:
    await home.report(Fire=True)
    await home.report(Fire=False)
    told = (await call("GET", "/app/messages?type=2&limit=20&skip=0"))["objects"]
    assert sorted(one["content"] for one in told) == [
        "detector cleared an alert: 火警",
        "detector raised an alert: 火警",
    ]
