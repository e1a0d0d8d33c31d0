"""Whether this relay can serve, and which part of it cannot."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

CHECK_WITHIN_S: Final = 2.0  # a load balancer waits about as long

OK: Final = "ok"


class Readiness:
    """Asks each part when it is asked itself.

    parts: name -> a check that gives OK, or in a few words what is wrong. None of their texts holds a secret.
    """

    def __init__(self) -> None:
        self.parts: dict[str, Callable[[], Awaitable[str]]] = {}
        self.state = "starting"
        """starting, running or stopping."""

    async def look(self) -> Mapping[str, str]:
        """What each part says; the relay is ready when all say OK."""
        state = OK if self.state == "running" else self.state
        told = await asyncio.gather(*(_asked(check) for check in self.parts.values()))
        return {"relay": state, **dict(zip(self.parts, told, strict=True))}


async def _asked(check: Callable[[], Awaitable[str]]) -> str:
    try:
        return await asyncio.wait_for(check(), CHECK_WITHIN_S)
    except TimeoutError:
        return "no answer"
    except Exception as error:  # noqa: BLE001  whatever it is, that part is not ready
        return type(error).__name__
