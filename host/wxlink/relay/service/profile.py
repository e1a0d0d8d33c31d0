"""Users change what is known of them: names, numbers, passwords, and what they tell of themselves."""

import logging
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from wxlink.relay.couriers import Letter, NotSent
from wxlink.relay.errors import ApiError
from wxlink.relay.ids import fingerprint, new_secret
from wxlink.relay.service.accounts import LANGUAGES, NAME_MAX, Accounts, checked_email
from wxlink.relay.service.core import check_text
from wxlink.relay.service.passwords import PASSWORD_MAX
from wxlink.relay.service.throttle import Throttle
from wxlink.relay.service.verification import PHONE
from wxlink.relay.settings import DAY_S
from wxlink.relay.store import NameTaken, User

LINK_LIFE_S: Final = 3_600.0
LETTERS: Final = 5  # letters for one address a day
GENDERS: Final = ("M", "F", "N")
WORDS_MAX: Final = 255  # characters of each word of a profile
BIRTHDAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|")
PROFILE: Final = ("name", "gender", "birthday", "address", "remark")

log = logging.getLogger(__name__)


class Profile(Accounts):
    """Use cases of a user's own data."""

    async def change_user(self, uid: str, token: str, asked: Mapping[str, str]) -> float:
        """Change a user: a new name, number, address or password, and any words of the profile; when it was.

        asked: `username` and `password` make a named user of an anonymous one, whose phone id is then of no
        use any more; `phone`, `password`, `code` likewise; `phone`, `code` another number; `old_pwd`,
        `new_pwd` another password, which ends all tokens but `token`; `email`; `lang` and the names of
        PROFILE. All or nothing. Raises ApiError: 9005 no such user, 9009 or 9010 the code, 9015 nothing to
        change or something does not fit, 9018, 9019, 9022 taken, 9020 the old password is another.
        """
        user = await self.user(uid)
        changes = self._words(user, asked)
        if "new_pwd" in asked or "old_pwd" in asked:
            changes["password"] = await self._other_password(user, asked)
        if "username" in asked:
            changes |= await self._named(user, asked)
        if "email" in asked:
            changes["email"] = checked_email(asked["email"])
        if "phone" in asked:
            changes |= await self._numbered(user, asked)
        if not changes:
            raise ApiError(9015, "name something to change")
        await self._change(uid, changes, token)
        return self.clock()

    async def send_password_link(self, appid: str, email: str, base: str) -> None:
        """Send a user who forgot their password a link; an unknown address is passed over in silence.

        base: how browsers reach this relay. Raises ApiError: 9022 no address, 9041 too many letters for it.
        """
        await self.check_app(appid)
        email, now = checked_email(email), self.clock()
        if self._letters.is_full((appid, email), now):
            raise ApiError(9041, "no more letters to this address today")
        self._letters.count((appid, email), now)
        user = await self.store.users.named(appid, email)
        if user is None or user.email != email:
            return
        secret = new_secret()
        await self.store.users.add_password_link(fingerprint(secret), user.uid, now + LINK_LIFE_S)
        try:
            # After the #: it stays in the browser and in no log of a proxy.
            await self.courier.letter(Letter(email, f"{base}/h5/password#{secret}", user.lang))
        except NotSent as error:
            log.error("a letter was not sent: %s", error)  # the answer must not tell who is known

    async def set_password_by_link(self, secret: str, password: str) -> None:
        """Set the password of whose link this is; link and tokens end. Raises ApiError 9009, 9015."""
        check_text("password", password, PASSWORD_MAX, 1)
        uid = await self.store.users.password_link(fingerprint(secret), self.clock())
        if uid is None:
            raise ApiError(9009, "the link is too old or was used; ask for another")
        await self._change(uid, {"password": await self._passwords.hash(password)})

    async def reset_password(self, appid: str, phone: str, code: str, password: str) -> None:
        """Set a password with the code of a text message; every token ends.

        Raises ApiError: 9005 nobody has this number, 9009 or 9010 the code, 9015 the password is empty.
        """
        await self.check_app(appid)
        check_text("new_pwd", password, PASSWORD_MAX, 1)
        await self.check_code(appid, phone, code, use=True)
        user = await self.store.users.named(appid, phone)
        if user is None or user.phone != phone:
            raise ApiError(9005)
        await self._change(user.uid, {"password": await self._passwords.hash(password)})

    @cached_property
    def _letters(self) -> Throttle:
        return Throttle(LETTERS, DAY_S)

    async def _change(self, uid: str, changes: Mapping[str, Any], token: str = "") -> None:
        entry = await self.user_entry(uid, "user.change", " ".join(sorted(changes)))
        try:
            if not await self.store.users.change(uid, changes, entry, keep_token=fingerprint(token)):
                raise ApiError(9005)
        except NameTaken as error:
            taken = next((code for key, code in _TAKEN.items() if key in changes), 9019)
            raise ApiError(taken) from error

    def _words(self, user: User, asked: Mapping[str, str]) -> dict[str, Any]:
        words = {name: asked[name] for name in PROFILE if name in asked}
        for name, text in words.items():
            check_text(name, text, WORDS_MAX)
        if words.get("gender", "N") not in GENDERS:
            raise ApiError(9015, f"gender is one of {', '.join(GENDERS)}")
        if not BIRTHDAY.fullmatch(words.get("birthday", "")):
            raise ApiError(9015, "birthday is a date like 1990-12-31")
        changes: dict[str, Any] = {"profile": {**user.profile, **words}} if words else {}
        if "lang" in asked:
            if asked["lang"] not in LANGUAGES:
                raise ApiError(9015, f"lang is one of {', '.join(LANGUAGES)}")
            changes["lang"] = asked["lang"]
        return changes

    async def _other_password(self, user: User, asked: Mapping[str, str]) -> str:
        old, new = asked.get("old_pwd", ""), asked.get("new_pwd", "")
        check_text("new_pwd", new, PASSWORD_MAX, 1)
        check_text("old_pwd", old, PASSWORD_MAX)
        await self._guarded(("password", user.uid), old, user.password)
        return await self._passwords.hash(new)

    async def _named(self, user: User, asked: Mapping[str, str]) -> dict[str, Any]:
        if not user.is_anonymous:
            raise ApiError(9015, "only an anonymous user takes a username")
        check_text("username", asked["username"], NAME_MAX, 1)
        return {"username": asked["username"], **await self._first_password(asked)}

    async def _numbered(self, user: User, asked: Mapping[str, str]) -> dict[str, Any]:
        if not PHONE.fullmatch(asked["phone"]):
            raise ApiError(9018, "a phone number has 5 to 20 digits, perhaps after +")
        first = await self._first_password(asked) if user.is_anonymous else {}
        if user.appid is None:
            raise ApiError(9015, "a user of WeChat has no phone number here")
        await self.check_code(user.appid, asked["phone"], asked.get("code", ""), use=True)
        return {"phone": asked["phone"], **first}

    async def _first_password(self, asked: Mapping[str, str]) -> dict[str, Any]:
        check_text("password", asked.get("password", ""), PASSWORD_MAX, 1)
        # Whoever knows a phone id could go on logging in by it.
        return {"password": await self._passwords.hash(asked["password"]), "phone_id": None}


_TAKEN: Final = {"phone": 9018, "username": 9019, "email": 9022}
