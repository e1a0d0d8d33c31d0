"""Users: who they are and how they prove it."""

import re
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from wxlink.relay.errors import ApiError
from wxlink.relay.ids import fingerprint, new_key
from wxlink.relay.service.core import check_text
from wxlink.relay.service.passwords import PASSWORD_MAX, Passwords
from wxlink.relay.service.throttle import Throttle
from wxlink.relay.service.verification import Verification
from wxlink.relay.store import App, NameTaken, Token, User, user_account

NAME_MAX: Final = 128  # characters of a user name or phone id
EMAIL_MAX: Final = 254  # characters, RFC 5321 4.5.3.1.3
TOKEN_MAX: Final = 128  # characters; ours have 32, longer texts are not worth a hash
PLATFORM_TOKEN_MAX: Final = 4_096  # characters; those of Google are JWTs
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


class Accounts(Verification):
    """Use cases of users."""

    @cached_property
    def _passwords(self) -> Passwords:
        return Passwords()

    @cached_property
    def _failures(self) -> Throttle:
        return Throttle(LOGIN_FAILURES, LOGIN_WINDOW_S)

    async def check_app(self, appid: str) -> None:
        """Raises ApiError 9003 when there is no such app, or its maker is locked."""
        await self.app(appid)

    async def app(self, appid: str) -> App:
        """The app. Raises ApiError 9003 when there is none, or its maker is locked."""
        app = await self.store.apps.get(appid) if _APPID.fullmatch(appid) else None
        if app is None:
            raise ApiError(9003)
        if app.maker is not None and (await self.maker(app.maker)).disabled:
            raise ApiError(9003, "the app's maker is locked; ask the relay's operator")
        return app

    async def anonymous_user(self, appid: str, phone_id: str, lang: str = "en") -> Login:
        """Log in as the user with this phone id, who is made at the first time.

        Raises ApiError: 9003 no such app, 9012 a new user is beyond the quota, 9015 the phone id is empty or
        too long.
        """
        most = await self._users_quota(await self.app(appid))
        check_text("phone_id", phone_id, NAME_MAX, 1)
        user = await self.store.users.anonymous(
            appid, phone_id, new_key(), _language(lang), self.clock(), most=most
        )
        return await self.issue_token(appid, user.uid)

    async def named_user(
        self,
        appid: str,
        password: str,
        *,
        username: str | None = None,
        email: str | None = None,
        phone: str | None = None,
        code: str = "",
        lang: str = "en",
    ) -> Login:
        """Make a user who logs in with a name, an e-mail address or a phone number, and log in.

        Weak passwords pass: public clients register them. A number needs the code that was sent to it.
        Raises ApiError: 9003 no such app, 9009 or 9010 the code, 9012 beyond the quota, 9015 something is
        empty or too long, 9018 the number, 9019 the name or 9022 the address is taken or none, 9041 too many
        at once.
        """
        most = await self._users_quota(await self.app(appid))
        check_text("password", password, PASSWORD_MAX, 1)
        if phone is not None:
            await self.check_code(appid, phone, code, use=True)
        elif email is not None:
            email = checked_email(email)
        else:
            check_text("username", username or "", NAME_MAX, 1)
        hashed = await self._passwords.hash(password)
        user = User(
            new_key(), appid, username, email, None, hashed, _language(lang), self.clock(), phone=phone
        )
        try:
            await self.store.users.add_named(user, most)
        except NameTaken as error:
            raise ApiError(9018 if phone else 9022 if email else 9019) from error
        return await self.issue_token(appid, user.uid)

    async def login(self, appid: str, username: str, password: str) -> Login:
        """Log in with a name, an e-mail address or a phone number.

        Raises ApiError: 9003 no such app, 9015 a text is too long, 9020 wrong name or password (both take as
        long), 9041 too many wrong passwords for this name, or too many log-ins at once.
        """
        app = await self.app(appid)
        check_text("username", username, EMAIL_MAX)
        check_text("password", password, PASSWORD_MAX)
        user = await self.store.users.named(appid, username)
        stored = None if user is None else user.password
        try:
            await self._guarded((appid, username.lower()), password, stored)
            if user is None:
                raise ApiError(9020)
        except ApiError as error:
            if error.code == 9020:  # one that is throttled is not looked at
                account = "" if user is None else user_account(user.uid)
                await self.store.audit.add(self.entry(app.maker, account, "user.login", appid).refused(9020))
            raise
        return await self.issue_token(appid, user.uid)

    async def _guarded(self, key: Hashable, password: str, stored: str | None) -> None:
        """Raises ApiError 9020 for another password than the stored one, 9041 after too many of them."""
        now = self.clock()
        if self._failures.is_full(key, now):
            raise ApiError(9041, f"too many wrong passwords; wait {LOGIN_WINDOW_S // 60} minutes")
        # Counted before the hash is worked out: guesses that come together must not all pass the check above.
        self._failures.count(key, now)
        if not await self._passwords.matches(password, stored):
            raise ApiError(9020)
        self._failures.forget(key)

    async def platform_user(
        self, appid: str, platform: str, subject: str, token: str, lang: str = ""
    ) -> Login:
        """Log in as a user of another platform, who is made at the first time.

        Raises ApiError: 9003 no such app, 9008 the platform does not answer, 9012 a new user is beyond the
        quota, 9015 a text is too long, 9026 the platform is not enabled here or does not know the token.
        """
        most = await self._users_quota(await self.app(appid))
        check_text("authData.uid", subject, NAME_MAX, 1)
        check_text("authData.token", token, PLATFORM_TOKEN_MAX, 1)
        proved = await self.platforms.check(platform, subject, token)
        uid = await self.store.users.of_platform(
            appid, platform, proved, new_key(), lang=_language(lang), at=self.clock(), most=most
        )
        return await self.issue_token(appid, uid)

    async def issue_token(self, appid: str, uid: str) -> Login:
        """A token for a user who has proved who they are; earlier ones stay valid."""
        token, expires_at = new_key(), self.clock() + self.settings.token_life_s
        app = await self.store.apps.get(appid)
        entry = self.entry(app.maker if app else None, user_account(uid), "user.login", appid)
        await self.store.users.add_token(fingerprint(token), Token(uid, appid, expires_at), entry)
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

    async def _users_quota(self, app: App) -> int | None:
        return None if app.maker is None else (await self.maker(app.maker)).quotas.get("users")


def checked_email(email: str) -> str:
    """The address as it is kept. Raises ApiError 9015 or 9022."""
    check_text("email", email, EMAIL_MAX, 1)
    name, at, host = email.rpartition("@")
    if not (name and at and host) or any(char.isspace() for char in email):
        raise ApiError(9022, "an e-mail address has the form name@host")
    return email.lower()


def _language(lang: str) -> str:
    return lang if lang in LANGUAGES else LANGUAGES[0]
