"""What the callback may answer: passive replies, written so that no user text can break the XML."""

import re
from dataclasses import dataclass

from wxlink.wechat.crypto import Sealed
from wxlink.wechat.messages import Push

MAX_TEXT_BYTES = 2048  # WeChat shows no longer text reply
SUCCESS = "success"  # stops WeChat's retries and shows nothing

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class TextReply:
    """A line of text; may hold `<a href="…">` links."""

    content: str


@dataclass(frozen=True, slots=True)
class TransferReply:
    """Hand the conversation to a human agent; only a message may be handed over, never an event."""

    agent: str = ""


Reply = TextReply | TransferReply


def write_reply(push: Push, reply: Reply, now: int) -> str:
    """The XML that answers `push`; `now` in seconds. Text beyond MAX_TEXT_BYTES is cut."""
    match reply:
        case TextReply(content):
            kind, body = "text", f"<Content>{cdata(fit_text(content))}</Content>"
        case TransferReply(agent):
            kind = "transfer_customer_service"
            body = f"<TransInfo><KfAccount>{cdata(agent)}</KfAccount></TransInfo>" if agent else ""
    return (
        f"<xml><ToUserName>{cdata(push.openid)}</ToUserName><FromUserName>{cdata(push.account)}</FromUserName>"
        f"<CreateTime>{now}</CreateTime><MsgType>{cdata(kind)}</MsgType>{body}</xml>"
    )


def write_sealed(sealed: Sealed) -> str:
    """The envelope of an encrypted reply."""
    return (
        f"<xml><Encrypt>{cdata(sealed.encrypt)}</Encrypt><MsgSignature>{cdata(sealed.msg_signature)}</MsgSignature>"
        f"<TimeStamp>{sealed.timestamp}</TimeStamp><Nonce>{cdata(sealed.nonce)}</Nonce></xml>"
    )


def cdata(value: str) -> str:
    """The value as CDATA; `]]>` is split over two sections, characters that XML cannot hold are left out."""
    return "<![CDATA[" + _NOT_XML.sub("", value).replace("]]>", "]]]]><![CDATA[>") + "]]>"


def fit_text(text: str, limit: int = MAX_TEXT_BYTES) -> str:
    """The longest beginning of the text that fits `limit` bytes of UTF-8 without splitting a character.

    Control characters and lone surrogates, which WeChat takes neither in XML nor in JSON, are left out.
    """
    return _NOT_XML.sub("", text).encode()[:limit].decode("utf-8", "ignore")
