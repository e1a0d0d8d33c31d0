"""What the relay's tests stand on: an app, a product, a clock to set, a wire that keeps what is sent."""

from dataclasses import dataclass, field
from typing import Any

from wxlink.relay.store import Product
from wxproto import envelope

APPID = "aabbccdd00112233445566778899eeff"
PRODUCT_KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
PRODUCT_SECRET = "00112233445566778899aabbccddeeff"
MAC = "a1b2c3d4e5f6"
PASSCODE = "GHTKLMWABQ"
NOW = 1_700_000_000.0


@dataclass
class Clock:
    """Unix seconds, as the test wants them."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class Wire:
    """Stands where the MQTT client stands: keeps what is published; `down` says that the broker is away."""

    messages: list[tuple[str, bytes]] = field(default_factory=list)
    down: bool = False

    def publish(self, topic: str, payload: bytes) -> None:
        if self.down:
            raise ConnectionError("the broker is away")
        self.messages.append((topic, payload))

    def last(self) -> tuple[str, envelope.Envelope]:
        """The client id and the envelope that were sent last."""
        topic, data = self.messages[-1]
        return topic.rpartition("/")[2], envelope.decode(data)

    def p0s(self, did: str) -> list[bytes]:
        """The P0 bytes sent to a device so far."""
        return [
            envelope.decode(data).p0 for topic, data in self.messages if topic.startswith(f"app2dev/{did}/")
        ]


def point(
    number: int, name: str, data_type: str, kind: str = "status_writable", **more: Any
) -> dict[str, Any]:
    """One data point of a product file."""
    return {
        "id": number,
        "name": name,
        "display_name": name,
        "desc": "",
        "type": kind,
        "data_type": data_type,
        "position": {"byte_offset": 0, "bit_offset": 0, "unit": "byte", **more.pop("position", {})},
        **more,
    }


def lamp(product_key: str = PRODUCT_KEY, form: str = "standard") -> Product:
    """A product with one data point of each kind of value."""
    definition = {
        "name": "demo lamp",
        "product_key": product_key,
        "protocolType": form,
        "entities": [
            {
                "id": 0,
                "name": "entity0",
                "display_name": "demo lamp",
                "attrs": [
                    point(0, "LED_OnOff", "bool"),
                    point(1, "Colour", "enum", enum=["自定义", "黄色", "紫色"]),
                    point(2, "LED_R", "uint8", uint_spec={"min": 0, "max": 254, "ratio": 1, "addition": 0}),
                    point(3, "binary", "binary", position={"len": 5}),
                    point(
                        4,
                        "Temperature",
                        "uint8",
                        kind="status_readonly",
                        uint_spec={"min": 0, "max": 200, "ratio": 0.5, "addition": -13},
                    ),
                ],
            }
        ],
    }
    return Product(product_key, "demo lamp", PRODUCT_SECRET, definition)
