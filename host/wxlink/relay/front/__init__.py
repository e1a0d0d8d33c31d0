"""What stands in front of every API: who calls, how often it may, for how long, and what is noted of it."""

from wxlink.relay.front.access_log import AccessLog
from wxlink.relay.front.caller import CALLER, Caller, Proxies, endpoints
from wxlink.relay.front.connections import Connections, GuardedSite
from wxlink.relay.front.gate import Gate

__all__ = ["CALLER", "AccessLog", "Caller", "Connections", "Gate", "GuardedSite", "Proxies", "endpoints"]
