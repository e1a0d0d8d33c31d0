"""How messages reach people outside of the relay: text messages and letters, by the operator's own means."""

from wxlink.relay.couriers.choice import courier_of
from wxlink.relay.couriers.console import Console
from wxlink.relay.couriers.message import Courier, Letter, NotSent, Text
from wxlink.relay.couriers.post import Post
from wxlink.relay.couriers.webhook import Webhook

__all__ = ["Console", "Courier", "Letter", "NotSent", "Post", "Text", "Webhook", "courier_of"]
