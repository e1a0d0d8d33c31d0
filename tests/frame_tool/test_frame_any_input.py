"""Whatever a capture holds, decode lists it or says in one sentence why not."""

import contextlib
import json
from pathlib import Path

from frame_files import GOKIT, METER
from hypothesis import given, settings
from hypothesis import strategies as st

from wxlink.frame_tool import capture, entries, show
from wxlink.frame_tool.describe import describe
from wxlink.product import read
from wxproto import frame
from wxproto.meanings import ACTIONS
from wxproto.p0 import Codec

unhurried = settings(deadline=None)  # a busy machine is no mistake
PRODUCTS = [read(Path(path)).product for path in (GOKIT, METER)]


def listed(raw: bytes) -> list[entries.Entry]:
    """The entries of a capture, each described for people and for programs."""
    found = entries.read(capture.pieces(raw)).entries
    for product in [*PRODUCTS, None]:
        codec = Codec(product) if product else None
        for show_secrets in (False, True):
            said = [describe(entry, codec, show_secrets=show_secrets) for entry in found]
            json.dumps(said, allow_nan=False)
            show.table(said, product)
    return found


@unhurried
@given(st.binary(max_size=300))
def test_any_bytes_are_listed(raw: bytes) -> None:
    listed(b"\xff" + raw)


@unhurried
@given(
    st.integers(0, 255),
    st.integers(0, 255),
    st.sampled_from((0, 1, 3)),
    st.binary(max_size=120),
    st.booleans(),
)
def test_any_payload_of_any_command_is_listed(
    cmd: int, sn: int, flags: int, payload: bytes, cut: bool
) -> None:
    wire = frame.encode(cmd, sn, payload, flags)
    assert listed(wire[:-1] + bytes((wire[-1] ^ 1,)) if cut else wire)


@unhurried
@given(st.sampled_from(sorted(ACTIONS)), st.sampled_from((3, 4, 5)), st.binary(max_size=40))
def test_any_p0_is_listed(action: int, cmd: int, rest: bytes) -> None:
    assert listed(frame.encode(cmd, 0, bytes((action,)) + rest))


@unhurried
@given(st.text(alphabet="rtxFf05 \n:.,*[]0x\t07", max_size=80))
def test_any_text_is_listed_or_refused(text: str) -> None:
    with contextlib.suppress(capture.CaptureError):
        listed(text.encode())
