"""The relay's tables: one schema, valid for SQLite and for PostgreSQL.

Times are unix seconds as floating-point numbers. Secrets that only have to be recognised (tokens, claims,
tickets, sessions, downloads) are stored as SHA-256 (`ids.fingerprint`), passwords as scrypt; a product
secret, a device's passcode and its update key are stored in clear: the signature of bind_mac, the module
protocol and the proof of an update need their text.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    false,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_KEY = String(32)  # appid, product key, uid: hex digits
_DID = String(22)
_FINGERPRINT = String(64)
_NAME = String(128)
_NOTE = String(255)

apps = Table(
    "apps",
    metadata,
    Column("appid", _KEY, primary_key=True),
    Column("name", _NAME, nullable=False),
    Column("secret", _KEY, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("uid", _KEY, primary_key=True),
    Column(
        "appid", _KEY, ForeignKey(apps.c.appid, ondelete="CASCADE")
    ),  # null: a person known through WeChat only
    Column("username", _NAME),
    Column("email", _NOTE),
    Column("phone_id", _NAME),
    Column("password", _NOTE),
    Column("lang", String(16), nullable=False),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("appid", "username"),
    UniqueConstraint("appid", "email"),
    UniqueConstraint("appid", "phone_id"),
)

people = Table(
    "people",
    metadata,
    Column("account", _NAME, primary_key=True),
    Column("openid", _NAME, primary_key=True),
    Column("uid", _KEY, ForeignKey(users.c.uid, ondelete="CASCADE"), nullable=False, unique=True),
)

tokens = Table(
    "tokens",
    metadata,
    Column("token", _FINGERPRINT, primary_key=True),
    Column("uid", _KEY, ForeignKey(users.c.uid, ondelete="CASCADE"), nullable=False),
    Column("appid", _KEY, ForeignKey(apps.c.appid, ondelete="CASCADE"), nullable=False),
    Column("expires_at", Double, nullable=False),
    Index(None, "uid", "expires_at"),
)

products = Table(
    "products",
    metadata,
    Column("product_key", _KEY, primary_key=True),
    Column("name", _NAME, nullable=False),
    Column("secret", _KEY, nullable=False),
    Column("definition", JSON, nullable=False),
)

devices = Table(
    "devices",
    metadata,
    Column("did", _DID, primary_key=True),
    Column("product_key", _KEY, ForeignKey(products.c.product_key), nullable=False),
    Column("mac", String(64), nullable=False),
    Column("passcode", String(16), nullable=False),
    Column("online", Boolean, nullable=False),
    Column("connection", String(16), nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("state_at", Double, nullable=False),
    Column("registered_at", Double, nullable=False),
    Column("update_key", _FINGERPRINT),
    Column("health", JSON(none_as_null=True)),
    Column("health_at", Double),
    UniqueConstraint("product_key", "mac"),
)

bindings = Table(
    "bindings",
    metadata,
    Column("uid", _KEY, ForeignKey(users.c.uid, ondelete="CASCADE"), primary_key=True),
    Column("did", _DID, ForeignKey(devices.c.did, ondelete="CASCADE"), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("remark", _NOTE, nullable=False),
    Column("alias", _NOTE, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("created_at", Double, nullable=False),
    Index(None, "did", "created_at"),
)

states = Table(
    "states",
    metadata,
    Column("did", _DID, ForeignKey(devices.c.did, ondelete="CASCADE"), primary_key=True),
    Column("updated_at", Double, nullable=False),
    Column("attrs", JSON, nullable=False),
)

# Without a foreign key on purpose: a report outlives a device that was reset, until its time is up.
history = Table(
    "history",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("did", _DID, nullable=False),
    Column("at", Double, nullable=False),
    Column("cmd", Integer, nullable=False),
    Column("p0", LargeBinary, nullable=False),
    Index(None, "did", "at"),
)

claims = Table(
    "claims",
    metadata,
    Column("claim", _FINGERPRINT, primary_key=True),
    Column("did", _DID, ForeignKey(devices.c.did, ondelete="CASCADE"), nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("used_by", _KEY, ForeignKey(users.c.uid, ondelete="SET NULL")),
    Column("used", Boolean, nullable=False),
    Index(None, "did", "expires_at"),
)

page_tickets = Table(
    "page_tickets",
    metadata,
    Column("ticket", _FINGERPRINT, primary_key=True),
    Column("uid", _KEY, ForeignKey(users.c.uid, ondelete="CASCADE"), nullable=False),
    Column("did", _DID, ForeignKey(devices.c.did, ondelete="CASCADE")),
    Column("expires_at", Double, nullable=False),
    Column("used", Boolean, nullable=False, server_default=false()),
    Index(None, "uid", "expires_at"),
)

page_sessions = Table(
    "page_sessions",
    metadata,
    Column("session", _FINGERPRINT, primary_key=True),
    Column("uid", _KEY, ForeignKey(users.c.uid, ondelete="CASCADE"), nullable=False),
    Column("expires_at", Double, nullable=False),
    Index(None, "uid", "expires_at"),
)

pushes = Table(
    "pushes",
    metadata,
    Column("push", _NOTE, primary_key=True),
    Column("reply", LargeBinary),
    Column("expires_at", Double, nullable=False),
    Index(None, "expires_at"),
)

releases = Table(
    "releases",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("type", Integer, nullable=False),
    Column("version", String(8), nullable=False),
    Column("product_key", _KEY, nullable=False),  # empty: of every product; a module knows none
    Column("sha256", _FINGERPRINT, nullable=False),
    Column("md5", _KEY, nullable=False),
    Column("size", Integer, nullable=False),
    Column("suffix", String(4), nullable=False),
    Column("notes", String(1000), nullable=False),
    Column("stopped", Boolean, nullable=False),
    Column("revision", Integer, nullable=False),  # grows with each change, so that a running relay notices
    Column("created_at", Double, nullable=False),
    UniqueConstraint("type", "product_key", "version"),
)

# Whom a release is for: this share of all devices, of one product's, or of one device (then 0 or 100).
rollouts = Table(
    "rollouts",
    metadata,
    Column("release", Integer, ForeignKey(releases.c.id, ondelete="CASCADE"), primary_key=True),
    Column("product_key", _KEY, primary_key=True),
    Column("did", _DID, primary_key=True),
    Column("percent", Integer, nullable=False),
)

device_updates = Table(
    "device_updates",
    metadata,
    Column("did", _DID, ForeignKey(devices.c.did, ondelete="CASCADE"), primary_key=True),
    Column("release", Integer, ForeignKey(releases.c.id, ondelete="CASCADE"), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("percent", Integer, nullable=False),
    Column("reason", _NOTE, nullable=False),
    Column("at", Double, nullable=False),
    Index(None, "release"),
)

downloads = Table(
    "downloads",
    metadata,
    Column("token", _FINGERPRINT, primary_key=True),
    Column("did", _DID, ForeignKey(devices.c.did, ondelete="CASCADE")),  # null: asked for without a device
    Column("release", Integer, ForeignKey(releases.c.id, ondelete="CASCADE"), nullable=False),
    Column("expires_at", Double, nullable=False),
    Index(None, "did", "expires_at"),
    Index(None, "expires_at"),
)
