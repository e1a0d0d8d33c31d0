"""The OpenAPI document, and the app API held against it by schemathesis."""

import asyncio
import hashlib
import os
import random
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from http_ground import bound_and_on_line, headers
from openapi_spec_validator import validate
from relay_ground import APPID, PRODUCT_SECRET, Clock

from wxlink.relay import http_api
from wxlink.relay.rest import Route
from wxlink.relay.rest.call import APP_ID
from wxlink.relay.service import Login, Service

APP_SECRET = "deadbeefdeadbeefdeadbeefdeadbeef"  # as the store of the tests has it
EXAMPLES = 12  # of each call and kind of generation, besides the boundary values of every field
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "negative_data_rejection,missing_required_header,unsupported_method"
)


def test_the_document_is_openapi_and_describes_each_call() -> None:
    document = http_api.openapi()
    validate(document)
    assert document["openapi"].startswith("3.1")
    described = {
        (method.upper(), path): operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert described.keys() == {(route.method, route.path) for route in http_api.ROUTES}
    names = [operation["operationId"] for operation in described.values()]
    assert len(names) == len(set(names))
    assert all(operation["summary"] for operation in described.values())


async def test_the_document_is_served_to_anybody(client: TestClient[Any, Any]) -> None:
    async with client.get(http_api.OPENAPI_PATH) as response:
        assert response.status == 200
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert await response.json() == http_api.openapi()


@pytest.mark.parametrize("route", http_api.ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_who_calls_is_asked_before_anything_else(
    client: TestClient[Any, Any], login: Login, route: Route
) -> None:
    """With 400, not 401: public clients look for the code in it."""
    known, path = headers(login), re.sub(r"\{\w+\}", "x", route.path)
    for missing in (name for scheme in ("app", "user") for name in _header(route, scheme)):
        given = {name: value for name, value in known.items() if name != missing}
        async with client.request(route.method, path, headers=given, data=b"no JSON") as response:
            answer = await response.json()
        assert (response.status, answer["error_code"]) == (400, 9003 if missing == APP_ID else 9004)


def _header(route: Route, scheme: str) -> list[str]:
    return [str(one["name"]) for name, one in route.kind.security.items() if name == scheme]


@pytest.mark.timeout(300)
async def test_schemathesis_finds_nothing_that_the_document_does_not_say(
    client: TestClient[Any, Any], service: Service, login: Login, did: str, *, clock: Clock, tmp_path: Path
) -> None:
    """As a user who is logged in and has a device on-line; values are drawn, right and wrong ones."""
    await bound_and_on_line(service, login, did)
    seed = int(os.environ.get("WXLINK_SEED") or random.randrange(2**32))
    print(f"WXLINK_SEED={seed}")
    now = str(int(clock.now))
    auth = hashlib.md5(f"{APPID}{APP_SECRET}".encode()).hexdigest()  # noqa: S324
    proof = {
        "X-Gizwits-Application-Auth": auth,
        "X-Gizwits-Application-Token": (await service.request_app_token(APPID, auth)).token,
        "X-Gizwits-Timestamp": now,
        "X-Gizwits-Signature": hashlib.md5((PRODUCT_SECRET + now).encode()).hexdigest(),  # noqa: S324  the protocol's own
    }
    words = [f"{name}: {value}" for name, value in {**headers(login), **proof}.items()]
    program = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        str(client.make_url(http_api.OPENAPI_PATH)),
        f"--checks={CHECKS}",
        "--phases=examples,coverage,fuzzing",
        f"--max-examples={EXAMPLES}",
        f"--seed={seed}",
        "--exclude-operation-id=erase_user",  # nobody would be logged in after it
        "--generation-database=none",
        "--warnings=off",
        "--continue-on-failure",
        "--no-color",
        *(part for word in words for part in ("-H", word)),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await program.communicate()
    assert program.returncode == 0, said.decode()
