"""The pages in a real browser, on a real relay and broker, with a device that speaks P0 over MQTT."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pages.chromium import Chromium
from pages.page_house import House, open_house

from wxlink.relay.app import Relay

pytestmark = pytest.mark.browser

SHOWCASE_VALUES: dict[str, Any] = {
    "Mode": "制冷",
    "Target": 23.5,
    "Serial": 4_000_000_000,
    "Key": bytes.fromhex("0102030405060708"),
    "Power": 1.25,
    "Stage": "运行",
    "Uid": bytes(range(0xA0, 0xAC)),
    "Hot": True,
    "Broken": False,
}

READY = "document.querySelector('.controls fieldset:enabled') && true"
WIDTHS = "[document.documentElement.scrollWidth, innerWidth]"


def row(name: str) -> str:
    return f"[data-point={name}]"


def phase(name: str, wanted: str) -> str:
    return f"document.querySelector('{row(name)}').dataset.phase === '{wanted}'"


def input_of(name: str) -> str:
    return f"document.getElementById('point-{name}')"


async def enter(browser: Chromium, house: House) -> None:
    await browser.open(await house.link())
    await browser.wait_for(READY)


@pytest.fixture
async def showcase(relay: Relay) -> AsyncIterator[House]:
    """A product with every kind of data point and with texts that try to be HTML."""
    definition = json.loads((Path(__file__).parent / "showcase.json").read_text("utf-8"))
    house = await open_house(relay, definition, SHOWCASE_VALUES)
    await house.device.connect(relay.mqtt_port)
    yield house
    await house.device.disconnect()


async def test_the_link_of_the_chat_opens_the_panel_with_what_the_device_reported(
    browser: Chromium, house: House, tmp_path: Path
) -> None:
    await enter(browser, house)
    assert await browser.evaluate("location.pathname") == f"/h5/device/{house.device.did}"
    assert await browser.evaluate("document.title") == "微信宠物屋"
    assert await browser.evaluate("history.length") == 2, (
        "the way back leads to the chat, not to the link again"
    )
    assert await browser.text(f"{row('Temperature')} dd") == "26℃"
    assert await browser.evaluate(f"{input_of('LED_R')}.value") == "120"
    assert await browser.evaluate("document.querySelector('input[value=自定义]').checked")
    await browser.screenshot(tmp_path / "light.png")
    await browser.dark()
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    assert await browser.evaluate(ground) == "rgb(17, 17, 17)"
    await browser.screenshot(tmp_path / "dark.png")


async def test_a_switch_is_pending_until_the_device_reports_it(
    browser: Chromium, house: House, tmp_path: Path
) -> None:
    await enter(browser, house)
    house.device.obeys = False
    await browser.tap("#point-LED_OnOff")
    await browser.wait_for(phase("LED_OnOff", "pending"))
    await browser.wait_for(f"{input_of('LED_OnOff')}.checked")
    await browser.screenshot(tmp_path / "pending.png")
    await browser.wait_for("document.querySelector('[role=status].hidden').textContent")
    house.device.report(LED_OnOff=True)
    await browser.wait_for(phase("LED_OnOff", "confirmed"))
    assert house.device.written == [{"LED_OnOff": True}]
    assert await browser.evaluate(f"{input_of('LED_OnOff')}.checked")
    await browser.wait_for(phase("LED_OnOff", "idle"))


async def test_a_command_that_the_device_does_not_confirm_fails_in_plain_words_and_can_be_repeated(
    browser: Chromium, house: House, tmp_path: Path
) -> None:
    await enter(browser, house)
    house.device.obeys = False
    await browser.tap("#point-LED_OnOff")
    await browser.wait_for(phase("LED_OnOff", "failed"))
    assert not await browser.evaluate(f"{input_of('LED_OnOff')}.checked")
    assert "设备没有确认" in await browser.text(f"{row('LED_OnOff')} .note")
    await browser.screenshot(tmp_path / "failed.png")
    house.device.obeys = True
    await browser.tap(f"{row('LED_OnOff')} .note button")
    await browser.wait_for(phase("LED_OnOff", "confirmed"))
    assert await browser.evaluate(f"{input_of('LED_OnOff')}.checked")


async def test_choices_sliders_and_numbers_send_one_value_when_released(
    browser: Chromium, house: House
) -> None:
    await enter(browser, house)
    filled = (
        f"((it) => [it.getPropertyValue('--from'), it.getPropertyValue('--to')])"
        f"(document.querySelector('{row('Motor_Speed')} .slider').style)"
    )
    assert await browser.evaluate(filled) == ["50%", "50%"], "a motor at rest is not half of something"
    await browser.tap("#point-LED_Color-2")
    await browser.wait_for(phase("LED_Color", "confirmed"))
    await browser.drag(f"{row('LED_R')} .slider", 0.99)
    await browser.wait_for(phase("LED_R", "confirmed"))
    await browser.evaluate(f"{input_of('Motor_Speed')}.select() ?? {input_of('Motor_Speed')}.focus()")
    await browser.type("-9")
    await browser.press("Enter", 13, "\r")
    await browser.wait_for(phase("Motor_Speed", "confirmed"))
    color, red, speed = house.device.written
    assert color == {"LED_Color": "紫色"}
    assert red["LED_R"] > 200
    assert speed == {"Motor_Speed": -5}
    assert await browser.evaluate(filled) == ["0%", "50%"]


async def test_arrow_keys_on_a_slider_send_where_they_stop(browser: Chromium, house: House) -> None:
    await enter(browser, house)
    await browser.evaluate(f"document.querySelector('{row('LED_G')} .slider').focus()")
    for _ in range(4):
        await browser.press("ArrowRight", 39)
    await browser.wait_for(phase("LED_G", "confirmed"))
    assert house.device.written == [{"LED_G": 4}]


async def test_an_off_line_device_is_shown_and_cannot_be_controlled(
    browser: Chromium, house: House, tmp_path: Path
) -> None:
    await enter(browser, house)
    await house.device.disconnect()
    await browser.wait_for("document.querySelector('.controls fieldset:disabled')")
    assert await browser.text(".hero .status") == "离线"
    assert "设备离线" in await browser.text(".notice")
    await browser.screenshot(tmp_path / "offline.png")
    await house.device.connect(house.relay.mqtt_port)
    await browser.wait_for(READY)
    assert await browser.text(".hero .status") == "在线"


async def test_alerts_and_faults_are_on_top_while_they_last(
    browser: Chromium, house: House, tmp_path: Path
) -> None:
    await enter(browser, house)
    assert await browser.evaluate("document.querySelector('.banner').hidden")
    house.device.report(Alert_1=True, Fault_Motor=True)
    assert "报警1、电机故障" in await browser.text(".banner:not([hidden])")
    assert "故障" in await browser.text(f"{row('Fault_Motor')}[data-active=true] .alarm-state")
    await browser.screenshot(tmp_path / "alarm.png")
    house.device.report(Alert_1=False, Fault_Motor=False)
    await browser.wait_for("document.querySelector('.banner').hidden")


async def test_english_is_chosen_by_the_browser_or_by_hand_and_remembered(
    browser: Chromium, house: House, tmp_path: Path
) -> None:
    await browser.language("en-US,en")
    await enter(browser, house)
    assert await browser.text(f"{row('LED_OnOff')} .label") == "Red light"
    assert await browser.text("[data-point=LED_Color] .segment:nth-child(2)") == "yellow"
    await browser.screenshot(tmp_path / "english.png")
    await browser.tap("#language")
    assert await browser.text(f"{row('LED_OnOff')} .label") == "开启/关闭红色灯"
    await browser.open(f"{house.http}/h5/device/{house.device.did}")
    await browser.wait_for(READY)
    assert await browser.evaluate("document.documentElement.lang") == "zh-CN"


async def test_the_page_comes_back_by_itself_after_the_connection_was_lost(
    browser: Chromium, house: House, tmp_path: Path
) -> None:
    await browser.command("Page.addScriptToEvaluateOnNewDocument", source=NETWORK)
    await enter(browser, house)
    await browser.evaluate("network.leave()")
    assert "连接已断开" in await browser.text(".notice[data-kind=lost]")
    assert await browser.evaluate("document.querySelector('.controls fieldset').disabled")
    house.device.report(Temperature=31)
    await browser.evaluate("network.comeBack()")
    await browser.wait_for(READY)
    await browser.wait_for(f"document.querySelector('{row('Temperature')} dd').innerText === '31℃'")
    browser.complaints.clear()  # what the browser says of a network that is away


# Chromium's own emulation of a lost network lets WebSockets through.
NETWORK = """
const sockets = [];
let away = false;
window.WebSocket = class extends WebSocket {
  constructor(url) { super(away ? "ws://127.0.0.1:9/" : url); sockets.push(this); }
};
window.network = {
  leave() { away = true; sockets.at(-1).close(); },
  comeBack() { away = false; window.dispatchEvent(new Event("online")); },
};
"""


async def test_every_kind_of_data_point_has_its_control_and_product_texts_stay_texts(
    browser: Chromium, showcase: House, tmp_path: Path
) -> None:
    await enter(browser, showcase)
    assert await browser.evaluate("document.title") == "展示 <img src=x onerror=alert(1)>"
    assert await browser.evaluate("document.querySelectorAll('main :is(img, script, b)').length") == 0
    assert await browser.text(f"{row('Power')} dd") == "1.25kW"
    assert await browser.text(f"{row('Uid')} dd") == "A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 AA AB"
    assert await browser.evaluate(f"{input_of('Target')}.value") == "23.5"
    assert await browser.evaluate(f"{input_of('Serial')}.value") == "4000000000"
    assert await browser.evaluate(f"{input_of('Mode')}.value") == "制冷"
    await browser.screenshot(tmp_path / "showcase.png")

    await browser.evaluate(f"{input_of('Key')}.select()")
    await browser.type("nonsense")
    await browser.tap(f"{row('Key')} button")
    assert "十六进制" in await browser.text(f"{row('Key')} .wrong:not([hidden])")
    await browser.screenshot(tmp_path / "wrong.png")
    await browser.evaluate(f"{input_of('Key')}.select()")
    await browser.type("ff 00 a5")
    await browser.tap(f"{row('Key')} button")
    await browser.wait_for(phase("Key", "confirmed"))
    await browser.evaluate(f"{input_of('Target')}.select()")
    await browser.type("18.26")
    await browser.press("Enter", 13, "\r")
    await browser.wait_for(phase("Target", "confirmed"))
    assert showcase.device.written == [{"Key": bytes.fromhex("ff00a50000000000")}, {"Target": 18.3}]


async def test_nothing_sticks_out_of_a_small_screen(
    browser: Chromium, showcase: House, tmp_path: Path
) -> None:
    await browser.viewport(320, 568)
    for language in ("zh-CN", "en-US"):
        await browser.language(language)
        await enter(browser, showcase)
        width, screen = await browser.evaluate(WIDTHS)
        assert width <= screen == 320
        await browser.screenshot(tmp_path / f"small-{language}.png")
    await browser.open(f"{showcase.http}/h5/")
    await browser.wait_for("document.querySelector('.device')")
    width, screen = await browser.evaluate(WIDTHS)
    assert width <= screen == 320


async def test_everything_can_be_reached_and_named_without_a_finger(browser: Chromium, house: House) -> None:
    await enter(browser, house)
    nameless = """[...document.querySelectorAll("button, a, input, select")]
        .filter((it) => !it.ariaLabel && !it.innerText && !it.labels?.length
            && !document.getElementById(it.getAttribute("aria-labelledby"))?.innerText)
        .map((it) => it.outerHTML)"""
    assert await browser.evaluate(nameless) == []
    await browser.evaluate(f"{input_of('LED_OnOff')}.focus()")
    await browser.press(" ", 32, " ")
    await browser.wait_for(phase("LED_OnOff", "confirmed"))
    assert house.device.written == [{"LED_OnOff": True}]


async def test_the_list_leads_to_the_device_and_signing_out_ends_the_session(
    browser: Chromium, house: House, tmp_path: Path
) -> None:
    await enter(browser, house)
    await browser.tap(".back")
    assert await browser.text(".device-name") == "微信宠物屋"
    await browser.screenshot(tmp_path / "list.png")
    await browser.tap(".device")
    await browser.wait_for(READY)
    await browser.tap(".back")
    await browser.wait_for("document.querySelector('.device')")
    await browser.tap("#leave button")
    assert "请从公众号打开" in await browser.text("main.message")
    await browser.screenshot(tmp_path / "signin.png")
    browser.complaints.clear()  # the browser calls a page with status 401 an error


async def test_a_page_whose_device_is_unbound_says_so(
    browser: Chromium, house: House, tmp_path: Path
) -> None:
    await enter(browser, house)
    await house.relay.service.unbind(house.uid, house.device.did)
    assert "已不在您的名下" in await browser.text(".notice[data-kind=unbound]")
    assert await browser.evaluate("document.querySelector('.controls fieldset').disabled")
    await browser.screenshot(tmp_path / "unbound.png")
    await browser.open(f"{house.http}/h5/device/{house.device.did}")
    assert "找不到这台设备" in await browser.text("main.message")
    await browser.screenshot(tmp_path / "no-device.png")
    browser.complaints.clear()  # the browser calls a page with status 404 an error
