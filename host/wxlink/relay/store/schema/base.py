"""The types that columns of many tables share, and the names of constraints."""

from sqlalchemy import BigInteger, Integer, MetaData, String

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

KEY = String(32)  # appid, product key, uid: hex digits
DID = String(22)
FINGERPRINT = String(64)
NAME = String(128)
NOTE = String(255)
PHONE = String(24)
EVENT = String(36)  # a UUID
OBJECT_ID = String(24)  # hex digits, as clients know timers, scenes, groups and messages
NUMBER = BigInteger().with_variant(Integer, "sqlite")  # a key that the database counts up
