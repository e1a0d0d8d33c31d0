"""Users: who they are and how they prove it."""

import re
from dataclasses import dataclass
from typing import Final

from wxlink.relay.downlink import Downlink
from wxlink.relay.errors import ApiError
from wxlink.relay.events import Bus
from wxlink.relay.ids import fingerprint, new_key
from wxlink.relay.service.core import Clock, Core, check_text
from wxlink.relay.service.passwords import PASSWORD_MAX, Passwords
from wxlink.relay.service.throttle import Throttle
from wxlink.relay.settings import RelaySettings
from wxlink.relay.store import NameTaken, Store, Token, User

NAME_MAX: Final = 128  # characters of a user name or phone id
EMAIL_MAX: Final = 254  # characters, RFC 5321 4.5.3.1.3
TOKEN_MAX: Final = 128  # characters; ours have 32, longer texts are not worth a hash
LANGUAGES: Final = ("en", "zh-cn")
_APPID: Final = re.compile(r"[0-9A-Za-z]{1,32}")
LOGIN_FAILURES: Final = 10  # wrong passwords for a name...
LOGIN_WINDOW_S: Final = 300  # ...in this time; the next are refused without a look


@dataclass(frozen=True, slots=True)
class Login:
    """A log-in that succeeded; `expire_at` in unix seconds."""

    uid: str
    token: str
    expire_at: int


class Accounts(Core):
    """Use cases of users."""

    def __init__(
        self, store: Store, bus: Bus, downlink: Downlink, settings: RelaySettings, clock: Clock
    ) -> None:
        super().__init__(store, bus, downlink, settings, clock)
        self._passwords = Passwords()
        self._failures = Throttle(LOGIN_FAILURES, LOGIN_WINDOW_S)

    async def check_app(self, appid: str) -> None:
        """Raises ApiError 9003 when there is no such app."""
        if not _APPID.fullmatch(appid) or await self.store.apps.get(appid) is None:
            raise ApiError(9003)

    async def anonymous_user(self, appid: str, phone_id: str, lang: str = "en") -> Login:
        """Log in as the user with this phone id, who is made at the first time.

        Raises ApiError: 9003 no such app, 9015 the phone id is empty or too long.
        """
        await self.check_app(appid)
        check_text("phone_id", phone_id, NAME_MAX, 1)
        user = await self.store.users.anonymous(appid, phone_id, new_key(), _language(lang), self.clock())
        return await self.issue_token(appid, user.uid)

    async def named_user(
        self,
        appid: str,
        password: str,
        *,
        username: str | None = None,
        email: str | None = None,
        lang: str = "en",
    ) -> Login:
        """Make a user who logs in with a name or an e-mail address, and log in.

        Weak passwords pass: public clients register them.
        Raises ApiError: 9003 no such app, 9015 something is empty or too long, 9019 the name is taken, 9022
        the address is taken or none, 9041 too many at once.
        """
        await self.check_app(appid)
        check_text("password", password, PASSWORD_MAX, 1)
        if email is not None:
            check_text("email", email, EMAIL_MAX, 1)
            if "@" not in email.strip("@"):
                raise ApiError(9022, "an e-mail address has the form name@host")
            email = email.lower()
        else:
            check_text("username", username or "", NAME_MAX, 1)
        hashed = await self._passwords.hash(password)
        user = User(new_key(), appid, username, email, None, hashed, _language(lang), self.clock())
        try:
            await self.store.users.add_named(user)
        except NameTaken as error:
            raise ApiError(9019 if email is None else 9022) from error
        return await self.issue_token(appid, user.uid)

    async def login(self, appid: str, username: str, password: str) -> Login:
        """Log in with a name or an e-mail address.

        Raises ApiError: 9003 no such app, 9015 a text is too long, 9020 wrong name or password (both take as
        long), 9041 too many wrong passwords for this name, or too many log-ins at once.
        """
        await self.check_app(appid)
        check_text("username", username, EMAIL_MAX)
        check_text("password", password, PASSWORD_MAX)
        key, now = (appid, username.lower()), self.clock()
        if self._failures.is_full(key, now):
            raise ApiError(9041, f"too many wrong passwords; wait {LOGIN_WINDOW_S // 60} minutes")
        # Counted before the hash is worked out: guesses that come together must not all pass the check above.
        self._failures.count(key, now)
        user = await self.store.users.named(appid, username)
        right = await self._passwords.matches(password, None if user is None else user.password)
        if user is None or not right:
            raise ApiError(9020)
        self._failures.forget(key)
        return await self.issue_token(appid, user.uid)

    async def issue_token(self, appid: str, uid: str) -> Login:
        """A token for a user who has proved who they are; earlier ones stay valid."""
        token, expires_at = new_key(), self.clock() + self.settings.token_life_s
        await self.store.users.add_token(fingerprint(token), Token(uid, appid, expires_at))
        return Login(uid, token, int(expires_at))

    async def authenticate(self, appid: str, token: str) -> str:
        """The uid that the token of this app stands for.

        Raises ApiError: 9003 no such app, 9004 the token is unknown, of another app, or expired (clients
        renew on 9004 and do not know 9006).
        """
        await self.check_app(appid)
        if not token or len(token) > TOKEN_MAX:
            raise ApiError(9004)
        known = await self.store.users.token(fingerprint(token))
        if known is None or known.appid != appid or known.expires_at <= self.clock():
            raise ApiError(9004)
        return known.uid

    async def user(self, uid: str) -> User:
        """The user. Raises ApiError 9005 when there is none."""
        user = await self.store.users.get(uid)
        if user is None:
            raise ApiError(9005)
        return user


def _language(lang: str) -> str:
    return lang if lang in LANGUAGES else LANGUAGES[0]
