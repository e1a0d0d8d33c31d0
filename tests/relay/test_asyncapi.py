"""The AsyncAPI document. That the relay says nothing else is checked by every test that listens (`live`)."""

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from jsonschema import Draft202012Validator

from wxlink.relay.events import Bus
from wxlink.relay.service import Service
from wxlink.relay.ws_api import ASYNCAPI_PATH, PATH, WsApi, document


async def test_it_is_served_to_anybody(app: web.Application, service: Service) -> None:
    app.add_routes(WsApi(service, Bus()).routes())
    async with TestClient(TestServer(app)) as client, client.get(ASYNCAPI_PATH) as response:
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert await response.json() == document(PATH)


def test_every_reference_leads_somewhere_and_every_payload_is_a_schema() -> None:
    described = document(PATH)

    def follow(value: object) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                target: object = described
                for part in value["$ref"].removeprefix("#/").split("/"):
                    assert isinstance(target, dict)
                    target = target[part]
            for inner in value.values():
                follow(inner)
        elif isinstance(value, list):
            for inner in value:
                follow(inner)

    follow(described)
    for schema in described["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    assert {one["name"] for one in described["components"]["messages"].values()} >= {"login_req", "s2c_noti"}
