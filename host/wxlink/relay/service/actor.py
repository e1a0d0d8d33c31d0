"""Who changes things for a maker, and what they may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from wxlink.relay.errors import ApiError
from wxlink.relay.store import MAKER_OWNER

READ: Final = "read"
DEVICES: Final = "devices"
PRODUCTS: Final = "products"
APPS: Final = "apps"
MEMBERS: Final = "members"
AUDIT: Final = "audit"
OPERATE: Final = "operate"
"""Makers themselves: of the relay's operator only, no role has it."""

# What a token's scope is made of.
RIGHTS: Final[Mapping[str, str]] = {
    READ: "see products, apps, devices, members and usage; no secret is ever shown again",
    DEVICES: "lock, unlock, hand over and remove devices, issue binding codes",
    PRODUCTS: "add, change and remove products, rotate their secrets",
    APPS: "add, change and remove apps, rotate their secrets",
    MEMBERS: "add and remove members, give roles and passwords, end others' tokens",
    AUDIT: "read the audit log",
}

ROLES: Final[Mapping[str, frozenset[str]]] = {
    MAKER_OWNER: frozenset(RIGHTS),
    "admin": frozenset(RIGHTS) - {MEMBERS},
    "viewer": frozenset({READ}),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who may change things. maker: theirs; None: the operator, who may for every maker.

    account: as it stands in the audit log. member and token: ids, 0 for the operator. session: came with a
    password, not with a token made for a program.
    """

    account: str
    maker: int | None
    rights: frozenset[str]
    member: int = 0
    token: int = 0
    session: bool = False

    @property
    def name(self) -> str:
        """The name without what kind of account it is."""
        return self.account.partition(" ")[2]

    def need(self, right: str) -> None:
        """Raises ApiError 9093 without this right."""
        if right not in self.rights:
            raise ApiError(9093, f"this needs the right `{right}`; ask an owner for a role or token with it")

    def of(self, maker: int) -> bool:
        """Whether things of this maker are theirs to see."""
        return self.maker is None or self.maker == maker


def operator(name: str, maker: int | None = None) -> Actor:
    """The relay's operator, for one maker or for all."""
    return Actor(f"operator {name}", maker, frozenset(RIGHTS) | {OPERATE}, session=True)
