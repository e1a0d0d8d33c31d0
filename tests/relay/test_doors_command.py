"""`wxlink doors`, run as a program on a relay's data."""

import asyncio
import json
from pathlib import Path

import pytest
from relay_ground import PRODUCT_KEY

from wxlink import cli
from wxlink.relay.store import Store, Wanted


async def wxlink(
    capsys: pytest.CaptureFixture[str], data: Path, *words: str, code: int = 0
) -> tuple[str, str]:
    """Output and errors of the verb, which runs an event loop of its own."""
    assert await asyncio.to_thread(cli.main, ["doors", *words, "--data", str(data)]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


async def test_a_product_is_opened_with_a_warning_and_closed(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = await wxlink(capsys, tmp_path, "list")
    assert "no product is open" in out
    out, err = await wxlink(capsys, tmp_path, "on", PRODUCT_KEY)
    assert f"{PRODUCT_KEY} is open" in out
    assert err.startswith("WARNING: ")
    assert "not encrypted" in err
    assert await store.doors.is_open(PRODUCT_KEY)
    out, err = await wxlink(capsys, tmp_path, "on", PRODUCT_KEY, "--json")
    assert json.loads(out) == {"product_key": PRODUCT_KEY, "open": True, "changed": False}
    assert "WARNING" in err
    [entry] = json.loads((await wxlink(capsys, tmp_path, "list", "--json"))[0])
    assert entry["product_key"] == PRODUCT_KEY
    assert PRODUCT_KEY in (await wxlink(capsys, tmp_path, "list"))[0]
    out, err = await wxlink(capsys, tmp_path, "off", PRODUCT_KEY)
    assert (f"{PRODUCT_KEY} is closed" in out, err) == (True, "")
    assert not await store.doors.is_open(PRODUCT_KEY)
    actions = [entry.action for _, entry in await store.audit.list(Wanted(), 10)]
    assert actions == ["product.doors_off", "product.doors_on", "product.doors_on"]
    assert "as it was" in (await wxlink(capsys, tmp_path, "off", PRODUCT_KEY))[0]


async def test_an_unknown_product_is_refused(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, err = await wxlink(capsys, tmp_path, "on", "f" * 32, code=1)
    assert err.startswith("wxlink doors on: product_key invalid")
    assert "WARNING" not in err
