"""QR codes with a scene, as `qrcode/create` makes them."""

import secrets
from dataclasses import dataclass
from typing import Any

from wxlink.wechat.sandbox.refusal import Refusal
from wxlink.wechat.tokens import Clock

MAX_LIFE_S = 2_592_000  # 30 days
DEFAULT_LIFE_S = 60
MAX_SCENE_CHARS = 64
MAX_PERMANENT = 100_000
MAX_KEPT = 1000  # temporary codes kept; the oldest go


@dataclass(frozen=True, slots=True)
class SceneCode:
    """One code; a permanent one never ends."""

    ticket: str
    scene: str
    ends_at: float | None


class SceneCodes:
    """The codes of one account."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._codes: dict[str, SceneCode] = {}

    def create(self, body: dict[str, Any]) -> tuple[SceneCode, int | None]:
        """The new code and its life in seconds; raises the refusal of a malformed request."""
        kind = _KINDS.get(str(body.get("action_name")))
        if kind is None:
            raise Refusal(40053, "action_name")
        temporary, by_text = kind
        scene = _scene(body, by_text=by_text, temporary=temporary)
        life_s = _life(body) if temporary else None
        ends_at = None if life_s is None else self._clock() + life_s
        code = SceneCode("gQ" + secrets.token_urlsafe(68), scene, ends_at)
        self._codes[code.ticket] = code
        while len(self._codes) > MAX_KEPT:
            del self._codes[next(iter(self._codes))]
        return code, life_s

    def get(self, ticket: str) -> SceneCode | None:
        """The code of a ticket, also an expired one."""
        return self._codes.get(ticket)

    def valid(self, code: SceneCode) -> bool:
        """Whether the code can still be scanned."""
        return code.ends_at is None or self._clock() < code.ends_at

    def newest(self, count: int) -> list[SceneCode]:
        """The last codes made that can still be scanned, newest first."""
        return [code for code in reversed(self._codes.values()) if self.valid(code)][:count]


_KINDS = {  # action_name: (temporary, the scene is a text)
    "QR_SCENE": (True, False),
    "QR_STR_SCENE": (True, True),
    "QR_LIMIT_SCENE": (False, False),
    "QR_LIMIT_STR_SCENE": (False, True),
}


def _scene(body: dict[str, Any], *, by_text: bool, temporary: bool) -> str:
    info = body.get("action_info")
    scene = info.get("scene") if isinstance(info, dict) else None
    if not isinstance(scene, dict):
        raise Refusal(40053, "action_info.scene")
    if by_text:
        text = scene.get("scene_str")
        if not isinstance(text, str) or not 1 <= len(text) <= MAX_SCENE_CHARS:
            raise Refusal(40053, "scene_str")
        return text
    number = scene.get("scene_id")
    largest = 0xFFFFFFFF if temporary else MAX_PERMANENT
    if type(number) is not int or not 1 <= number <= largest:
        raise Refusal(40053, "scene_id")
    return str(number)


def _life(body: dict[str, Any]) -> int:
    life_s = body.get("expire_seconds", DEFAULT_LIFE_S)
    if type(life_s) is not int or not 1 <= life_s <= MAX_LIFE_S:
        raise Refusal(40053, "expire_seconds")
    return life_s
