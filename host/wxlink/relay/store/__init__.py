"""The relay's store: `Store`, the rows it gives out, and what it raises."""

from wxlink.relay.store.alerts import Alert
from wxlink.relay.store.apps import App, AppTaken, HasUsers
from wxlink.relay.store.audit import OK, SOURCE, Entry, Wanted, told_otherwise, user_account
from wxlink.relay.store.bindings import Binding, Bound, OtherMakers
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
from wxlink.relay.store.devices import Device, Health, Identity, Registered, Room
from wxlink.relay.store.groups import DEVICES_A_GROUP, Group, Member, NamedGroup
from wxlink.relay.store.guest_lists import Guest, Listed, ShareFilter, SharePage
from wxlink.relay.store.hours import HOUR_S, Points, Sums, merge
from wxlink.relay.store.makers import DEFAULT_MAKER, QUOTAS, Maker, MakerTaken, QuotaReached
from wxlink.relay.store.member_tokens import SESSION, Held, MemberToken
from wxlink.relay.store.members import MAKER_OWNER, LastOwner, MakerMember, MemberTaken, TooManyMembers
from wxlink.relay.store.messages import Message, MessagePage
from wxlink.relay.store.notifications import Notification
from wxlink.relay.store.order import PointOrder, Position
from wxlink.relay.store.pages import Ticket
from wxlink.relay.store.peek import Peek, peek
from wxlink.relay.store.personal_data import Erased
from wxlink.relay.store.products import HasDevices, Product, ProductTaken
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
from wxlink.relay.store.roles import EVERYONE, GUEST, HEADS, NORMAL, OWNER, RULES, SPECIAL, Act
from wxlink.relay.store.runs import Run, Step
from wxlink.relay.store.scenes import Scene
from wxlink.relay.store.share_states import ACCEPTED, BY_QR, CANCELLED, PENDING, REFUSED, TO_USER
from wxlink.relay.store.shares import Draft, Share
from wxlink.relay.store.snoti_deliveries import Event, Turn
from wxlink.relay.store.snoti_events import EVENT_TYPES
from wxlink.relay.store.snoti_keys import SnotiKey
from wxlink.relay.store.snoti_queues import (
    EVERY_PRODUCT,
    SUBKEYS_MAX,
    Backlog,
    Queue,
    Subscription,
    TooManyQueues,
)
from wxlink.relay.store.standing import NO_KEY, NOT_NEEDED, WAITING, Standing, standings
from wxlink.relay.store.states import BATCH_MAX, Applied, Kept, Report, State
from wxlink.relay.store.store import Store
from wxlink.relay.store.timers import Timer
from wxlink.relay.store.trouble import StoreError, passes
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
from wxlink.relay.store.usage import Used
from wxlink.relay.store.users import NameTaken, Token, User

__all__ = [
    "ACCEPTED",
    "BATCH_MAX",
    "BLOCKED",
    "BY_QR",
    "CANCELLED",
    "CLIENT",
    "CONFIRMED",
    "DEFAULT_MAKER",
    "DEVICES_A_GROUP",
    "ENTERPRISE_API",
    "EVENT_TYPES",
    "EVERYONE",
    "EVERY_PRODUCT",
    "FINAL_STATES",
    "GATEWAY",
    "GUEST",
    "HEADS",
    "HOUR_S",
    "INSTALLED",
    "MAKER_OWNER",
    "MCU",
    "MODULE",
    "NORMAL",
    "NOT_NEEDED",
    "NO_KEY",
    "OFFERED",
    "OK",
    "OPEN_API",
    "OWNER",
    "PENDING",
    "QUOTAS",
    "REFUSED",
    "ROLLED_BACK",
    "RULES",
    "SCHEDULER",
    "SESSION",
    "SOURCE",
    "SOURCES",
    "SPECIAL",
    "SUBKEYS_MAX",
    "TOLD_STATES",
    "TO_USER",
    "TYPES",
    "WAITING",
    "Act",
    "Alert",
    "AlreadyThere",
    "App",
    "AppTaken",
    "Applied",
    "Backlog",
    "Binding",
    "Bound",
    "Claimed",
    "Command",
    "Device",
    "Download",
    "Draft",
    "Entry",
    "Erased",
    "Event",
    "File",
    "First",
    "Group",
    "Guest",
    "HasDevices",
    "HasUsers",
    "Health",
    "Held",
    "Identity",
    "Kept",
    "LastOwner",
    "Listed",
    "Maker",
    "MakerMember",
    "MakerTaken",
    "Member",
    "MemberTaken",
    "MemberToken",
    "Message",
    "MessagePage",
    "NameTaken",
    "NamedGroup",
    "Notification",
    "Origin",
    "OtherMakers",
    "Passage",
    "Peek",
    "Pending",
    "PointOrder",
    "Points",
    "Position",
    "Product",
    "ProductTaken",
    "Progress",
    "Queue",
    "QuotaReached",
    "Redeemed",
    "Refusal",
    "Registered",
    "Release",
    "Replied",
    "Report",
    "Room",
    "Rule",
    "Run",
    "Scene",
    "Share",
    "ShareFilter",
    "SharePage",
    "SnotiKey",
    "Standing",
    "State",
    "Step",
    "Store",
    "StoreError",
    "Subscription",
    "Sums",
    "Ticket",
    "Timer",
    "Token",
    "TooManyMembers",
    "TooManyQueues",
    "Turn",
    "Used",
    "User",
    "Wanted",
    "is_newer",
    "lot",
    "merge",
    "passes",
    "peek",
    "standings",
    "told_otherwise",
    "user_account",
]
