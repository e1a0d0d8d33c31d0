"""Apps, users, and how they prove who they are."""

from sqlalchemy import JSON, Column, Double, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from wxlink.relay.store.schema.base import FINGERPRINT, KEY, NAME, NOTE, PHONE, metadata
from wxlink.relay.store.schema.makers import makers

apps = Table(
    "apps",
    metadata,
    Column("appid", KEY, primary_key=True),
    Column("name", NAME, nullable=False),
    Column("secret", KEY, nullable=False),
    Column("maker", Integer, ForeignKey(makers.c.id)),  # null: the relay's own, open to every maker's devices
    Column("former_secret", KEY),
    Column("former_until", Double),
    Index(None, "maker"),
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
    Column("phone", PHONE),
    Column("phone_id", NAME),
    Column("password", NOTE),
    Column("lang", String(16), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("profile", JSON, nullable=False, server_default="{}"),
    UniqueConstraint("appid", "username"),
    UniqueConstraint("appid", "email"),
    UniqueConstraint("appid", "phone_id"),
    Index(None, "appid", "phone", unique=True),
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

# Users of other platforms: who logs in by a token of theirs.
platform_users = Table(
    "platform_users",
    metadata,
    Column("appid", KEY, ForeignKey(apps.c.appid, ondelete="CASCADE"), primary_key=True),
    Column("platform", String(16), primary_key=True),
    Column("subject", NAME, primary_key=True),
    Column("uid", KEY, ForeignKey(users.c.uid, ondelete="CASCADE"), nullable=False),
    Index(None, "uid"),
)

# Codes of text messages that can be used; one a number and app.
codes = Table(
    "codes",
    metadata,
    Column("appid", KEY, ForeignKey(apps.c.appid, ondelete="CASCADE"), primary_key=True),
    Column("phone", PHONE, primary_key=True),
    Column("code", FINGERPRINT, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("sent_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Index(None, "expires_at"),
)

captchas = Table(
    "captchas",
    metadata,
    Column("captcha", FINGERPRINT, primary_key=True),
    Column("answer", FINGERPRINT),  # null until its picture was drawn
    Column("tries", Integer, nullable=False),
    Column("expires_at", Double, nullable=False),
    Index(None, "expires_at"),
)

# Links in letters to people who forgot their password.
password_links = Table(
    "password_links",
    metadata,
    Column("link", FINGERPRINT, primary_key=True),
    Column("uid", KEY, ForeignKey(users.c.uid, ondelete="CASCADE"), nullable=False),
    Column("expires_at", Double, nullable=False),
    Index(None, "uid"),
    Index(None, "expires_at"),
)
