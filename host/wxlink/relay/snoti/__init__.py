"""Server push (SNoti): a maker's servers hear of devices, acknowledge, and send commands, over TLS."""

from wxlink.relay.snoti.limits import Limits
from wxlink.relay.snoti.server import Snoti

__all__ = ["Limits", "Snoti"]
