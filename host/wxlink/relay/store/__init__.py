"""The relay's store: `Store`, the rows it gives out, and what it raises."""

from wxlink.relay.store.apps import App
from wxlink.relay.store.bindings import NORMAL, SPECIAL, Binding, Bound
from wxlink.relay.store.claims import Redeemed, Refusal
from wxlink.relay.store.database import StoreError
from wxlink.relay.store.devices import Device, Health, Identity, Registered
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
    "CONFIRMED",
    "FINAL_STATES",
    "INSTALLED",
    "MCU",
    "MODULE",
    "NORMAL",
    "NOT_NEEDED",
    "NO_KEY",
    "OFFERED",
    "ROLLED_BACK",
    "SPECIAL",
    "TOLD_STATES",
    "TYPES",
    "WAITING",
    "AlreadyThere",
    "App",
    "Binding",
    "Bound",
    "Claimed",
    "Device",
    "Download",
    "Erased",
    "File",
    "First",
    "Health",
    "Identity",
    "Kept",
    "NameTaken",
    "Pending",
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
    "Ticket",
    "Token",
    "User",
    "is_newer",
    "lot",
    "standings",
]
