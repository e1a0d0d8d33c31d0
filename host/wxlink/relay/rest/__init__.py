"""HTTP APIs as tables of routes: bodies and queries are checked models, and OpenAPI reads the same."""

from wxlink.relay.rest.call import AppCall, Call, UserCall
from wxlink.relay.rest.openapi import document
from wxlink.relay.rest.route import Given, Route, add_routes
from wxlink.relay.rest.words import Limit, Page

__all__ = ["AppCall", "Call", "Given", "Limit", "Page", "Route", "UserCall", "add_routes", "document"]
