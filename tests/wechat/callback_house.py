"""A callback that stands, the work behind it, and pushes for it."""

import asyncio

from wechatpy.crypto import WeChatCrypto

from wxlink.wechat.crypto import MessageCrypto, signature
from wxlink.wechat.replies import TextReply, cdata
from wxlink.wechat.strict_xml import parse

OPENID = "oTESTuser000000000000000001"


class Worker:
    """What the callback calls: counts, waits as long as it is told, answers or raises."""

    def __init__(self):
        self.pushes = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.reply = TextReply("好的")

    async def __call__(self, push):
        self.pushes.append(push)
        await self.gate.wait()
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply


class House:
    """One callback on a real server, and the other end of the wire."""

    def __init__(self, callback, worker, url, http):
        self.account, self.callback, self.worker = callback.account, callback, worker
        self.counts = callback.counts
        self.url, self._http, self._clock = url, http, callback._clock
        self._crypto = MessageCrypto.of(self.account)

    def query(self, nonce="n0nce", **more):
        timestamp = str(int(self._clock()))
        signed = signature(self.account.token, timestamp, nonce)
        return {"signature": signed, "timestamp": timestamp, "nonce": nonce, "openid": OPENID, **more}

    def sealed(self, xml, nonce="n0nce", clear=""):
        query = self.query(nonce)
        sealed = self._crypto.seal(xml.encode(), query["timestamp"], nonce)
        query |= {"encrypt_type": "aes", "msg_signature": sealed.msg_signature}
        return query, f"<xml>{clear}<Encrypt>{cdata(sealed.encrypt)}</Encrypt></xml>"

    async def post(self, query, body, path=None):
        path = path or f"/wx/{self.account.name}/callback"
        data = body if isinstance(body, bytes) else body.encode()
        async with self._http.post(self.url + path, params=query, data=data) as response:
            return response.status, await response.text()

    async def push(self, xml, nonce="n0nce"):
        return await self.post(*self.sealed(xml, nonce))

    async def get(self, **query):
        async with self._http.get(f"{self.url}/wx/{self.account.name}/callback", params=query) as response:
            return response.status, await response.text(), response.headers

    def read(self, body):
        """The inside of an encrypted reply, opened by wechatpy."""
        envelope = parse(body.encode())
        theirs = WeChatCrypto(self.account.token, self.account.aes_key, self.account.appid)
        signed = [envelope.value(tag) for tag in ("MsgSignature", "TimeStamp", "Nonce")]
        return theirs.decrypt_message(body, *signed)


def text_push(account, content="开灯", message_id=1):
    return (
        f"<xml><ToUserName>{account.original_id}</ToUserName><FromUserName>{OPENID}</FromUserName>"
        f"<CreateTime>1795000000</CreateTime><MsgType>text</MsgType><Content>{content}</Content>"
        f"<MsgId>{message_id}</MsgId></xml>"
    )
