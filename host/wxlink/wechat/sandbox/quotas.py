"""How often each call may be made a day."""

from collections import Counter
from collections.abc import Mapping

from wxlink.wechat.sandbox.refusal import Refusal
from wxlink.wechat.tokens import Clock

# A new account's allowance, by path.
DAILY: dict[str, int] = {
    "/cgi-bin/token": 2_000,
    "/cgi-bin/stable_token": 500_000,
    "/cgi-bin/menu/create": 1_000,
    "/cgi-bin/menu/delete": 1_000,
    "/cgi-bin/menu/get": 10_000,
    "/cgi-bin/message/custom/send": 500_000,
    "/cgi-bin/qrcode/create": 100_000,
}
_CHINA_S = 8 * 3600  # a quota day begins at midnight, UTC+8


class Quotas:
    """Counts calls: `used` of `daily`, both by path. The argument replaces some allowances."""

    def __init__(self, clock: Clock, daily: Mapping[str, int] | None = None) -> None:
        self._clock = clock
        self.daily = {**DAILY, **(daily or {})}
        self._day = -1
        self.used: Counter[str] = Counter()

    def count(self, path: str) -> None:
        """Count one call; 45009 when there is none left today."""
        day = int(self._clock() + _CHINA_S) // 86_400
        if day != self._day:
            self._day = day
            self.used.clear()
        if self.used[path] >= self.daily[path]:
            raise Refusal(45009)
        self.used[path] += 1
