"""The generated Home Assistant package against a live relay: it reads the state, and its control arrives."""

from pathlib import Path

import aiohttp
from codegen.assistant import Assistant
from live import COLOURS, PRODUCTS, Device, live_house, until
from relay_ground import APPID

from wxlink.product import from_definition
from wxproto import envelope
from wxproto.p0 import CONTROL, Codec


async def test_a_package_polls_and_controls_a_device(tmp_path: Path) -> None:
    (definition,) = [one.definition for one in PRODUCTS if one.product_key == COLOURS]
    product_file = from_definition(definition, "lamp")
    codec = Codec(product_file.product)
    assistant = Assistant(product_file, "zh")
    async with live_house(tmp_path) as house, aiohttp.ClientSession() as web:
        device = await house.device(product_key=COLOURS)
        app = await house.app("phone-1", device)
        relay = f"http://127.0.0.1:{house.relay.http_port}"
        secrets = {
            "lamp_latest": f"{relay}/app/devdata/{device.did}/latest",
            "lamp_control": f"{relay}/app/control/{device.did}",
            "wxlink_appid": APPID,
            "wxlink_token": app.token,
        }

        def reveal(value: str) -> str:
            return secrets[value.removeprefix("secret:")]

        await app.login()
        report = codec.encode_report({"boolean": True, "LED_Color": "紫色", "binary": b"\x01"})
        await device.report(report)
        await app.receive()
        (poll,) = assistant.package["rest"]
        headers = {name: reveal(value) for name, value in poll["headers"].items()}
        async with web.get(reveal(poll["resource"]), headers=headers) as answer:
            assistant.poll(await answer.json())
        assert (assistant.state("boolean"), assistant.state("LED_Color")) == (True, "紫色")

        assistant.act(assistant.entities["LED_Color"][1]["select_option"], option="粉色")
        command = assistant.package["rest_command"]["lamp_control"]
        headers = {name: reveal(value) for name, value in command["headers"].items()}
        async with web.post(reveal(command["url"]), headers=headers, json=assistant.sent[-1]) as answer:
            assert (answer.status, await answer.json()) == (200, {})
        await until(lambda: controls(device))
        assert codec.decode_control(controls(device)[0]) == {"LED_Color": "粉色"}


def controls(device: Device) -> list[bytes]:
    """P0 of the controls that came to a device; others read its state."""
    found = [envelope.decode(payload).p0 for _, payload, _ in device.commands()]
    return [p0 for p0 in found if p0[0] == CONTROL]
