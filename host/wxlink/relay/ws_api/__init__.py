"""The WebSocket API between apps and devices."""

from wxlink.relay.ws_api.asyncapi import ASYNCAPI_PATH, document
from wxlink.relay.ws_api.limits import Limits
from wxlink.relay.ws_api.ws_api import PATH, WsApi

__all__ = ["ASYNCAPI_PATH", "PATH", "Limits", "WsApi", "document"]
