"""Who one unit is: what its label, its flash and the ledger hold."""

import dataclasses
import re
import secrets
import string
from typing import Final, Self

from wxlink.flash.problem import FlashError

PASSCODE_ALPHABET: Final = string.ascii_uppercase[:25]  # A..Y, as GAgent draws it
PASSCODE_SIZE: Final = 10
# One case, and of each pair that looks alike (0 o, 1 i l, 2 z, 5 s, 6 8 b, g q, u v) none: a person types it.
PASSWORD_ALPHABET: Final = "acdefhjkmnprtwxy3479"  # noqa: S105 - the letters, not a password
PASSWORD_SIZE: Final = 12  # 51 bits: years of guessing at what was heard of one set-up
UPDATE_KEY_SIZE: Final = 32  # bytes: the length of SHA-256, which it keys

_MAC: Final = re.compile(r"[0-9a-f]{12}")
_PRODUCT_KEY: Final = re.compile(r"[0-9a-f]{32}")
_DID: Final = re.compile(r"[0-9A-Za-z]{22}")


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """One unit.

    mac: 12 lower-case hex digits of the chip's station address. product_key: 32. did: 22, None until known.
    passcode: 10 letters A..Y. ap_password: of its own access point. update_key: 32 bytes, keys updates.
    """

    mac: str
    product_key: str
    passcode: str = dataclasses.field(repr=False)
    ap_password: str = dataclasses.field(repr=False)
    update_key: bytes = dataclasses.field(repr=False)
    did: str | None = None

    @classmethod
    def draw(cls, mac: str, product_key: str) -> Self:
        """A new identity from the system's random source. Raises FlashError for a bad mac or product key."""
        return cls(
            mac=parse_mac(mac),
            product_key=parse_product_key(product_key),
            passcode=_pick(PASSCODE_ALPHABET, PASSCODE_SIZE),
            ap_password=_pick(PASSWORD_ALPHABET, PASSWORD_SIZE),
            update_key=secrets.token_bytes(UPDATE_KEY_SIZE),
        )

    @property
    def ssid(self) -> str:
        """Name of the access point that the unit opens for set-up."""
        return f"XPG-GAgent-{self.mac[-4:].upper()}"


def parse_mac(text: str) -> str:
    """A MAC address in any usual spelling as 12 lower-case hex digits. Raises FlashError."""
    mac = text.strip().lower().replace(":", "").replace("-", "")
    if not _MAC.fullmatch(mac) or int(mac[:2], 16) & 1 or not int(mac, 16):
        raise FlashError(f"{text!r} is no MAC address of a chip; it looks like 24:6f:28:aa:bb:cc")
    return mac


def parse_product_key(text: str) -> str:
    """A product key as 32 lower-case hex digits. Raises FlashError."""
    key = text.strip().lower()
    if not _PRODUCT_KEY.fullmatch(key):
        raise FlashError(
            "the product key must be 32 hex digits: take it from the product file or the console"
        )
    return key


def parse_did(text: str) -> str:
    """A did as it is: 22 letters and digits. Raises FlashError."""
    if not _DID.fullmatch(text):
        raise FlashError("the did must be 22 letters and digits: take it from the relay")
    return text


def _pick(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
