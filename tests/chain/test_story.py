"""The story in one piece: scan, claim, the device's page, a tap on the switch, the MCU, 状态, unfollow."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from demo_process import DemoProcess
from pages.chromium import BINARY, Chromium

Eventually = Callable[..., Awaitable[object]]


class Phone:
    """A person's WeChat, played by the demo's sandbox over HTTP."""

    def __init__(self, session: aiohttp.ClientSession, demo: DemoProcess) -> None:
        wechat = demo.facts["wechat"]
        self._session = session
        self._base = f"{wechat['sandbox']}/sandbox/user/{wechat['openid']}"

    async def do(self, act: str, **words: str) -> str:
        """Do something and give the account's answer, which the sandbox has decrypted and checked."""
        async with self._session.post(f"{self._base}/{act}", json=words) as answer:
            assert answer.status == 200, await answer.text()
            delivery: dict[str, Any] = await answer.json()
        lines = [entry["text"] for entry in delivery["chat"] if entry["who"] == "account"]
        return lines[-1] if lines else ""


def link_of(reply: str) -> str:
    """The address of the page in a reply."""
    found = re.search(r'href="([^"]+)"', reply)
    assert found, reply
    return found[1]


@pytest.mark.browser
@pytest.mark.skipif(BINARY is None, reason="no chromium on this machine: apt-get install chromium")
async def test_from_a_scan_to_the_mcu_and_back(tmp_path: Path, eventually: Eventually) -> None:
    with DemoProcess(tmp_path) as demo:
        async with aiohttp.ClientSession() as session:
            phone = Phone(session, demo)
            assert "扫" in await phone.do("follow")
            bound = await phone.do("scan", ticket=demo.facts["wechat"]["ticket"])
            assert "绑定" in bound

            async with Chromium(tmp_path) as browser:
                await browser.open(link_of(bound))
                await browser.wait_for("document.querySelector('.controls fieldset:enabled') && true")
                assert await browser.evaluate("location.pathname") == f"/h5/device/{demo.facts['did']}"
                before = demo.mcu_log()
                await browser.tap("#point-LED_OnOff")
                await eventually(lambda: "hw LED_OnOff = 1" in demo.mcu_log()[len(before) :])
                await browser.wait_for("document.querySelector('#point-LED_OnOff').checked")
                await browser.wait_for(
                    "document.querySelector('[data-point=LED_OnOff]').dataset.phase !== 'pending' && true"
                )
                await browser.screenshot(tmp_path / "panel.png")
                assert browser.complaints == []
            # Flags 01, LED on, every other writable point 0: the golden control frame but for its sn.
            assert re.search(r"rx FFFF000D03..0000010101000000000", demo.mcu_log())

            state = await phone.do("text", content="状态")
            assert "在线" in state
            assert "湿度" in state
            assert await phone.do("scan", ticket=demo.facts["wechat"]["ticket"])  # a second scan does no harm
            await phone.do("unfollow")
            await phone.do("follow")
            assert "在线" not in await phone.do("text", content="状态")


async def test_a_link_works_in_one_browser_only(tmp_path: Path) -> None:
    with DemoProcess(tmp_path) as demo:
        async with aiohttp.ClientSession() as session:
            bound = await Phone(session, demo).do("scan", ticket=demo.facts["wechat"]["ticket"])
        link = link_of(bound)
        async with aiohttp.ClientSession() as first, first.head(link) as looked:
            assert looked.status == 200, "a preview must not use the link up"
        page = f"/h5/device/{demo.facts['did']}"
        async with aiohttp.ClientSession() as second, second.post(link) as entered:
            assert entered.url.path == page
        async with aiohttp.ClientSession() as third, third.post(link) as refused:
            assert refused.url.path != page
            assert "状态" in await refused.text()
