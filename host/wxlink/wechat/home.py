"""What the conversation and the callback need of the house they stand in; the relay fulfils it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Language(StrEnum):
    """The two languages of the conversation."""

    ZH = "zh"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who talks to an account: an openid means nothing without its appid."""

    appid: str
    openid: str


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A bound device as a person reads it: (label, value) texts in the language asked for.

    `reported`: whether it ever sent its data; even then no value may be worth showing (quiet alarms).
    """

    did: str
    name: str
    online: bool
    reported: bool
    values: tuple[tuple[str, str], ...]


class Refusal(StrEnum):
    """Why a binding code did not bind."""

    EXPIRED = "expired"
    USED = "used"
    UNKNOWN = "unknown"
    OWNED = "owned"


class Home(Protocol):
    """People and their devices."""

    async def claim(self, person: Person, scene: str, language: Language) -> DeviceView | Refusal:
        """Bind the device of a `bind:…` scene to the person; their second try gives the device again."""

    async def devices(self, person: Person, language: Language, limit: int) -> Sequence[DeviceView]:
        """The person's devices, oldest binding first, at most `limit`."""

    async def page_link(self, person: Person, did: str) -> str | None:
        """An address that opens the device's page for this person; None when the house has no pages."""

    async def forget(self, person: Person) -> None:
        """The person has left: remove their bindings."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer to `PushLog.claim`."""

    first: bool
    """True for exactly one caller a key: the one who does the work."""
    reply: str | None
    """The reply remembered for the key; None when there is none (yet)."""


class PushLog(Protocol):
    """Which pushes were seen; shared by every process of the house.

    It remembers a push for as long as its timestamp is taken, so that nobody can play it again.
    """

    async def claim(self, account: str, key: str) -> Claim:
        """Take the push with this key, atomically over all processes."""

    async def remember(self, account: str, key: str, reply: str) -> None:
        """Keep the reply for the retries of this push; the empty text says that there is nothing to say."""
