"""Letters by SMTP, beside another courier for text messages."""

from email.message import EmailMessage
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib

from wxlink.relay.couriers.message import Courier, Letter, NotSent, Text

WITHIN_S: Final = 15.0  # for the whole conversation with the mail server
PORTS: Final = {"smtp": 587, "smtps": 465}


class Post:
    """Sends letters through a mail server and leaves text messages to `texts`.

    url: `smtp://user:password@host:587` (STARTTLS is demanded unless the host is this machine) or `smtps://`.
    sender: the address that letters come from. Raises ValueError, without the URL's text, when it cannot be
    read.
    """

    def __init__(self, url: str, sender: str, texts: Courier) -> None:
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname or "@" not in sender:
            raise ValueError("the mail server's URL must look like smtps://user:password@host:465")
        self._host = parts.hostname
        self._port = parts.port or PORTS[parts.scheme]
        self._tls = parts.scheme == "smtps"
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._sender = sender
        self._texts = texts

    async def text(self, text: Text) -> None:
        """Leave it to the other courier."""
        await self._texts.text(text)

    async def letter(self, letter: Letter) -> None:
        """Send it."""
        message = EmailMessage()
        try:
            message["From"], message["To"], message["Subject"] = self._sender, letter.address, letter.subject
        except ValueError as error:  # a line break in an address
            raise NotSent("the address is none") from error
        message.set_content(letter.words)
        own = self._host in ("localhost", "127.0.0.1", "::1")
        try:
            await aiosmtplib.send(
                message,
                hostname=self._host,
                port=self._port,
                username=self._user,
                password=self._password,
                use_tls=self._tls,
                start_tls=None if self._tls or own else True,
                timeout=WITHIN_S,
            )
        except (OSError, aiosmtplib.SMTPException) as error:
            raise NotSent(f"the mail server took no letter: {type(error).__name__}") from error
