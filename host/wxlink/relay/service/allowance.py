"""How much each user and each app may ask for, over all APIs."""

from collections.abc import Callable

from wxlink.relay.errors import ApiError
from wxlink.relay.rates import Buckets
from wxlink.relay.settings import TrafficLimits


class Allowance:
    """Counts what users do once they have proved who they are: nobody can use up another's share."""

    def __init__(self, limits: TrafficLimits, clock: Callable[[], float]) -> None:
        self._users = Buckets(limits.rate("user"))
        self._apps = Buckets(limits.rate("app"))
        self._clock = clock
        self.on_refused: Callable[[str], None] = lambda _limit: None
        """Called with `user` or `app` for each refusal."""

    def take(self, uid: str, appid: str) -> None:
        """Count one request. Raises ApiError 9041."""
        now = self._clock()
        if not self._users.take(uid, now):
            self.on_refused("user")
            raise ApiError(9041, "too many requests of this user; wait a second")
        if not self._apps.take(appid, now):
            self.on_refused("app")
            raise ApiError(9041, "too many requests through this app; wait a second")
