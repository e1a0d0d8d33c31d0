"""Apps, users and their tokens."""

from sqlalchemy import Column, Double, ForeignKey, Index, String, Table, UniqueConstraint

from wxlink.relay.store.schema.base import FINGERPRINT, KEY, NAME, NOTE, metadata

apps = Table(
    "apps",
    metadata,
    Column("appid", KEY, primary_key=True),
    Column("name", NAME, nullable=False),
    Column("secret", KEY, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("uid", KEY, primary_key=True),
    Column(
        "appid", KEY, ForeignKey(apps.c.appid, ondelete="CASCADE")
    ),  # null: a person known through WeChat only
    Column("username", NAME),
    Column("email", NOTE),
    Column("phone_id", NAME),
    Column("password", NOTE),
    Column("lang", String(16), nullable=False),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("appid", "username"),
    UniqueConstraint("appid", "email"),
    UniqueConstraint("appid", "phone_id"),
)

people = Table(
    "people",
    metadata,
    Column("account", NAME, primary_key=True),
    Column("openid", NAME, primary_key=True),
    Column("uid", KEY, ForeignKey(users.c.uid, ondelete="CASCADE"), nullable=False, unique=True),
)

tokens = Table(
    "tokens",
    metadata,
    Column("token", FINGERPRINT, primary_key=True),
    Column("uid", KEY, ForeignKey(users.c.uid, ondelete="CASCADE"), nullable=False),
    Column("appid", KEY, ForeignKey(apps.c.appid, ondelete="CASCADE"), nullable=False),
    Column("expires_at", Double, nullable=False),
    Index(None, "uid", "expires_at"),
)
