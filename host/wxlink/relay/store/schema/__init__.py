"""The relay's tables, one file a noun: one schema, valid for SQLite and for PostgreSQL.

Times are unix seconds as floating-point numbers. Secrets that only have to be recognised (tokens, claims,
tickets, sessions, downloads, keys of server push) are stored as SHA-256 (`ids.fingerprint`), passwords as
scrypt; the secrets of products and apps, a device's passcode and its update key are stored in clear: the
signatures of bind_mac and request_token, the module protocol and the proof of an update need their text.
"""

from wxlink.relay.store.schema.accounts import (
    apps,
    captchas,
    codes,
    password_links,
    people,
    platform_users,
    tokens,
    users,
)
from wxlink.relay.store.schema.alerts import alerts, notifications
from wxlink.relay.store.schema.audit import audit
from wxlink.relay.store.schema.automations import rules, runs, scenes, timers
from wxlink.relay.store.schema.base import metadata
from wxlink.relay.store.schema.devices import bindings, claims, devices, history, leases, products, states
from wxlink.relay.store.schema.doors import old_modules
from wxlink.relay.store.schema.logs import commands, connections, hours, random_codes
from wxlink.relay.store.schema.makers import app_tokens, makers, member_tokens, members, registry, usage
from wxlink.relay.store.schema.pages import page_sessions, page_tickets, pushes
from wxlink.relay.store.schema.releases import device_updates, downloads, releases, rollouts
from wxlink.relay.store.schema.sharing import group_devices, groups, messages, shares
from wxlink.relay.store.schema.snoti import snoti_events, snoti_keys, snoti_queues, snoti_relays

__all__ = [
    "alerts",
    "app_tokens",
    "apps",
    "audit",
    "bindings",
    "captchas",
    "claims",
    "codes",
    "commands",
    "connections",
    "device_updates",
    "devices",
    "downloads",
    "group_devices",
    "groups",
    "history",
    "hours",
    "leases",
    "makers",
    "member_tokens",
    "members",
    "messages",
    "metadata",
    "notifications",
    "old_modules",
    "page_sessions",
    "page_tickets",
    "password_links",
    "people",
    "platform_users",
    "products",
    "pushes",
    "random_codes",
    "registry",
    "releases",
    "rollouts",
    "rules",
    "runs",
    "scenes",
    "shares",
    "snoti_events",
    "snoti_keys",
    "snoti_queues",
    "snoti_relays",
    "states",
    "timers",
    "tokens",
    "usage",
    "users",
]
