"""Identifiers and secrets that the relay draws. All come from the operating system's random source."""

import hashlib
import hmac
import re
import secrets
import string
import uuid
from typing import Final

DID_LENGTH: Final = 22  # characters; modules refuse to publish under any other length
SECRET_LENGTH: Final = 22  # characters of 62 kinds: 130 bits, beyond guessing
CLIENT_ID_DIGITS: Final = 20  # modules copy a client id of at most 23 characters

OBJECT_ID: Final = re.compile(r"[0-9a-f]{24}")

_ALPHABET: Final = string.ascii_letters + string.digits


def new_did() -> str:
    """A device id: 22 letters and digits, case-sensitive."""
    return _draw(DID_LENGTH)


def new_secret() -> str:
    """A secret of letters and digits for a claim, a page ticket or a page session."""
    return _draw(SECRET_LENGTH)


def new_key() -> str:
    """An appid, product key, product secret, uid or token: 32 lower-case hex digits."""
    return secrets.token_hex(16)


def new_object_id() -> str:
    """The id of a timer or a scene: 24 lower-case hex digits."""
    return secrets.token_hex(12)


def new_event_id() -> str:
    """The id of an alert, the same when it is raised and when it is over: a UUID."""
    return str(uuid.uuid4())


def new_client_id() -> str:
    """The id under which an app's request reaches a module: `usr` and 20 digits."""
    return "usr" + "".join(secrets.choice(string.digits) for _ in range(CLIENT_ID_DIGITS))


def is_same(secret: str, given: str) -> bool:
    """Whether a peer gave the secret; takes as long for every wrong text of the same length."""
    return hmac.compare_digest(secret.encode(), given.encode("utf-8", "surrogatepass"))


def fingerprint(secret: str) -> str:
    """SHA-256 hex of a secret: what the store keeps in its place.

    The secrets are random and long, so a plain hash is enough; passwords go through scrypt instead.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _draw(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
