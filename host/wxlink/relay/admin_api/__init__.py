"""The makers' HTTP API: `/admin/v1/...`, for consoles and programs of a maker."""

from wxlink.relay.admin_api.routes import OPENAPI_PATH, ROUTES, openapi, setup

__all__ = ["OPENAPI_PATH", "ROUTES", "openapi", "setup"]
