"""How a browser proves to the H5 pages who its user is."""

from typing import NamedTuple

from wxlink.relay.errors import ApiError
from wxlink.relay.ids import fingerprint, new_secret
from wxlink.relay.service.accounts import TOKEN_MAX
from wxlink.relay.service.core import Core
from wxlink.relay.store import Ticket


class PageSession(NamedTuple):
    """A session that was opened. `secret` goes into a cookie and nowhere else; `did` is the page to open."""

    secret: str
    uid: str
    did: str | None
    expires_at: float


class Pages(Core):
    """Use cases of the H5 pages."""

    async def issue_page_ticket(self, uid: str, did: str | None = None) -> str:
        """A ticket for a link that is sent to the user; it opens one session, within minutes.

        Raises ApiError 9014 or 9017 when it names a device that the user is not bound to.
        """
        if did is not None:
            await self.device(uid, did)
        ticket = new_secret()
        expires_at = self.clock() + self.settings.page_ticket_life_s
        await self.store.pages.add_ticket(fingerprint(ticket), Ticket(uid, did), expires_at)
        return ticket

    async def redeem_page_ticket(self, ticket: str) -> PageSession:
        """Use up a ticket and open a session. Raises ApiError 9004 when it is unknown, used or expired."""
        used = None
        if ticket and len(ticket) <= TOKEN_MAX:
            used = await self.store.pages.use_ticket(fingerprint(ticket), self.clock())
        if used is None:
            raise ApiError(9004, "the link was used or is too old; ask for a new one in WeChat")
        return await self.open_page_session(used.uid, used.did)

    async def open_page_session(self, uid: str, did: str | None = None) -> PageSession:
        """A session for a user who has proved who they are."""
        secret, expires_at = new_secret(), self.clock() + self.settings.page_session_life_s
        await self.store.pages.add_session(fingerprint(secret), uid, expires_at)
        return PageSession(secret, uid, did, expires_at)

    async def page_session(self, secret: str) -> str:
        """The uid of a session. Raises ApiError 9004 when it is unknown or expired."""
        uid = None
        if secret and len(secret) <= TOKEN_MAX:
            uid = await self.store.pages.session(fingerprint(secret), self.clock())
        if uid is None:
            raise ApiError(9004)
        return uid

    async def end_page_session(self, secret: str) -> None:
        """Close a session; nothing happens when there is none."""
        await self.store.pages.end_session(fingerprint(secret))
