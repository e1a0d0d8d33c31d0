"""The access token of one account, kept until shortly before its end."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

# WeChat hands out the same stable token until 300 s before its end and a new one from then on, while the old
# one stays valid. Asking earlier would bring the same token back; the jitter spreads several processes.
_HAND_OVER_S = 300
_JITTER_S = 60

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and the life WeChat gave it, in seconds."""

    value: str
    expires_in: float


class TokenHolder:
    """One token at a time; concurrent callers share one fetch, be it a success or a failure.

    Several processes may each have a holder: `stable_token` gives all of them the same token.
    """

    def __init__(self, fetch: Callable[[], Awaitable[Token]], clock: Clock = time.time) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = asyncio.Lock()
        self._value = ""
        self._renew_at = 0.0
        self._fetches = 0
        self._error: Exception | None = None  # of the last fetch

    async def get(self) -> str:
        """A token that is good for some minutes more; raises what the fetch raises."""
        fetches = self._fetches
        async with self._lock:
            if self._value and self._clock() < self._renew_at:
                return self._value
            if self._error and self._fetches > fetches:  # it failed while this caller waited
                raise self._error
            try:
                token = await self._fetch()
            except Exception as error:
                self._error = error
                raise
            finally:
                self._fetches += 1
            self._error = None
            margin = _HAND_OVER_S - random.uniform(0, _JITTER_S)  # noqa: S311  spreads load, hides nothing
            self._value, self._renew_at = token.value, self._clock() + token.expires_in - margin
            return self._value

    def drop(self, refused: str) -> None:
        """Forget the token that WeChat refused, unless another caller has already replaced it."""
        if self._value == refused:
            self._value = ""
