"""How people prove a phone number: captcha first, then a code by text message."""

import asyncio
import logging
import re
import secrets
import string
from functools import cached_property
from typing import Final, NamedTuple

from captcha.image import ImageCaptcha

from wxlink.relay.couriers import NotSent, Text
from wxlink.relay.errors import ApiError
from wxlink.relay.ids import fingerprint, new_secret
from wxlink.relay.service.core import Core
from wxlink.relay.service.throttle import Throttle
from wxlink.relay.settings import DAY_S

PHONE: Final = re.compile(r"\+?[0-9]{5,20}")
CODE_LIFE_S: Final = DAY_S
CODE_DIGITS: Final = 6
CAPTCHA_LIFE_S: Final = 300.0
CAPTCHA_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without those that look alike
CAPTCHA_LENGTH: Final = 4
ADDRESS_TEXTS: Final = 30  # text messages that one address may ask for...
PHONE_TEXTS: Final = 10  # ...and that one number may get, a day: each costs money
AGAIN_AFTER_S: Final = 60.0  # until a number gets another
CAPTCHAS: Final = 60  # captchas of one address a minute; a picture takes 10 ms of processor time

log = logging.getLogger(__name__)


class Captcha(NamedTuple):
    """A captcha to be drawn; `id` is a secret of its page."""

    id: str
    expires_at: float


class _Limits:
    def __init__(self) -> None:
        self.again = Throttle(1, AGAIN_AFTER_S)
        self.of_phone = Throttle(PHONE_TEXTS, DAY_S)
        self.of_address = Throttle(ADDRESS_TEXTS, DAY_S)
        self.captchas = Throttle(CAPTCHAS, 60.0)


class Verification(Core):
    """Use cases of codes. All phone numbers are of one app: another app's codes are of no use."""

    @cached_property
    def _limits(self) -> "_Limits":
        return _Limits()

    async def send_code(self, appid: str, phone: str, address: str, lang: str = "") -> None:
        """Send a code to a number; an earlier one is of no use from then on.

        Raises ApiError: 9018 no phone number, 9037 it could not be sent, 9041 too many for this number or
        from this address.
        """
        if not PHONE.fullmatch(phone):
            raise ApiError(9018, "a phone number has 5 to 20 digits, perhaps after +")
        now, number, limits = self.clock(), (appid, phone), self._limits
        if limits.again.is_full(number, now):
            raise ApiError(9041, f"the next code can be sent after {AGAIN_AFTER_S:g} s")
        if limits.of_phone.is_full(number, now) or limits.of_address.is_full(address, now):
            raise ApiError(9041, "no more text messages today")
        limits.again.count(number, now)
        limits.of_phone.count(number, now)
        limits.of_address.count(address, now)
        code = "".join(secrets.choice(string.digits) for _ in range(CODE_DIGITS))
        kept = fingerprint(f"{appid}/{phone}/{code}")
        await self.store.codes.put(appid, phone, kept, now, now + CODE_LIFE_S)
        try:
            await self.courier.text(Text(phone, code, lang))
        except NotSent as error:
            log.error("a text message was not sent: %s", error)
            limits.again.forget(number)
            raise ApiError(9037) from error

    async def check_code(self, appid: str, phone: str, code: str, *, use: bool = False) -> None:
        """See whether this is the number's code; `use` uses it up. Five wrong ones end it.

        Raises ApiError: 9009 expired, 9010 another.
        """
        expires_at = None
        if PHONE.fullmatch(phone) and len(code) == CODE_DIGITS:
            kept = fingerprint(f"{appid}/{phone}/{code}")
            expires_at = await self.store.codes.expires_at(appid, phone, kept, use=use)
        if expires_at is None:
            raise ApiError(9010)
        if expires_at <= self.clock():
            raise ApiError(9009)

    async def new_captcha(self, address: str) -> Captcha:
        """A captcha whose picture `draw_captcha` gives. Raises ApiError 9041."""
        now = self.clock()
        self._count_captcha(address, now)
        captcha = Captcha(new_secret(), now + CAPTCHA_LIFE_S)
        await self.store.codes.add_captcha(fingerprint(captcha.id), captcha.expires_at)
        return captcha

    async def draw_captcha(self, captcha: str, address: str) -> bytes:
        """A PNG with new letters; those of an earlier picture are of no use. Raises ApiError 9010, 9041."""
        now = self.clock()
        self._count_captcha(f"picture {address}", now)
        answer = "".join(secrets.choice(CAPTCHA_LETTERS) for _ in range(CAPTCHA_LENGTH))
        if not await self.store.codes.set_captcha(fingerprint(captcha), _answer(captcha, answer), now):
            raise ApiError(9010, "there is no such captcha any more; ask for another")
        return await asyncio.to_thread(_draw, answer)

    async def solve_captcha(self, captcha: str, answer: str) -> None:
        """Use a captcha up. Raises ApiError 9010 when the letters are others."""
        given = _answer(captcha, answer.strip().upper()[:CAPTCHA_LENGTH])
        right = len(answer.strip()) == CAPTCHA_LENGTH
        if not await self.store.codes.solve_captcha(fingerprint(captcha), given, self.clock()) or not right:
            raise ApiError(9010, "the picture shows something else; ask for another")

    def _count_captcha(self, key: str, now: float) -> None:
        if self._limits.captchas.is_full(key, now):
            raise ApiError(9041, "too many captchas at once; try again in a minute")
        self._limits.captchas.count(key, now)


def _answer(captcha: str, letters: str) -> str:
    return fingerprint(f"{captcha}/{letters}")


def _draw(letters: str) -> bytes:
    return ImageCaptcha(width=160, height=60).generate(letters).getvalue()
