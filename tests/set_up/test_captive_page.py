"""The page of the access point in a browser on a small phone."""

import base64
import hashlib
import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import aiohttp
import pytest
from pages.chromium import Chromium
from set_up_rig import NETWORKS, SetUpMaker, SetUpProcess

pytestmark = pytest.mark.browser

LARGEST = 6 * 1024  # bytes of the page
SHOWN = (
    "[...document.querySelectorAll('section,form')].filter((it) => it.offsetParent).map((it) => it.id).join()"
)
NAMES = "[...document.querySelectorAll('#nets b')].map((it) => it.textContent)"
WIDER = "document.documentElement.scrollWidth > innerWidth"


async def open_page(phone: Chromium, module: SetUpProcess, eventually) -> None:
    """Open it and wait for its list of networks."""
    await eventually(module.is_open)
    await phone.open(module.url)
    await phone.wait_for("document.querySelector('#nets button')")


async def choose(phone: Chromium, number: int) -> None:
    """Choose a network, the strongest is 1."""
    await phone.tap(f"#nets button:nth-child({number})")


async def test_a_network_is_chosen_and_joined_after_a_wrong_password(
    phone: Chromium, set_up: SetUpMaker, eventually, tmp_path: Path
):
    async with set_up(join_ms=300) as module:
        await open_page(phone, module, eventually)
        assert await phone.text("h1 span") == "连接 Wi-Fi"
        assert await phone.text("#name") == "XPG-GAgent-00AB"
        assert not await phone.evaluate(WIDER)
        await choose(phone, 1)
        await phone.type("wrong-key")
        assert await phone.evaluate("key.type") == "password"
        await phone.tap("#eye")
        assert await phone.evaluate("key.type") == "text"
        await phone.tap(".go.y")
        assert await phone.text("#doing") == "正在连接 Home"
        await phone.screenshot(tmp_path / "waiting.png")
        assert await phone.text("#err") == "密码错误，请重新输入。"
        assert not await phone.evaluate(WIDER)
        await phone.screenshot(tmp_path / "wrong.png")

        await phone.evaluate("key.value = ''")
        await phone.tap("#key")
        await phone.type("home-key-1")
        await phone.tap(".go.y")
        assert await phone.text("#well") == "已连接 Home"
        await eventually(lambda: module.told("ended"))
        assert module.told("stored") == [{"stored": "'Home'", "key": "'home-key-1'"}]
        assert module.told("ended") == [{"ended": True}]
        assert "home-key-1" not in "".join(line for line in module.lines if not line.startswith("{"))


async def test_names_of_strangers_are_text_and_names_in_gbk_are_read(
    phone: Chromium, set_up: SetUpMaker, eventually
):
    async with set_up() as module:
        await open_page(phone, module, eventually)
        names = await phone.evaluate(NAMES)
        assert names == ["Home", "客厅 5楼", "办公室", "Cafe", "No DHCP", "<img src=x onerror=alert(1)>"]
        assert await phone.evaluate("document.images.length") == 0
        await choose(phone, 3)
        await phone.type("office-key")
        await phone.tap(".go.y")
        (stored,) = await eventually(lambda: module.told("stored"))
        assert stored["stored"] == repr("办公室".encode("gbk"))


async def test_english_an_open_network_and_a_router_without_addresses(
    phone: Chromium, set_up: SetUpMaker, eventually
):
    await phone.language("en-US,en")
    async with set_up() as module:
        await open_page(phone, module, eventually)
        assert await phone.text("h1 span") == "Connect to Wi-Fi"
        assert await phone.text("#nets button:nth-child(4) small") == "open"
        await choose(phone, 5)
        await phone.type("no-address")
        await phone.tap(".go.y")
        assert await phone.text("#err") == "The router gave no address. Restart it and try again."
        await phone.open(module.url)  # the phone was away
        assert await phone.text("#err") == "The router gave no address. Restart it and try again."

        await phone.tap("#lang")
        await phone.wait_for("document.documentElement.lang === 'zh'")
        await phone.wait_for("!document.querySelector('#form').hidden")
        await phone.tap("#back")
        await phone.wait_for("document.querySelector('#nets button')")
        await choose(phone, 4)
        assert not await phone.evaluate("lock.offsetParent")
        await phone.tap(".go.y")
        (stored,) = await eventually(lambda: module.told("stored"))
        assert stored == {"stored": "'Cafe'", "key": "''"}


async def test_a_hidden_network_by_its_name_and_one_that_is_not_there(
    phone: Chromium, set_up: SetUpMaker, eventually
):
    hidden = [["Garten ü".encode().hex(), -60, "garden-key", None]]
    async with set_up(networks=hidden) as module:
        await open_page(phone, module, eventually)
        await phone.tap("#other")
        await phone.tap(".go.y")
        assert await phone.evaluate(SHOWN) == "form", "a name is required"
        await phone.type("Nowhere")
        await phone.tap("#key")
        await phone.type("short")
        await phone.tap(".go.y")
        assert await phone.evaluate(SHOWN) == "form", "a password has eight characters"
        await phone.type("-er-no-more")
        await phone.tap(".go.y")
        assert (await phone.text("#err")).startswith("找不到该网络")
        await phone.tap("#back")
        await phone.tap("#other")
        await phone.type("Garten ü")
        await phone.tap("#key")
        await phone.type("garden-key")
        await phone.tap(".go.y")
        await eventually(lambda: module.told("stored"))


async def test_a_phone_that_left_the_access_point_is_told_so(phone: Chromium, set_up: SetUpMaker, eventually):
    async with set_up(join_ms=60_000) as module:
        await open_page(phone, module, eventually)
        await choose(phone, 1)
        await phone.type("home-key-1")
        await phone.tap(".go.y")
        await phone.wait_for("!document.querySelector('#wait').hidden")
        module.process.kill()
        await phone.wait_for("note.textContent.includes('XPG-GAgent-00AB')")
        phone.complaints.clear()  # the browser's, of answers that did not come


class Scripts(HTMLParser):
    """Collects the texts of the scripts that run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script" and "type" not in dict(attrs)

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found.append(data)
            self._inside = False


def addresses(page: str) -> Iterator[str]:
    """What the page would load from elsewhere."""
    return (word for word in ("http:", "https:", "//", "@import", "url(") if word in page)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_page_is_small_whole_and_guarded(language, set_up: SetUpMaker, eventually):
    async with set_up() as module, aiohttp.ClientSession() as http:
        await eventually(module.is_open)
        async with http.get(module.url, headers={"Accept-Language": f"{language}-XX,de;q=0.5"}) as answer:
            page = await answer.text()
            policy = answer.headers["Content-Security-Policy"]
        assert f'lang="{language}"' in page
        assert len(page.encode()) <= LARGEST
        assert list(addresses(page)) == []
        (script,) = Scripts(page).found
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"script-src 'sha256-{digest}'" in policy, "put this hash into HEADERS of captive_page.py"
        async with http.get(module.url + "scan") as answer:
            networks = json.loads(await answer.text())
        assert networks == [[name, rssi, key is not None] for name, rssi, key, _ in NETWORKS[:6]]
