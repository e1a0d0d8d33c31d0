"""The relay's way in: what devices publish is stored, acknowledged and told to the bus."""

from typing import Protocol

from wxlink.relay.ingest.intake import Intake
from wxlink.relay.ingest.jetstream_ingest import JetStreamIngest
from wxlink.relay.ingest.link import Endpoint
from wxlink.relay.ingest.mqtt_ingest import MqttIngest
from wxlink.relay.ingest.telling import Answers

__all__ = ["Answers", "Endpoint", "Ingest", "Intake", "JetStreamIngest", "MqttIngest"]


class Ingest(Protocol):
    """What the rest of the relay knows of it, whichever broker is behind."""

    @property
    def connected(self) -> bool:
        """True while messages flow."""

    @property
    def unstored(self) -> int:
        """Messages that have arrived and are not yet acknowledged."""

    @property
    def undecipherable(self) -> int:
        """Messages since the start that said nothing."""

    def start(self) -> None:
        """Begin to connect and to store."""

    async def wait_up(self, within_s: float) -> None:
        """Wait for the session. Raises ConnectionError."""

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1. Raises ConnectionError when the broker is away."""

    async def stop(self) -> None:
        """Store and acknowledge what has arrived, then disconnect."""
