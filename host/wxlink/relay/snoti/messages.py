"""The messages of server push: what clients send, as checked models, and the texts of the answers.

Both dialects are one: in the old enterprise dialect every cmd has the prefix `enterprise_`, and the proof of
its login is one for all products.
"""

from typing import Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import Meta, Struct

from wxlink.relay.rest.words import Attrs, Raw
from wxlink.relay.snoti.limits import ENTRIES, EVENTS, PREFETCH, PREFETCH_MAX
from wxlink.relay.snoti.window import msg_id
from wxlink.relay.store import Event

ENTERPRISE: Final = "enterprise_"

# Numbers of invalid_msg. Only the first is known from a published test server; the list is not public.
UNKNOWN_CMD: Final = 1000
MALFORMED: Final = 1001
NOT_LOGGED_IN: Final = 1002
TOO_FAST: Final = 1003
UNKNOWN_DELIVERY: Final = 1004
CLOSING: Final = 1005
FAILED: Final = 1006

Prefetch: TypeAlias = Annotated[int, Meta(ge=1, le=PREFETCH_MAX)]
MsgId: TypeAlias = Annotated[str, Meta(max_length=128)]


class Head(Struct):
    """What every message has."""

    cmd: str


class Entry(Struct, omit_defaults=True):
    """A product and one of its queues, with the proof that it is the client's."""

    product_key: str
    auth_id: str = ""
    auth_secret: str = ""
    subkey: str = ""
    events: Annotated[list[str], Meta(max_length=EVENTS)] = []


Entries: TypeAlias = Annotated[list[Entry], Meta(max_length=ENTRIES)]


class Login(Struct):
    """login_req."""

    data: Entries
    prefetch_count: Prefetch = PREFETCH


class EnterpriseProof(Struct):
    """What proves a client for all products."""

    enterprise_id: str
    enterprise_secret: str
    prefetch_count: Prefetch = PREFETCH


class EnterpriseLogin(Struct):
    """enterprise_login_req."""

    data: EnterpriseProof


class Subscribe(Struct):
    """subscribe_req and unsubscribe_req."""

    data: Entries


class Ack(Struct):
    """event_ack."""

    delivery_id: int
    msg_id: MsgId | None = None


class Order(Struct):
    """To one device: attrs, or raw with the action byte. The coding is for binary values and for raw."""

    did: str
    mac: str | None = None
    product_key: str | None = None
    binary_coding: str | None = None
    attrs: Attrs | None = None
    raw: Raw | None = None


class Control(Struct):
    """One command; `source` is not looked at."""

    cmd: str
    data: Order


class RemoteControl(Struct):
    """remote_control_req and remote_control_v2_req."""

    data: Annotated[list[Control], Meta(max_length=ENTRIES)]
    msg_id: MsgId | None = None


def text(message: dict[str, Any]) -> bytes:
    """A message as it goes on the wire."""
    return msgspec.json.encode(message) + b"\n"


def result(cmd: str, reason: str | None = None) -> bytes:
    """login_res: success, or a reason why not."""
    return text({"cmd": cmd, "data": {"result": reason is None, "msg": reason or "ok"}})


def subscribed(cmd: str, data: list[Entry], reason: str | None = None) -> bytes:
    """subscribe_res and unsubscribe_res: the result is not in data, which is what the client sent."""
    return text({"cmd": cmd, "result": reason is None, "msg": reason or "ok", "data": data})


def controlled(cmd: str, request: RemoteControl, succeed: list[str], failed: list[tuple[str, str]]) -> bytes:
    """What became of each command: dids, and dids with reasons."""
    numbered = {} if request.msg_id is None else {"msg_id": request.msg_id}
    outcome = {
        "succeed": [{"did": did} for did in succeed],
        "failed": [{"did": did, "reason": reason} for did, reason in failed],
    }
    return text({"cmd": cmd, **numbered, "result": outcome})


def push(prefix: str, delivery: int, event: Event) -> bytes:
    """event_push."""
    head = f'{{"cmd":"{prefix}event_push","delivery_id":{delivery},"msg_id":"{msg_id(event.id)}",'
    return f"{head}{event.body[1:]}\n".encode("ascii")


def invalid(prefix: str, code: int, reason: str) -> bytes:
    """invalid_msg with one of the numbers above."""
    return text({"cmd": f"{prefix}invalid_msg", "error_code": code, "msg": reason})
