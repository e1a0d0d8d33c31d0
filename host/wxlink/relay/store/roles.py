"""What a user can be to a device, and what that lets them do: the one table of it."""

from collections.abc import Mapping
from enum import Enum
from typing import Final, NamedTuple

SPECIAL: Final = "special"  # the first binder of a device that was never shared
NORMAL: Final = "normal"  # who bound such a device later
OWNER: Final = "owner"  # who shared it, or got it alone
GUEST: Final = "guest"  # who was let in by the owner

EVERYONE: Final = frozenset((SPECIAL, NORMAL, OWNER, GUEST))
HEADS: Final = frozenset((SPECIAL, OWNER))  # a device that has users has exactly one of these


class Act(Enum):
    """What users do with a device."""

    SEE = "see what it reports"
    CONTROL = "control it"
    DESCRIBE = "name it for themselves"
    LEAVE = "give it up"
    SHARE = "invite guests, and take invitations back"
    SEE_GUESTS = "see who has it"
    REMOVE_GUESTS = "take it from a guest"
    TRANSFER = "make a guest its owner"
    ERASE = "erase what it reported"
    UPDATE = "start an update of its firmware"


class Rule(NamedTuple):
    """Who may, and the error code for the others."""

    roles: frozenset[str]
    refused: int


# 9081 and 9093 are the texts of OAdoc; owner-only calls refuse a special user, too, who shares first.
RULES: Final[Mapping[Act, Rule]] = {
    Act.SEE: Rule(EVERYONE, 9017),
    Act.CONTROL: Rule(EVERYONE, 9017),
    Act.DESCRIBE: Rule(EVERYONE, 9017),
    Act.LEAVE: Rule(EVERYONE, 9017),
    Act.SHARE: Rule(HEADS, 9081),
    Act.SEE_GUESTS: Rule(frozenset((OWNER,)), 9093),
    Act.REMOVE_GUESTS: Rule(frozenset((OWNER,)), 9093),
    Act.TRANSFER: Rule(frozenset((OWNER,)), 9093),
    Act.ERASE: Rule(HEADS, 9093),
    Act.UPDATE: Rule(HEADS, 9093),
}
