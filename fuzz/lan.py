"""A client of the module's LAN that sends anything: firmware/module/lan_session.py on one input."""

import sys
from types import SimpleNamespace

from fuzz.build import ROOT
from fuzz.invariant import Broken, in_pieces
from wxproto import envelope
from wxproto.actions import MODULE_P0
from wxproto.commands import STATUS_BINDING
from wxproto.device_info import DeviceInfo

sys.path.insert(0, str(ROOT / "firmware"))

from module import lan_session

PASSCODE = b"IPQRSTUVWX"
SETTINGS = SimpleNamespace(passcode=PASSCODE.decode(), product_key="0" * 32)
INFO = DeviceInfo(product_key="0" * 32, hardware_version="1", software_version="2")
LOGIN = envelope.encode(lan_session.LOGIN, b"\0\x0a" + PASSCODE)
HEAD = 4 + 4 + 3 + 4
"""Bytes of a frame before its body: prefix, length, flag and command, sn."""

Life = tuple[list[tuple[int, bytes]], bytes, str | None]


def lan(data: bytes) -> None:
    """The first byte chooses cuts, binding window and a login before the rest; the split changes nothing."""
    if not data:
        return
    word = STATUS_BINDING if data[0] & 1 else 0
    stream = (LOGIN if data[0] & 2 else b"") + data[1:]
    whole = _live([stream], word)
    for cuts in (range(0, len(stream), 1 + (data[0] >> 2)), range(len(stream))):
        if _live(in_pieces(stream, cuts), word) != whole:
            raise Broken(f"the split changes what is read from {stream.hex()}")
    events, out, _ = whole
    if any(cmd not in lan_session.STRANGERS for cmd, _ in events) and PASSCODE not in stream:
        raise Broken(f"{stream.hex()} is obeyed without the passcode")
    while out:
        found, used = envelope.split(out)
        if found is None:
            raise Broken(f"{out.hex()} is no frame")
        out = out[used:]


def _live(pieces: list[bytes], word: int) -> Life:
    session = lan_session.LanSession(SETTINGS, SimpleNamespace(word=word), lambda: INFO, 0)
    events: list[tuple[int, bytes]] = []
    for piece in pieces:
        if session.ended is not None:
            break
        events += session.receive(piece)
        body = MODULE_P0 if session.logged_in else lan_session.STRANGER_BODY
        if session.ended is None and len(session._buffer) >= HEAD + body:
            raise Broken(f"{len(session._buffer)} bytes are held")
    return events, session.unsent, session.ended
