"""The relay's store: `Store`, the rows it gives out, and what it raises."""

from wxlink.relay.store.apps import App
from wxlink.relay.store.bindings import NORMAL, SPECIAL, Binding, Bound
from wxlink.relay.store.claims import Redeemed, Refusal
from wxlink.relay.store.database import StoreError
from wxlink.relay.store.devices import Device, Identity, Registered
from wxlink.relay.store.pages import Ticket
from wxlink.relay.store.products import Product
from wxlink.relay.store.pushes import Claimed, First, Pending, Replied
from wxlink.relay.store.states import BATCH_MAX, Kept, Report, State
from wxlink.relay.store.store import Store
from wxlink.relay.store.users import NameTaken, Token, User

__all__ = [
    "BATCH_MAX",
    "NORMAL",
    "SPECIAL",
    "App",
    "Binding",
    "Bound",
    "Claimed",
    "Device",
    "First",
    "Identity",
    "Kept",
    "NameTaken",
    "Pending",
    "Product",
    "Redeemed",
    "Refusal",
    "Registered",
    "Replied",
    "Report",
    "State",
    "Store",
    "StoreError",
    "Ticket",
    "Token",
    "User",
]
