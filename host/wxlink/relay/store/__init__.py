"""The relay's store: `Store`, the rows it gives out, and what it raises."""

from wxlink.relay.store.apps import App
from wxlink.relay.store.bindings import NORMAL, SPECIAL, Binding, Bound
from wxlink.relay.store.claims import Redeemed, Refusal
from wxlink.relay.store.commands import (
    CLIENT,
    ENTERPRISE_API,
    GATEWAY,
    OPEN_API,
    SCHEDULER,
    SOURCES,
    Command,
    Origin,
)
from wxlink.relay.store.connections import Passage
from wxlink.relay.store.database import StoreError
from wxlink.relay.store.devices import Device, Health, Identity, Registered
from wxlink.relay.store.hours import HOUR_S, Points, Sums, merge
from wxlink.relay.store.pages import Ticket
from wxlink.relay.store.personal_data import Erased
from wxlink.relay.store.products import Product
from wxlink.relay.store.pushes import Claimed, First, Pending, Replied
from wxlink.relay.store.releases import (
    MCU,
    MODULE,
    TYPES,
    AlreadyThere,
    File,
    Release,
    Rule,
    is_newer,
    lot,
)
from wxlink.relay.store.standing import NO_KEY, NOT_NEEDED, WAITING, Standing, standings
from wxlink.relay.store.states import BATCH_MAX, Kept, Report, State
from wxlink.relay.store.store import Store
from wxlink.relay.store.updates import (
    BLOCKED,
    CONFIRMED,
    FINAL_STATES,
    INSTALLED,
    OFFERED,
    ROLLED_BACK,
    TOLD_STATES,
    Download,
    Progress,
)
from wxlink.relay.store.users import NameTaken, Token, User

__all__ = [
    "BATCH_MAX",
    "BLOCKED",
    "CLIENT",
    "CONFIRMED",
    "ENTERPRISE_API",
    "FINAL_STATES",
    "GATEWAY",
    "HOUR_S",
    "INSTALLED",
    "MCU",
    "MODULE",
    "NORMAL",
    "NOT_NEEDED",
    "NO_KEY",
    "OFFERED",
    "OPEN_API",
    "ROLLED_BACK",
    "SCHEDULER",
    "SOURCES",
    "SPECIAL",
    "TOLD_STATES",
    "TYPES",
    "WAITING",
    "AlreadyThere",
    "App",
    "Binding",
    "Bound",
    "Claimed",
    "Command",
    "Device",
    "Download",
    "Erased",
    "File",
    "First",
    "Health",
    "Identity",
    "Kept",
    "NameTaken",
    "Origin",
    "Passage",
    "Pending",
    "Points",
    "Product",
    "Progress",
    "Redeemed",
    "Refusal",
    "Registered",
    "Release",
    "Replied",
    "Report",
    "Rule",
    "Standing",
    "State",
    "Store",
    "StoreError",
    "Sums",
    "Ticket",
    "Token",
    "User",
    "is_newer",
    "lot",
    "merge",
    "standings",
]
