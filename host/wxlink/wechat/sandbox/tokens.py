"""Access tokens as WeChat hands them out: stable ones and ordinary ones, and when each dies."""

import re
import secrets
from dataclasses import dataclass

from wxlink.wechat.sandbox.refusal import Refusal
from wxlink.wechat.tokens import Clock

TOKEN_LIFE_S = 7200
HAND_OVER_S = 300  # before the end of a stable token a new one is handed out; the old one stays valid
FORCE_GAP_S = 30
FORCES_A_DAY = 20
_DAY_S = 86_400
_SHAPE = re.compile(r"[0-9A-Za-z_-]{100,512}")


@dataclass(slots=True)
class _Issued:
    value: str
    ends_at: float


class TokenOffice:
    """All tokens of one account."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends: dict[str, float] = {}  # also those that ended, to tell 42001 from 40001
        self._stable: _Issued | None = None
        self._ordinary: _Issued | None = None
        self._forced_at: list[float] = []

    def stable(self, force: bool = False) -> tuple[str, int]:
        """`stable_token`: the token and its remaining seconds. A forced one ends the former at once."""
        now = self._clock()
        if force:
            self._count_force(now)
            if self._stable:
                self._ends[self._stable.value] = now
        elif self._stable and self._stable.ends_at - now > HAND_OVER_S:
            return self._stable.value, int(self._stable.ends_at - now)
        self._stable = self._issue(now)
        return self._stable.value, TOKEN_LIFE_S

    def ordinary(self) -> tuple[str, int]:
        """`token`: always a new one; the former lives on for a few minutes."""
        now = self._clock()
        if self._ordinary:
            self._ends[self._ordinary.value] = min(self._ordinary.ends_at, now + HAND_OVER_S)
        self._ordinary = self._issue(now)
        return self._ordinary.value, TOKEN_LIFE_S

    def check(self, value: str | None) -> None:
        """Raise the refusal of a token that is missing, malformed, unknown or expired."""
        if not value:
            raise Refusal(41001)
        if not _SHAPE.fullmatch(value):
            raise Refusal(40014)
        if value not in self._ends:
            raise Refusal(40001)
        if self._clock() >= self._ends[value]:
            raise Refusal(42001)

    def revoke(self) -> None:
        """Forget every token, as when the owner resets the AppSecret."""
        self._ends.clear()
        self._stable = self._ordinary = None

    def _issue(self, now: float) -> _Issued:
        self._ends = {value: end for value, end in self._ends.items() if end > now - _DAY_S}
        issued = _Issued(secrets.token_urlsafe(102), now + TOKEN_LIFE_S)
        self._ends[issued.value] = issued.ends_at
        return issued

    def _count_force(self, now: float) -> None:
        self._forced_at = [at for at in self._forced_at if at > now - _DAY_S]
        if self._forced_at and now - self._forced_at[-1] < FORCE_GAP_S:
            raise Refusal(45011)
        if len(self._forced_at) >= FORCES_A_DAY:
            raise Refusal(45009)
        self._forced_at.append(now)
