"""WeChat's error codes: what each one asks the client and the owner to do."""

from dataclasses import dataclass
from enum import Enum, auto


class Action(Enum):
    """What the client does about a refused call."""

    RETRY = auto()
    """WeChat is busy: wait and try again, twice at most."""
    REFRESH = auto()
    """The access token is no good: fetch one, try again once; refused again, leave the call for a minute."""
    HOLD_MINUTE = auto()
    """Leave this call alone for a minute: too fast, or something the owner has to mend first."""
    HOLD_HOUR = auto()
    """The account lacks this interface: passive replies only, look again in an hour."""
    HOLD_DAY = auto()
    """The day's quota is used up: leave this call alone until midnight in China."""
    RAISE = auto()
    """The caller decides: it concerns one person or one request."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The action and a sentence for the owner."""

    action: Action
    advice: str


MENU_MISSING = 46003

RULES: dict[int, Rule] = {
    -1: Rule(Action.RETRY, "WeChat is busy; try again later"),
    40001: Rule(Action.REFRESH, "check the AppSecret: it is wrong or was reset"),
    40003: Rule(Action.RAISE, "the openid belongs to another account or to nobody"),
    40013: Rule(Action.HOLD_MINUTE, "check the AppID"),
    40014: Rule(Action.REFRESH, "the access token is malformed"),
    40033: Rule(Action.RAISE, "the body holds \\uXXXX escapes; WeChat wants UTF-8"),
    40125: Rule(Action.HOLD_MINUTE, "check the AppSecret: it is wrong or was reset"),
    40164: Rule(Action.HOLD_MINUTE, "add the address named by WeChat to the account's IP list"),
    40243: Rule(Action.HOLD_MINUTE, "the AppSecret is frozen; unfreeze it in the account's settings"),
    42001: Rule(Action.REFRESH, "the access token expired"),
    43004: Rule(Action.RAISE, "the person does not follow the account"),
    43019: Rule(Action.RAISE, "the person is on the account's block list"),
    43101: Rule(Action.RAISE, "the person refused notices or none is left"),
    45009: Rule(Action.HOLD_DAY, "the daily quota of this call is used up"),
    45011: Rule(Action.HOLD_MINUTE, "too many calls a minute"),
    45015: Rule(Action.RAISE, "the person has not written or clicked lately: customer messages are closed"),
    45047: Rule(Action.RAISE, "the person has to write again before more customer messages may be sent"),
    46003: Rule(Action.RAISE, "the account has no menu"),
    47001: Rule(Action.RAISE, "WeChat cannot parse the body"),
    48001: Rule(Action.HOLD_HOUR, "this interface is not granted; most need a verified account"),
    48002: Rule(Action.RAISE, "the person refuses messages"),
    48004: Rule(Action.HOLD_HOUR, "WeChat has banned this interface for the account; see its notices"),
    50002: Rule(Action.HOLD_HOUR, "WeChat has restricted the account; see its notices"),
}
_UNLISTED = Rule(Action.RAISE, "see WeChat's list of return codes")


def rule_of(code: int) -> Rule:
    """The rule of a code; for an unlisted code the caller decides."""
    return RULES.get(code, _UNLISTED)
