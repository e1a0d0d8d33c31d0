"""The app HTTP API: `/app/...`, `/status` and `/errors`, as public Gizwits clients call them."""

from wxlink.relay.http_api.routes import OPENAPI_PATH, ROUTES, openapi, setup

__all__ = ["OPENAPI_PATH", "ROUTES", "openapi", "setup"]
