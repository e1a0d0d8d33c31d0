"""A relay with a user who is bound to one device."""

from typing import Any, NamedTuple

from pages.page_device import PageDevice

from wxlink.relay.app import Relay
from wxlink.relay.store import Product

GOKIT_VALUES: dict[str, Any] = {
    "LED_OnOff": False,
    "LED_Color": "自定义",
    "LED_R": 120,
    "LED_G": 0,
    "LED_B": 254,
    "Motor_Speed": 0,
    "Infrared": False,
    "Temperature": 26,
    "Humidity": 55,
    "Alert_1": False,
    "Alert_2": False,
    "Fault_LED": False,
    "Fault_Motor": False,
    "Fault_TemHum": False,
    "Fault_IR": False,
}


class House(NamedTuple):
    """A relay that runs, a user, and the device that the user is bound to (registered, off-line)."""

    relay: Relay
    http: str
    uid: str
    device: PageDevice

    async def link(self) -> str:
        """What the chat sends: an address that opens the device's page once."""
        ticket = await self.relay.service.issue_page_ticket(self.uid, self.device.did)
        return f"{self.http}/h5/enter/{ticket}"


async def open_house(relay: Relay, definition: dict[str, Any], values: dict[str, Any]) -> House:
    """Add product, device, user and binding to a relay that runs."""
    product = Product(definition["product_key"], definition["name"], "0" * 32, definition)
    await relay.store.products.put(product)
    http = f"http://127.0.0.1:{relay.http_port}"
    device = PageDevice(definition, dict(values))
    await device.register(http)
    uid = await relay.service.person("demo", "oPerson")
    await relay.service.redeem_claim(uid, await relay.service.issue_claim(device.did))
    return House(relay, http, uid, device)
