"""A courier by HTTP: the operator's own small service passes messages on to whoever sends them for it."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any, Final

import aiohttp

from wxlink.relay.couriers.message import Letter, NotSent, Text

WITHIN_S: Final = 10.0  # a person waits for it


class Webhook:
    """POSTs `{"kind": "text", "phone", "code", "words", "lang"}` or `{"kind": "letter", "address", ...}`.

    The header `X-Wxlink-Signature` is `t=<unix s>,v1=<HMAC-SHA256 hex of "<t>." and the body>`, made with
    the secret that both sides know. Any 2xx says that the message is on its way.
    """

    def __init__(self, url: str, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._url = url
        self._secret = secret
        self._clock = clock

    async def text(self, text: Text) -> None:
        """Pass a text message on."""
        await self._post(
            {"kind": "text", "phone": text.phone, "code": text.code, "words": text.words, "lang": text.lang}
        )

    async def letter(self, letter: Letter) -> None:
        """Pass an e-mail on."""
        await self._post(
            {
                "kind": "letter",
                "address": letter.address,
                "subject": letter.subject,
                "words": letter.words,
                "lang": letter.lang,
            }
        )

    async def _post(self, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        at = str(int(self._clock()))
        proof = hmac.new(self._secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Wxlink-Signature": f"t={at},v1={proof}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WITHIN_S)) as session,
                session.post(self._url, data=body, headers=headers, allow_redirects=False) as response,
            ):
                status = response.status
        except (OSError, TimeoutError, aiohttp.ClientError) as error:
            raise NotSent(f"the courier's webhook cannot be reached: {type(error).__name__}") from error
        if not 200 <= status < 300:
            raise NotSent(f"the courier's webhook answered with status {status}")
