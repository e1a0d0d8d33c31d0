"""Users of other platforms: a token of theirs, held against the platform that issued it.

A token proves its user only to the app that it was issued for; any other app that the user has signed in to
could log in here with it. Where a platform names its users anew for each app that is no matter; where it does
not (`audience`), the token's own app must be the one that the operator registered. Baidu and Twitter name
users for all apps alike and do not tell whose app a token is: they are refused.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from wxlink.relay.errors import ApiError

WITHIN_S: Final = 10.0  # the user waits for it
ANSWER_MAX: Final = 16 * 1024  # bytes; all answers are below 1 KB


@dataclass(frozen=True, slots=True)
class Platform:
    """How a platform checks a token.

    subject, audience: where in its answer the user and the token's app stand; None: it says nothing of it.
    prefix: what clients write before the token.
    """

    url: str
    query: Callable[[str, str], Mapping[str, str]]
    subject: str | None
    audience: str | None = None
    prefix: str = ""
    sound: Callable[[Mapping[str, Any]], bool] = field(default=lambda _answer: True)
    method: str = "GET"


def _token(_uid: str, token: str) -> Mapping[str, str]:
    return {"access_token": token}


PLATFORMS: Final[Mapping[str, Platform]] = {
    "wechat": Platform(
        "https://api.weixin.qq.com/sns/auth",
        lambda uid, token: {"access_token": token, "openid": uid},
        None,
        sound=lambda answer: answer.get("errcode") == 0,
    ),
    "qq": Platform(
        "https://graph.qq.com/oauth2.0/me",
        lambda _uid, token: {"access_token": token, "fmt": "json"},
        "openid",
        "client_id",
    ),
    "sina": Platform("https://api.weibo.com/oauth2/get_token_info", _token, "uid", "appkey", method="POST"),
    "facebook": Platform("https://graph.facebook.com/me", _token, "id"),
    "google": Platform("https://oauth2.googleapis.com/tokeninfo", _token, "sub", "aud", prefix="Bearer "),
    "amazon": Platform(
        "https://api.amazon.com/auth/o2/tokeninfo", _token, "user_id", "aud", prefix="Bearer "
    ),
}
REFUSED: Final = frozenset({"baidu", "twitter"})


class Platforms:
    """Checks tokens of the platforms that the operator enabled.

    enabled: platform -> the app's id there; empty where the platform names users for each app. urls: other
    addresses of the platforms, as for a proxy.
    """

    def __init__(self, enabled: Mapping[str, str], urls: Mapping[str, str] | None = None) -> None:
        for name, audience in enabled.items():
            if name not in PLATFORMS:
                raise ValueError(f"third-party log-in knows {', '.join(PLATFORMS)}, not {name!r:.40}")
            if PLATFORMS[name].audience and not audience:
                raise ValueError(f"third-party log-in by {name} needs the id of your app there")
        self._enabled = dict(enabled)
        self._urls = dict(urls or {})

    @classmethod
    def named(cls, names: Iterable[str]) -> "Platforms":
        """Those of the settings: `name`, or `name=<id of our app there>`. Raises ValueError."""
        pairs = (one.partition("=") for one in names)
        return cls({name.strip(): audience.strip() for name, _, audience in pairs})

    async def check(self, name: str, uid: str, token: str) -> str:
        """The user's name at the platform.

        Raises ApiError: 9026 it is not enabled or cannot be used, or the token is not this user's; 9008 the
        platform does not answer.
        """
        if name in REFUSED:
            raise ApiError(9026, f"{name} does not tell which app a token was issued for: it proves nobody")
        if name not in self._enabled:
            raise ApiError(9026, f"log-in by {name!r:.20} is not enabled on this relay")
        platform = PLATFORMS[name]
        answer = await self._ask(name, platform, uid, token.removeprefix(platform.prefix))
        if answer is None or not platform.sound(answer):
            raise ApiError(9026, f"{name} does not know this token")
        if platform.audience and str(answer.get(platform.audience)) != self._enabled[name]:
            raise ApiError(9026, f"the token of {name} was issued for another app")
        if platform.subject and str(answer.get(platform.subject)) != uid:
            raise ApiError(9026, f"the token of {name} is another user's")
        return uid

    async def _ask(self, name: str, platform: Platform, uid: str, token: str) -> Mapping[str, Any] | None:
        """The platform's answer; None when it refuses the token."""
        url = self._urls.get(name, platform.url)
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WITHIN_S)) as session,
                session.request(
                    platform.method, url, params=platform.query(uid, token), allow_redirects=False
                ) as response,
            ):
                body = await response.content.read(ANSWER_MAX)
        except (OSError, TimeoutError, aiohttp.ClientError):
            raise ApiError(
                9008, f"{name} does not answer; try again later"
            ) from None  # the URL has the token
        if response.status >= 500:
            raise ApiError(9008, f"{name} answered with status {response.status}; try again later")
        try:
            answer = json.loads(body)
        except ValueError:
            return None
        return answer if isinstance(answer, dict) and response.status == 200 else None
