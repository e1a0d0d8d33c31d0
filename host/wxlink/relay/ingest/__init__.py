"""The relay's way in: what devices publish is stored, acknowledged and told to the bus."""

from typing import Protocol

from wxlink.relay.ingest.link import Endpoint
from wxlink.relay.ingest.mqtt_ingest import Answers, MqttIngest

__all__ = ["Answers", "Endpoint", "Ingest", "MqttIngest"]


class Ingest(Protocol):
    """What the rest of the relay knows of it, whichever broker is behind."""

    @property
    def connected(self) -> bool:
        """True while messages flow."""

    def start(self) -> None:
        """Begin to connect and to store."""

    async def wait_up(self, within_s: float) -> None:
        """Wait for the session. Raises ConnectionError."""

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1. Raises ConnectionError when the broker is away."""

    async def stop(self) -> None:
        """Store and acknowledge what has arrived, then disconnect."""
