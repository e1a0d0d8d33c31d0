"""The WebSocket API between apps and devices."""

from wxlink.relay.ws_api.limits import Limits
from wxlink.relay.ws_api.ws_api import PATH, WsApi

__all__ = ["PATH", "Limits", "WsApi"]
