"""Questions and answers between devices and clients, when the relay that hears is not the one that waits."""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Final

from wxlink.relay.cluster.wire import Wire, Words
from wxlink.relay.downlink import Asks
from wxlink.relay.ids import CLIENT_ID_DIGITS

ANY: Final = "any"  # of modules that do not say whom they answer

_CLIENT_ID: Final = re.compile(rf"usr[0-9]{{{CLIENT_ID_DIGITS}}}")

Acknowledge = Callable[[str, int, bytes], object]


class SharedAsks(Asks):
    """Asks that pass on what is another relay's."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    def start(self, acknowledge: Acknowledge) -> None:
        """Begin to hear the others. acknowledge: answers a question of a device that this relay heard."""

        async def answered(words: Words) -> None:
            tail = None if words["to"] == ANY else self.client_id
            super(SharedAsks, self).answered(words["did"], tail, words["sn"], b64decode(words["body"]))

        async def acknowledged(words: Words) -> None:
            acknowledge(words["did"], words["sn"], b64decode(words["body"]))

        async def gone(words: Words) -> None:
            super(SharedAsks, self).went_offline(words["did"])

        for to in (self.client_id, ANY):
            self._wire.hear(f"answer.{to}", answered)
        self._wire.hear("acknowledge", acknowledged)
        self._wire.hear("gone", gone)

    def answered(self, did: str, client_id: str | None, sn: int, body: bytes) -> bool:
        """A 0x0094 came: to a question of this relay, or to one of another."""
        if super().answered(did, client_id, sn, body):
            return True
        to = ANY if client_id is None else client_id
        if to != self.client_id and (to == ANY or _CLIENT_ID.fullmatch(to)):
            self._wire.send(f"answer.{to}", _words(did, sn, body) | {"to": to})
        return False

    def pass_on(self, did: str, sn: int, body: bytes) -> None:
        """A client answers a question that this relay did not hear; whichever did sends the answer."""
        self._wire.send("acknowledge", _words(did, sn, body))

    def went_offline(self, did: str) -> None:
        """Nobody will answer, at any relay."""
        super().went_offline(did)
        self._wire.send("gone", {"did": did})


def _words(did: str, sn: int, body: bytes) -> Words:
    return {"did": did, "sn": sn, "body": b64encode(body).decode()}
