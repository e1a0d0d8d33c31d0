"""One user's data: handed out and forgotten, in one call each."""

from typing import Any

from wxlink.relay.errors import ApiError
from wxlink.relay.events import BindingChanged
from wxlink.relay.service.core import Core
from wxlink.relay.store import Erased, told_otherwise


class PersonalData(Core):
    """Use cases of the law: what is known of a user belongs to the user."""

    async def export_user(self, uid: str) -> dict[str, list[dict[str, Any]]]:
        """All that is known of a user, by table, without secrets; what devices of theirs alone reported, too.

        Raises ApiError 9005 when there is no such user.
        """
        told = await self.store.personal_data.export(uid)
        if "users" not in told:
            raise ApiError(9005)
        return told

    async def erase_user(self, uid: str) -> Erased:
        """Forget a user for good, with what devices reported that nobody else has. Raises ApiError 9005."""
        entry = await self.user_entry(uid, "user.erase", "")
        with told_otherwise():
            erased = await self.store.personal_data.erase(uid, self.clock(), entry)
        if not erased.rows.get("users"):
            raise ApiError(9005)
        for loser, did in erased.lost:
            self.bus.publish(BindingChanged(loser, did, False))
        return erased
