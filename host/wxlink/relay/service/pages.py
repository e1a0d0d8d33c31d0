"""How a browser proves to the H5 pages who its user is."""

from typing import Final, NamedTuple

from wxlink.relay.errors import ApiError
from wxlink.relay.ids import fingerprint, new_key, new_secret
from wxlink.relay.service.accounts import TOKEN_MAX, Login
from wxlink.relay.service.core import Core
from wxlink.relay.settings import DAY_S
from wxlink.relay.store import App, Ticket, Token

PAGES_APPID: Final = b"wxlink-pages".hex().ljust(32, "0")  # the app that the pages are to the app APIs
PAGE_TOKEN_LIFE_S: Final = 3_600  # a page fetches another with its cookie whenever it needs one
RENEW_AFTER_S: Final = DAY_S  # a session in use is prolonged once a day, not at every request


class PageSession(NamedTuple):
    """A browser's session. `secret` goes into a cookie and nowhere else; `did` is the page to open."""

    secret: str
    uid: str
    did: str | None
    expires_at: float


class PageVisit(NamedTuple):
    """Who a session's browser belongs to; `renewed` says that the cookie is to be set again, for longer."""

    uid: str
    expires_at: float
    renewed: bool


class Pages(Core):
    """Use cases of the H5 pages."""

    async def issue_page_ticket(self, uid: str, did: str | None = None) -> str:
        """A ticket for a link that is sent to the user; it opens one session.

        Raises ApiError 9014 or 9017 when it names a device that the user is not bound to.
        """
        if did is not None:
            await self.device(uid, did)
        ticket = new_secret()
        expires_at = self.clock() + self.settings.page_ticket_life_s
        await self.store.pages.add_ticket(fingerprint(ticket), Ticket(uid, did), expires_at)
        return ticket

    async def redeem_page_ticket(self, ticket: str, current: str = "") -> PageSession:
        """Use up a ticket and open a session.

        `current` is the session that the browser shows already. When it is the same user's it goes on, and
        then a used ticket still tells which page to open, since people tap the old links of a chat. Another
        user's ends. Raises ApiError 9004 when the ticket is unknown, expired, or used without such a session.
        """
        shown = None
        if ticket and len(ticket) <= TOKEN_MAX:
            shown = await self.store.pages.use_ticket(fingerprint(ticket), self.clock())
        if shown is None:
            raise ApiError(9004, "the link is too old; ask for a new one in WeChat")
        uid, did = shown.ticket
        try:
            visit = await self.page_session(current)
        except ApiError:
            pass
        else:
            if visit.uid == uid:
                return PageSession(current, uid, did, visit.expires_at)
        if not shown.first:
            raise ApiError(9004, "the link was used; ask for a new one in WeChat")
        await self.end_page_session(current)
        return await self.open_page_session(uid, did)

    async def open_page_session(self, uid: str, did: str | None = None) -> PageSession:
        """A session for a user who has proved who they are."""
        secret, expires_at = new_secret(), self.clock() + self.settings.page_session_life_s
        entry = await self.user_entry(uid, "page.login", "")
        await self.store.pages.add_session(fingerprint(secret), uid, expires_at, entry)
        return PageSession(secret, uid, did, expires_at)

    async def page_session(self, secret: str) -> PageVisit:
        """Whose session it is; visits prolong it. Raises ApiError 9004 when it is unknown or expired."""
        session, now = None, self.clock()
        if secret and len(secret) <= TOKEN_MAX:
            session = await self.store.pages.session(fingerprint(secret), now)
        if session is None:
            raise ApiError(9004)
        latest = now + self.settings.page_session_life_s
        if latest - session.expires_at < RENEW_AFTER_S:
            return PageVisit(session.uid, session.expires_at, False)
        await self.store.pages.renew_session(fingerprint(secret), latest)
        return PageVisit(session.uid, latest, True)

    async def end_page_session(self, secret: str) -> None:
        """Close a session; nothing happens when there is none."""
        await self.store.pages.end_session(fingerprint(secret))

    async def page_login(self, uid: str) -> Login:
        """A token of the app APIs for the user of a page, for an hour."""
        if await self.store.apps.get(PAGES_APPID) is None:
            await self.store.apps.put(App(PAGES_APPID, "H5 pages", new_key(), None))
        token, expires_at = new_key(), self.clock() + PAGE_TOKEN_LIFE_S
        await self.store.users.add_token(fingerprint(token), Token(uid, PAGES_APPID, expires_at))
        return Login(uid, token, int(expires_at))
