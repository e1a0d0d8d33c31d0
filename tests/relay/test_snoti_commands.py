"""`wxlink snoti`, run as a program on a relay's data."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from relay_ground import NOW, PRODUCT_KEY

from wxlink import cli
from wxlink.relay.service import Service
from wxlink.relay.store import Store


@pytest.fixture
def wxlink(tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a verb beside the open store: what it prints, or why it failed."""

    async def run(*words: str, status: int = 0) -> str:
        code = await asyncio.to_thread(cli.main, ["snoti", *words, "--data", str(tmp_path)])
        said = capsys.readouterr()
        assert code == status, said.err
        return said.err if status else said.out

    return run


async def test_a_key_opens_its_product_until_it_is_taken_back(wxlink: Any, service: Service) -> None:
    key = json.loads(await wxlink("add", "--product", PRODUCT_KEY, "--note", "订单系统", "--json"))
    proof = key["auth_id"], key["auth_secret"]
    assert await service.is_push_key(*proof, PRODUCT_KEY)
    assert not await service.is_push_key(*proof, None)
    await service.subscribe_push([(PRODUCT_KEY, "a", ["device.online"])])
    listed = await wxlink("list")
    assert "订单系统" in listed
    assert key["auth_secret"] not in listed
    told = json.loads(await wxlink("list", "--json"))
    assert told["keys"][0]["auth_id"] == key["auth_id"]
    assert told["queues"] == [
        {
            "product_key": PRODUCT_KEY,
            "subkey": "a",
            "events": ["device.online"],
            "waiting": 0,
            "dropped": 0,
            "seen_at": NOW,
        }
    ]
    await wxlink("remove", key["auth_id"])
    assert not await service.is_push_key(*proof, PRODUCT_KEY)


async def test_a_key_for_all_products_is_named_as_its_dialect_does(wxlink: Any, service: Service) -> None:
    said = await wxlink("add", "--all-products")
    words = dict(line.split() for line in said.splitlines()[:2])
    assert await service.is_push_key(words["enterprise_id"], words["enterprise_secret"], None)


async def test_mistakes_are_named(wxlink: Any) -> None:
    assert "product_key" in await wxlink("add", "--product", "0" * 32, status=1)
    assert "no such auth_id" in await wxlink("remove", "nothing", status=1)
    assert "there is no key yet" in await wxlink("list")
