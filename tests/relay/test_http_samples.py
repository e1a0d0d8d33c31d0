"""Published and captured requests to the app HTTP API get the answers that were seen."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from http_ground import CONSTANTS, SAMPLES, bound, bound_and_on_line, differences
from relay_ground import APPID, NOW, PRODUCT_KEY, PRODUCT_SECRET

from wxlink.relay.service import Login, Service
from wxlink.relay.store import Product, Report


async def reported(service: Service, login: Login, did: str) -> None:
    await bound_and_on_line(service, login, did)
    attrs = {"LED_OnOff": True, "LED_R": 10, "Temperature": 23}
    await service.store.states.apply([Report(did, NOW, 0x91, b"\x04", attrs)])


async def alice(service: Service, _login: Login, _did: str) -> None:
    await service.named_user(APPID, "Secret-123", username="alice")


async def published_product(service: Service, _login: Login, _did: str) -> None:
    definition = SAMPLES["http_datapoint"]["response"]["json"]
    await service.store.products.put(Product(PRODUCT_KEY, "demo lamp", PRODUCT_SECRET, definition))


BEFORE: dict[str, Callable[[Service, Login, str], Awaitable[None]]] = {
    "http_login": alice,
    "http_login_wrong_password": alice,
    "http_bind_mac_again": bound,
    "http_bindings_page": bound_and_on_line,
    "http_unbind": bound,
    "http_set_alias": bound,
    "http_device_detail": bound,
    "http_latest": reported,
    "http_latest_never_reported": bound,
    "http_control_attrs": bound_and_on_line,
    "http_control_raw": bound_and_on_line,
    "http_control_binary_hex": bound_and_on_line,
    "http_control_offline": bound,
    "http_datapoint": published_product,
}
EXACT = {
    "http_login_wrong_password",
    "http_bind_mac_bad_signature",
    "http_bindings_token_invalid",
    "http_bind_by_did_old",
    "http_unbind",
    "http_set_alias",
    "http_latest",
    "http_latest_never_reported",
    "http_control_attrs",
    "http_control_raw",
    "http_control_binary_hex",
    "http_control_offline",
    "http_datapoint",
}


@pytest.mark.parametrize("name", SAMPLES)
async def test_a_known_request_gets_its_known_answer(
    name: str, client: TestClient[Any, Any], service: Service, login: Login, did: str
) -> None:
    sample = SAMPLES[name]
    if name in BEFORE:
        await BEFORE[name](service, login, did)
    ours = json.dumps([sample["request"], sample["response"]["json"]])
    ours = ours.replace(CONSTANTS["did"], did).replace(CONSTANTS["token"], login.token)
    request, expected = json.loads(ours)
    if name == "http_get_user":
        made = await service.named_user(APPID, "Secret-123", username="alice")
        request["headers"]["X-Gizwits-User-token"] = made.token
    response = await client.request(
        request["method"],
        request["path"],
        headers=request["headers"],
        params=request.get("query"),
        json=request.get("json"),
    )
    actual = await response.json()
    assert response.status == sample["response"]["status"], actual
    assert response.content_type == "application/json"
    if name in EXACT:
        assert actual == expected
    else:
        assert differences(expected, actual) == []
