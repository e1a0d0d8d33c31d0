"""The people who use the sandbox's WeChat: whether they follow, what they may be sent, and their chat."""

import re
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

from wxlink.wechat.sandbox.refusal import Refusal
from wxlink.wechat.tokens import Clock

DEMO_OPENID = "oSANDBOX0000000000000000demo"
MAX_PEOPLE = 1000
MAX_LINES = 200  # of one chat; older ones go
OPENID = re.compile(r"o[0-9A-Za-z_-]{27}")


@dataclass(frozen=True, slots=True)
class Grant:
    """How many customer messages an action of the person opens, and for how many seconds."""

    messages: int
    life_s: float


AFTER_MESSAGE = Grant(5, 48 * 3600)
AFTER_EVENT = Grant(3, 60)  # following, scanning, or a click in the menu


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chat: who is user, account or system; via says how an account's line came."""

    who: str
    text: str
    at: float
    via: str = ""


@dataclass(slots=True)
class _Allowance:
    ends_at: float
    left: int


@dataclass(slots=True)
class Someone:
    """One person and their chat with the account."""

    openid: str
    following: bool = False
    allowances: list[_Allowance] = field(default_factory=list)
    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=MAX_LINES))

    def chat(self) -> list[dict[str, Any]]:
        """The chat as plain data, oldest line first."""
        return [asdict(line) for line in self.lines]


class People:
    """Everybody who ever touched the account."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, Someone] = {}

    def get(self, openid: str) -> Someone:
        """The person, made on first sight; ValueError for an openid that WeChat would not give out."""
        if openid not in self._known:
            if not OPENID.fullmatch(openid):
                raise ValueError("an openid is 'o' and 27 letters, digits, hyphens or underscores")
            if len(self._known) >= MAX_PEOPLE:
                raise ValueError(f"the sandbox holds at most {MAX_PEOPLE} people")
            self._known[openid] = Someone(openid)
        return self._known[openid]

    def say(self, someone: Someone, who: str, text: str, via: str = "") -> None:
        """Add a line to the person's chat."""
        someone.lines.append(Line(who, text, self._clock(), via))

    def grant(self, someone: Someone, grant: Grant) -> None:
        """Open an allowance of customer messages."""
        now = self._clock()
        someone.allowances = [one for one in someone.allowances if one.ends_at > now]
        someone.allowances.append(_Allowance(now + grant.life_s, grant.messages))

    def receive(self, openid: object, text: str) -> None:
        """A customer message to this person; raises the refusal when it may not be sent."""
        someone = self._known.get(openid) if isinstance(openid, str) else None
        if someone is None:
            raise Refusal(40003)
        if not someone.following:
            raise Refusal(43004)
        now = self._clock()
        running = [one for one in someone.allowances if one.ends_at > now]
        if not running:
            raise Refusal(45015)
        usable = [one for one in running if one.left]
        if not usable:
            raise Refusal(45047)
        min(usable, key=lambda one: one.ends_at).left -= 1
        self.say(someone, "account", text, "customer message")
