"""What fuzzers try on one input: every reader of peer's bytes in Python. Only PeerError may come out.

`TARGETS` names them; a run that finds something else raises it. Coverage-guided by fuzz/coverage.py, and at
random where atheris is missing.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from fuzz.build import ROOT
from fuzz.invariant import Broken, check_stream, decode
from fuzz.lan import lan
from fuzz.life import MAX_PAYLOAD, STEPS, live
from wxproto import envelope, module_info, sub_devices, transaction
from wxproto.actions import SUB_DEVICES_ONLINE
from wxproto.big_data import HEX_LINES, Announce, Piece, Ready
from wxproto.commands import SUB_DEVICE
from wxproto.configuration import Configuration
from wxproto.data_receiver import COMMANDS as RECEIVED
from wxproto.data_receiver import OFFERED, Receiver
from wxproto.device_info import DeviceInfo
from wxproto.errors import LocalError, PeerError
from wxproto.events import Answered, Asked, GaveUp
from wxproto.frame import Frame, encode
from wxproto.network_time import NetworkTime
from wxproto.p0 import Codec
from wxproto.product import Product
from wxproto.session import MAX_BACKLOG
from wxproto.sub_devices import Entry, Online

MAX_FILE = 2000
"""Bytes that the receiver of big data has room for."""
LONGEST_MS = 120_000
"""Milliseconds until something is due at the latest: a heartbeat, or a question behind a full backlog."""


def decoder(data: bytes) -> None:
    """The frame decoder: the first byte chooses where the rest is cut; two good frames follow."""
    stream = data[1:] + encode(7, 1) + encode(7, 2)
    cut = 1 + data[0] % 16 if data else 1
    found = check_stream(stream, range(0, len(stream), cut), MAX_PAYLOAD)
    if found[-1] != Frame(7, 2, 0, b""):
        raise Broken(f"a good frame behind {data.hex()} was not delivered")


def session(data: bytes) -> None:
    """A session's life, see fuzz/life.py: questions end once, good frames go out, nothing waits for ever."""
    if not data:
        return
    tickets: set[int] = set()
    ended: list[int] = []
    for end, now, ticket, events, sent in live(data):
        if ticket is not None:
            tickets.add(ticket)
        ended += [event.ticket for event in events if isinstance(event, Answered | GaveUp) and event.ticket]
        _check_out(sent)
        deadline = end.next_deadline()
        if deadline is not None and deadline > now + LONGEST_MS:
            raise Broken(f"nothing is due before {deadline} ms, {now} now")
    if len(ended) != len(set(ended)) or not set(ended) <= tickets:
        raise Broken(f"questions {sorted(tickets)} ended as {ended}")


def _check_out(out: bytes) -> None:
    """A session sends good frames and nothing else."""
    if len(out) > MAX_BACKLOG:
        raise Broken(f"{len(out)} bytes wait for the wire")
    again = b"".join(
        encode(one.cmd, one.sn, one.payload, one.flags) for one in decode([out]) if isinstance(one, Frame)
    )
    if again != out:
        raise Broken(f"sent {out.hex()}, which is not made of frames")


def _product(name: str) -> Codec:
    path = ROOT / "protocol" / "products" / f"{name}.json"
    return Codec(Product.from_dict(json.loads(path.read_text("utf-8"))))


def _again(one: Any) -> bytes:
    encoded: bytes = one.encode()
    return encoded


def _sub_devices(data: bytes) -> tuple[int, list[Online] | list[Entry]]:
    return data[0] if data else 0, sub_devices.decode(data)


def _sub_devices_again(one: tuple[int, Any]) -> bytes:
    action, entries = one
    if action == SUB_DEVICES_ONLINE:
        return sub_devices.encode_online(entries)
    return sub_devices.encode_list(action, entries)


def _clamped(read: Callable[[bytes], Any], write: Callable[[Any], bytes]) -> Callable[[bytes], Any]:
    """Numbers beyond a product's limits are read as they are, and written within them."""

    def read_written(data: bytes) -> Any:
        value = read(data)
        try:
            return read(write(value))
        except LocalError:
            return value

    return read_written


GOKIT = _product("gokit")
METER = _product("meter")

CODECS: tuple[tuple[Callable[[bytes], Any], Callable[[Any], bytes]], ...] = (
    (DeviceInfo.decode, _again),
    (Configuration.decode, _again),
    (NetworkTime.decode, _again),
    (module_info.decode, _again),
    (transaction.decode_request, _again),
    (transaction.decode_result, _again),
    (Announce.decode, _again),
    (lambda data: Ready.decode(0, data), _again),
    (lambda data: Piece.decode(0, data), _again),
    (lambda data: Piece.decode(HEX_LINES, data), _again),
    (_sub_devices, _sub_devices_again),
    (lambda data: sub_devices.decode_address(SUB_DEVICE, data), lambda one: sub_devices.encode_address(*one)),
    (METER.decode_read, METER.encode_read),
    (_clamped(GOKIT.decode_control, GOKIT.encode_control), GOKIT.encode_control),
    (_clamped(GOKIT.decode_report, GOKIT.encode_report), GOKIT.encode_report),
    (_clamped(METER.decode_control, METER.encode_control), METER.encode_control),
    (_clamped(METER.decode_report, METER.encode_report), METER.encode_report),
    (envelope.decode, lambda one: envelope.encode(one.cmd, one.p0, one.sn, one.flag)),
)
"""Decoders of payloads, and what makes bytes of their results again."""


def codecs(data: bytes) -> None:
    """One payload decoder, chosen by the first byte: PeerError, or a value that survives a round trip."""
    if not data:
        return
    read, write = CODECS[data[0] % len(CODECS)]
    try:
        value = read(data[1:])
    except PeerError:
        return
    try:
        again = write(value)
    except LocalError:
        return  # what a peer may say need not be what we would: an empty control, for one
    if read(again) != value:
        raise Broken(f"{value!r} encodes to {again.hex()}, which reads otherwise")


def receiver(data: bytes) -> None:
    """Big data from a sender that says anything: what is written has no gap and keeps the limit."""
    written = 0

    def write(offset: int, content: bytes) -> None:
        nonlocal written
        if offset != written or offset + len(content) > MAX_FILE:
            raise Broken(f"{len(content)} bytes written at {offset}, {written} were there")
        written += len(content)

    end = Receiver(write, MAX_FILE, new_digest=hashlib.md5)
    now = at = 0
    while at + 2 < len(data):
        what, size = data[at], data[at + 1]
        now += STEPS[what >> 2 & 7]
        piece = data[at + 2 : at + 2 + size]
        at += 2 + len(piece)
        match what & 3:
            case 0 if end.state == OFFERED:
                end.accept(now)
                written = end.have
            case 1:
                end.poll(now)
            case _ if piece:
                cmd = RECEIVED[piece[0] % len(RECEIVED)]
                end.take(Asked(cmd, 0, piece[0] >> 6, piece[1:], wants_answer=True), now)
        while end.question() is not None:
            if what & 0x80:
                end.answered(now)
            else:
                end.gave_up(now)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "decoder": decoder,
    "session": session,
    "codecs": codecs,
    "receiver": receiver,
    "lan": lan,
}
