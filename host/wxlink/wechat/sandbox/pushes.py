"""WeChat's push side: builds what a person did, sends it to the callback, and judges the answer."""

import secrets
from dataclasses import dataclass
from typing import Literal

import aiohttp

from wxlink.wechat.account import Account, Mode
from wxlink.wechat.bounded_body import BodyTooLong, read_at_most
from wxlink.wechat.crypto import CryptoError, MessageCrypto, Sealed, signature
from wxlink.wechat.replies import MAX_TEXT_BYTES, SUCCESS, cdata
from wxlink.wechat.strict_xml import MAX_BYTES, Element, XmlError, parse
from wxlink.wechat.tokens import Clock

DROP_S = 5.0  # WeChat waits no longer
TRIES = 3

Fields = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a push: `fault` says what was wrong with the answer, for whoever builds the callback."""

    tries: int
    outcome: Literal["reply", "silence", "fault"]
    text: str = ""
    fault: str = ""


class _Fault(Exception):
    """The answer is not one that WeChat takes."""


class PushSide:
    """Sends the pushes of one account to `callback_url`."""

    def __init__(
        self,
        account: Account,
        callback_url: str,
        session: aiohttp.ClientSession,
        clock: Clock,
        drop_s: float = DROP_S,
    ) -> None:
        self.callback_url = callback_url
        self._account = account
        self._session = session
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=drop_s)
        self._crypto = MessageCrypto.of(account)
        self._next_message_id = 7_400_000_000_000_000_000 + secrets.randbelow(10**12)

    async def message(self, openid: str, kind: str, fields: Fields) -> Delivery:
        """A message of the person; `fields` are those of its kind."""
        self._next_message_id += 1
        return await self._deliver(openid, {"MsgType": kind, **fields, "MsgId": self._next_message_id})

    async def event(self, openid: str, event: str, fields: Fields) -> Delivery:
        """An event; `fields` are those of its kind."""
        return await self._deliver(openid, {"MsgType": "event", "Event": event, **fields})

    async def _deliver(self, openid: str, fields: Fields) -> Delivery:
        """Send the same push until an answer comes, three times at most."""
        people: Fields = {"ToUserName": self._account.original_id, "FromUserName": openid}
        xml = _write({**people, "CreateTime": int(self._clock()), **fields})
        parcel = self._wrap(xml, openid)
        fault = ""
        for tries in range(1, TRIES + 1):
            if tries == TRIES:
                parcel = self._wrap(xml, openid)  # nobody knows whether a retry is signed anew: play both
            try:
                body = await self._post(*parcel)
                text = self._judge(body, openid, str(fields["MsgType"]))
            except (aiohttp.ClientConnectionError, TimeoutError) as error:
                fault = f"no answer: {error or type(error).__name__}"
                continue
            except (_Fault, CryptoError, XmlError, BodyTooLong, aiohttp.ClientError) as error:
                return Delivery(tries, "fault", fault=str(error))
            return Delivery(tries, "reply" if text else "silence", text)
        return Delivery(TRIES, "fault", fault=fault)

    def _wrap(self, xml: str, openid: str) -> tuple[dict[str, str], str]:
        """Query and body of one try."""
        timestamp, nonce = str(int(self._clock())), secrets.token_hex(5)
        signed = signature(self._account.token, timestamp, nonce)
        query = {"signature": signed, "timestamp": timestamp, "nonce": nonce, "openid": openid}
        if self._account.mode is Mode.PLAIN:
            return query, xml
        sealed = self._crypto.seal(xml.encode(), timestamp, nonce)
        query |= {"encrypt_type": "aes", "msg_signature": sealed.msg_signature}
        encrypt = f"<Encrypt>{cdata(sealed.encrypt)}</Encrypt></xml>"
        if self._account.mode is Mode.COMPATIBLE:
            return query, xml.removesuffix("</xml>") + encrypt
        return query, f"<xml><ToUserName>{cdata(self._account.original_id)}</ToUserName>{encrypt}"

    async def _post(self, query: dict[str, str], body: str) -> bytes:
        async with self._session.post(
            self.callback_url,
            params=query,
            data=body.encode(),
            headers={"Content-Type": "text/xml"},
            timeout=self._timeout,
            allow_redirects=False,
        ) as response:
            if response.status != 200:
                raise _Fault(f"HTTP {response.status}")
            return await read_at_most(response.content, MAX_BYTES)

    def _judge(self, body: bytes, openid: str, pushed: str) -> str:
        """The text that the person sees, empty for silence; raises what makes the answer unacceptable."""
        if body in (b"", SUCCESS.encode()):
            return ""
        reply = parse(body)
        sealed = bool(reply.all("Encrypt"))  # the compatible mode takes either
        if self._account.mode is Mode.SAFE or (self._account.mode is Mode.COMPATIBLE and sealed):
            reply = parse(self._open(reply))
        if reply.only("ToUserName") != openid:
            raise _Fault("ToUserName is not the person who is answered")
        if reply.only("FromUserName") != self._account.original_id:
            raise _Fault("FromUserName is not the account")
        if not reply.only("CreateTime").isdecimal():
            raise _Fault("CreateTime is not a number")
        kind = reply.only("MsgType")
        if kind not in _NEEDED:
            raise _Fault(f"MsgType {kind} is not a reply")
        if kind == "transfer_customer_service":
            if pushed == "event":
                raise _Fault("an event cannot be handed over")
            return "[转人工客服 / handed over to an agent]"
        shown = reply.value(_NEEDED[kind])
        if not shown:
            raise _Fault(f"{_NEEDED[kind]} is missing or empty")
        if kind != "text":
            return f"[{kind}: {shown}]"
        if len(shown.encode()) > MAX_TEXT_BYTES:
            raise _Fault(f"Content has more than {MAX_TEXT_BYTES} bytes")
        return shown

    def _open(self, envelope: Element) -> bytes:
        encrypt, signed, timestamp, nonce = (
            envelope.only(tag) for tag in ("Encrypt", "MsgSignature", "TimeStamp", "Nonce")
        )
        return self._crypto.open(Sealed(encrypt, signed, timestamp, nonce)).message


_NEEDED = {  # a reply's MsgType: the element it cannot be without
    "text": "Content",
    "image": "Image.MediaId",
    "voice": "Voice.MediaId",
    "video": "Video.MediaId",
    "music": "Music.ThumbMediaId",
    "news": "ArticleCount",
    "transfer_customer_service": "MsgType",
}


def _write(fields: Fields) -> str:
    texts = (
        f"<{tag}>{value if isinstance(value, int) else cdata(value)}</{tag}>" for tag, value in fields.items()
    )
    return f"<xml>{''.join(texts)}</xml>"
