"""How fast something may go on for one key: buckets of tokens, in bounded memory."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final

KEYS_MAX: Final = 10_000  # keys remembered, about 1.5 MB; the one not seen for longest is forgotten
IPV6_OWN_BITS: Final = 64  # of an address the lower half is its owner's to choose (RFC 4291 2.5.1)
_ROUNDING: Final = 1e-3  # of a token; unix seconds as floats have about 0.2 us


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, and `per_s` in the long run; 0 a second says that there is no limit."""

    per_s: float
    burst: int


NO_LIMIT: Final = Rate(0, 1)


class Buckets:
    """A bucket for each key. It keeps one number a key: the time at which the bucket will be full again."""

    def __init__(self, rate: Rate, keys_max: int = KEYS_MAX) -> None:
        self._step_s = 1 / rate.per_s if rate.per_s else 0.0
        self._room_s = (rate.burst - 1) * self._step_s
        self._keys_max = keys_max
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()

    def take(self, key: Hashable, now: float) -> bool:
        """Take a token; False when the bucket is empty. `now` in seconds."""
        if not self._step_s:
            return True
        full_at = max(self._full_at.get(key, now), now)
        if full_at - now > self._room_s + 2 * self._step_s:
            full_at = now  # the clock was set back; no bucket can be that empty
        if full_at - now > self._room_s + _ROUNDING * self._step_s:
            return False
        self._full_at[key] = full_at + self._step_s
        self._full_at.move_to_end(key)
        if len(self._full_at) > self._keys_max:
            self._full_at.popitem(last=False)
        return True

    def __len__(self) -> int:
        """Keys remembered."""
        return len(self._full_at)


def owner_of(address: str) -> str:
    """Whom an address belongs to: itself, of IPv6 its network, as one subscriber has all of that."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(IPv6Address(int(parsed) >> IPV6_OWN_BITS << IPV6_OWN_BITS))
