"""What devices do without a user at hand: scenes, timers, rules, and the runs of all three."""

from sqlalchemy import JSON, Boolean, Column, Double, ForeignKey, Index, Integer, String, Table

from wxlink.relay.store.schema.accounts import users
from wxlink.relay.store.schema.base import DID, KEY, NAME, NOTE, NUMBER, OBJECT_ID, metadata
from wxlink.relay.store.schema.devices import devices
from wxlink.relay.store.schema.sharing import groups

scenes = Table(
    "scenes",
    metadata,
    Column("id", OBJECT_ID, primary_key=True),
    Column("uid", KEY, ForeignKey(users.c.uid, ondelete="CASCADE"), nullable=False),
    Column("name", NAME, nullable=False),
    Column("remark", NOTE, nullable=False),
    Column("tasks", JSON, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Index(None, "uid", "created_at"),
)

timers = Table(
    "timers",
    metadata,
    Column("id", OBJECT_ID, primary_key=True),
    Column("uid", KEY, ForeignKey(users.c.uid, ondelete="CASCADE"), nullable=False),
    Column("did", DID, ForeignKey(devices.c.did, ondelete="CASCADE")),
    Column("group_id", OBJECT_ID, ForeignKey(groups.c.id, ondelete="CASCADE")),
    Column("scene_id", OBJECT_ID, ForeignKey(scenes.c.id, ondelete="CASCADE")),
    Column("product_key", KEY, nullable=False),
    Column("steps", JSON, nullable=False),
    Column("fields", JSON, nullable=False),  # date, time, repeat and so on, as the client wrote them
    Column("enabled", Boolean, nullable=False),
    Column("remark", NOTE, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("next_at", Double),  # null: it is due no more, or disabled
    Index(None, "uid", "created_at"),
    Index(None, "did"),
    Index(None, "group_id"),
    Index(None, "scene_id"),
    Index(None, "next_at"),
)

rules = Table(
    "rules",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("uid", KEY, ForeignKey(users.c.uid, ondelete="CASCADE"), nullable=False),
    Column("did", DID, ForeignKey(devices.c.did, ondelete="CASCADE"), nullable=False),
    Column("name", NAME, nullable=False),
    Column("remark", NOTE, nullable=False),
    Column("event", String(8), nullable=False),
    Column("body", JSON, nullable=False),  # event_attr, input, condition, output, as the client wrote them
    Column("interval_s", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
    Column("held", Boolean, nullable=False),  # whether the condition was true when it was last looked at
    Column("fired_at", Double),
    Column("window_at", Double, nullable=False),  # since when `window_count` counts firings
    Column("window_count", Integer, nullable=False),
    Column("paused_until", Double, nullable=False),
    Index(None, "uid"),
    Index(None, "did"),
    Index(None, "changed_at"),
)

# One run of a timer, a scene or an output group of a rule; also the log of timers. It goes with its origin.
runs = Table(
    "runs",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("uid", KEY, ForeignKey(users.c.uid, ondelete="CASCADE"), nullable=False),
    Column("timer_id", OBJECT_ID, ForeignKey(timers.c.id, ondelete="CASCADE")),
    Column("scene_id", OBJECT_ID, ForeignKey(scenes.c.id, ondelete="CASCADE")),
    Column("rule_id", Integer, ForeignKey(rules.c.id, ondelete="CASCADE")),
    Column("due_at", Double, nullable=False),
    Column("state", String(8), nullable=False),
    Column("steps", JSON, nullable=False),
    Column("position", Integer, nullable=False),  # steps done
    Column("outcomes", JSON, nullable=False),
    Column("wakes_at", Double),  # when its next step is due, or its sender given up; null: it is over
    Index(None, "timer_id", "due_at"),
    Index(None, "scene_id", "due_at"),
    Index(None, "rule_id", "due_at"),
    Index(None, "uid"),
    Index(None, "wakes_at"),
    Index(None, "due_at"),
)
