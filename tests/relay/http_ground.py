"""What the tests of the app HTTP API share: the published samples, a caller's headers, a bound device."""

import hashlib
import json
from pathlib import Path
from typing import Any

from relay_ground import APPID, NOW, PASSCODE, PRODUCT_SECRET

from wxlink.relay.service import Login, Service

DOCUMENT = json.loads(Path(__file__).with_name("app_api_samples.json").read_text())
SAMPLES = {sample["name"]: sample for sample in DOCUMENT["samples"]}
CONSTANTS = DOCUMENT["constants"]
TIMESTAMP = str(int(NOW))
SIGNATURE = hashlib.md5((PRODUCT_SECRET + TIMESTAMP).encode(), usedforsecurity=False).hexdigest()

# Modules do not tell their versions to this relay, and the public service answers null too.
NULL_ALLOWED = {"wifi_soft_version", "wifi_hard_version", "mcu_soft_version", "mcu_hard_version"}

type_of = {bool: "bool", int: "number", float: "number", str: "text", list: "list", dict: "object"}


def headers(login: Login | None = None, **more: str) -> dict[str, str]:
    token = {} if login is None else {"X-Gizwits-User-token": login.token}
    return {"X-Gizwits-Application-Id": APPID, **token, **more}


def signed(login: Login, timestamp: str = TIMESTAMP, signature: str = SIGNATURE) -> dict[str, str]:
    return headers(login, **{"X-Gizwits-Timestamp": timestamp, "X-Gizwits-Signature": signature})


async def bound(service: Service, login: Login, did: str) -> None:
    await service.bind_by_passcode(login.uid, did, PASSCODE)


async def bound_and_on_line(service: Service, login: Login, did: str) -> None:
    await service.bind_by_passcode(login.uid, did, PASSCODE)
    await service.store.devices.set_presence(did, True, "11111111", NOW)


def differences(expected: Any, actual: Any, where: str = "answer") -> list[str]:
    """What a client that reads `expected` would miss in `actual`; more keys do no harm."""
    if expected is None or (actual is None and where.rpartition(".")[2] in NULL_ALLOWED):
        return []
    if type_of.get(type(expected)) != type_of.get(type(actual)):
        return [f"{where}: {actual!r} where {expected!r} was seen"]
    if isinstance(expected, dict):
        missing = [f"{where}.{key} is missing" for key in expected.keys() - actual.keys()]
        shared = expected.keys() & actual.keys()
        return missing + [
            text for key in shared for text in differences(expected[key], actual[key], f"{where}.{key}")
        ]
    if isinstance(expected, list):
        if len(expected) != len(actual):
            return [f"{where}: {len(actual)} entries where {len(expected)} were seen"]
        return [
            text
            for i, pair in enumerate(zip(expected, actual, strict=True))
            for text in differences(*pair, f"{where}[{i}]")
        ]
    return []
