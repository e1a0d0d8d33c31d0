"""`wxlink demo --product`: another product than the GoKit, from an app's request to the meter and back."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
from demo_process import DemoProcess

Eventually = Callable[..., Awaitable[object]]


async def test_a_meter_is_topped_up_once_whatever_happens_to_it(
    tmp_path: Path, eventually: Eventually
) -> None:
    """A shop pays by the HTTP API, repeats itself, and the meter loses its power in between."""
    with DemoProcess(tmp_path, "--product", "prepaid-meter") as demo:
        facts = demo.facts
        assert facts["product"] == "prepaid-meter"
        async with aiohttp.ClientSession() as session:
            headers = await demo.user(session, "shop", "secret-1")

            async def latest() -> dict[str, Any]:
                url = f"{facts['http']}/app/devdata/{facts['did']}/latest"
                async with session.get(url, headers=headers) as answer:
                    attrs: dict[str, Any] = (await answer.json())["attr"]
                    return attrs

            async def pay(order: int, amount: float) -> bool:
                url = f"{facts['http']}/app/control/{facts['did']}"
                body = {"attrs": {"Order": order, "Amount": amount}}
                async with session.post(url, headers=headers, json=body) as answer:
                    return answer.status == 200

            async def credited(order: int) -> bool:
                return bool((await latest())["Credited_Order"] == order)

            assert (await latest())["Valve"] == 1
            assert await pay(1001, 200)
            await eventually(lambda: credited(1001))
            assert 248 < (await latest())["Balance"] <= 250
            assert await pay(1001, 200)
            os.kill(facts["mcu_pid"], signal.SIGKILL)
            await eventually(lambda: demo.mcu_log().count(" ready ") == 2, within=60)
            await eventually(lambda: pay(1002, 0.5), every=1)
            await eventually(lambda: credited(1002))
            assert 248 < (await latest())["Balance"] <= 250.5
            log = demo.mcu_log()
            assert log.count("hw credited order 1001, ") == log.count("hw credited order 1002, ") == 1


def test_a_product_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "wxlink.cli", "demo", "--json", "--port", "0", "--data", str(tmp_path)]
    done = subprocess.run(
        [*command, "--product", "toaster"], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "no sample product is called toaster: name one of ac-socket, " in done.stderr
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('[product]\nkey = "x"\n', "utf-8")
    done = subprocess.run(
        [*command, "--product", str(wrong)], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert f"{wrong}:2:1: key is no product key" in done.stderr


def test_a_makers_own_file_runs_in_python_too(tmp_path: Path) -> None:
    path = tmp_path / "heater.toml"
    subprocess.run([sys.executable, "-m", "wxlink.cli", "product", "new", str(path)], check=True)
    with DemoProcess(tmp_path, "--product", str(path), "--python-mcu") as demo:
        assert (demo.facts["product"], demo.facts["mcu"]) == ("heater", "Python")
        assert json.dumps(demo.facts)
