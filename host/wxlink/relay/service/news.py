"""What people are to be told: for those who send it on, by WeChat or otherwise; and what alerts there are."""

from typing import Final

from wxlink.relay.errors import ApiError
from wxlink.relay.service.core import Core
from wxlink.relay.store import Alert, Notification

CLAIM_MAX: Final = 100  # notifications in one claim
LEASE_S: Final = 60.0  # how long a sender has for what it claimed


class News(Core):
    """Use cases of alerts and of the notification outbox."""

    async def alerts(self, uid: str, did: str, limit: int, *, lasting: bool = False) -> list[Alert]:
        """Alerts and faults of one of the user's devices, the newest first. Raises ApiError 9014, 9017."""
        await self.device(uid, did)
        return await self.store.alerts.of_device(did, limit, lasting=lasting)

    async def claim_notifications(
        self, limit: int = CLAIM_MAX, lease_s: float = LEASE_S
    ) -> list[Notification]:
        """The next notifications to send, the caller's until the lease is over. Tell how each went."""
        if not 0 < limit <= CLAIM_MAX:
            raise ApiError(9015, f"a claim is of 1 to {CLAIM_MAX} notifications")
        return await self.store.notifications.claim(self.clock(), limit, lease_s)

    async def notification_sent(self, number: int) -> None:
        """It reached the service that delivers it."""
        await self.store.notifications.done(number)

    async def notification_failed(self, number: int, reason: str, again_after_s: float | None = None) -> None:
        """It did not; None: it never will. The reason holds no secret."""
        again_at = None if again_after_s is None else self.clock() + again_after_s
        await self.store.notifications.failed(number, reason, again_at)
