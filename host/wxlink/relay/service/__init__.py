"""The relay's use cases: `Service`, and what it gives out."""

from wxlink.relay.service.accounts import Login
from wxlink.relay.service.actor import RIGHTS, ROLES, Actor, operator
from wxlink.relay.service.catalogue import OVERLAP_MAX_S, OVERLAP_S, AppToken
from wxlink.relay.service.control import Latest, control_p0
from wxlink.relay.service.core import Clock, Owned
from wxlink.relay.service.data import (
    AGGREGATORS,
    CMD,
    MOMENT_MAX,
    ONLINE,
    UNITS,
    Aggregate,
    LogPage,
    Past,
    Traffic,
    Window,
)
from wxlink.relay.service.firmware import Checks, Offer, Opened
from wxlink.relay.service.groups import Controlled
from wxlink.relay.service.household import LIST_MAX, PAGE_MAX, ClaimRefused
from wxlink.relay.service.members import TOKEN_DAYS, TOKEN_DAYS_MAX, IssuedToken
from wxlink.relay.service.messages import Letter, Letters
from wxlink.relay.service.pages import PageSession
from wxlink.relay.service.server_push import NOTE_MAX, Issued, PushCommand
from wxlink.relay.service.service import Service
from wxlink.relay.service.sharing import Invited, Invitee, ShownShare
from wxlink.relay.service.throttle import Throttle

__all__ = [
    "AGGREGATORS",
    "CMD",
    "LIST_MAX",
    "MOMENT_MAX",
    "NOTE_MAX",
    "ONLINE",
    "OVERLAP_MAX_S",
    "OVERLAP_S",
    "PAGE_MAX",
    "RIGHTS",
    "ROLES",
    "TOKEN_DAYS",
    "TOKEN_DAYS_MAX",
    "UNITS",
    "Actor",
    "Aggregate",
    "AppToken",
    "Checks",
    "ClaimRefused",
    "Clock",
    "Controlled",
    "Invited",
    "Invitee",
    "Issued",
    "IssuedToken",
    "Latest",
    "Letter",
    "Letters",
    "LogPage",
    "Login",
    "Offer",
    "Opened",
    "Owned",
    "PageSession",
    "Past",
    "PushCommand",
    "Service",
    "ShownShare",
    "Throttle",
    "Traffic",
    "Window",
    "control_p0",
    "operator",
]
