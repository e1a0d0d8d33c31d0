"""What holds for every reader of the serial link, whatever comes in; tests and fuzzers check it with this.

    Any bytes give frames, "need more" or a peer error, nothing else, in bounded memory; how they are split
    changes nothing. Every undamaged frame after at most one damaged one is delivered exactly once.

A frame counts as damaged when any of its bytes changed, is missing or has company. "Delivered" means: by a
decoder, each time it comes; by a session, each command once, however often it is repeated or doubled.

One thing no reader can do: the checksum has 8 bits, so about one in 256 damaged frames passes for another
good one. Such frames are *strangers* here: they may appear beside the undamaged ones, never instead of one.
"""

import pickle
from collections.abc import Iterable, Sequence
from itertools import pairwise

from wxproto.frame import MAX_PAYLOAD, BadFrame, Decoder, Frame

OVERHEAD = 2000
"""Bytes that a pickled Decoder may take beside the frame it collects."""


class Broken(AssertionError):
    """The invariant does not hold; the text says where, with the bytes."""


def in_pieces(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """The bytes cut at these places, taken modulo their number."""
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in pairwise(edges)]


def decode(pieces: Iterable[bytes], max_payload: int = MAX_PAYLOAD) -> list[Frame | BadFrame]:
    """What a new decoder makes of the pieces. Broken when it gives anything but frames in bounded memory."""
    decoder = Decoder(max_payload)
    found: list[Frame | BadFrame] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        for one in decoder.feed(piece):
            if type(one) not in (Frame, BadFrame):
                raise Broken(f"{one!r} is neither a frame nor a bad frame")
            if isinstance(one, Frame) and len(one.payload) > max_payload:
                raise Broken(f"a payload of {len(one.payload)} bytes passed the limit of {max_payload}")
            found.append(one)
    if not 0 <= decoder.skipped <= size:
        raise Broken(f"{decoder.skipped} of {size} bytes were skipped")
    if len(pickle.dumps(decoder)) > max_payload + OVERHEAD:
        raise Broken("the decoder holds more than a frame")
    return found


def check_stream(data: bytes, cuts: Iterable[int], max_payload: int = MAX_PAYLOAD) -> list[Frame | BadFrame]:
    """Decode at once, cut up and bytewise; gives what was found. Broken when the three differ."""
    whole = decode([data], max_payload)
    for pieces in (in_pieces(data, cuts), in_pieces(data, range(len(data)))):
        if decode(pieces, max_payload) != whole:
            raise Broken(f"the split changes what is read from {data.hex()}")
    return whole


def strangers(found: Iterable[Frame | BadFrame], undamaged: Sequence[Frame]) -> list[Frame]:
    """Good frames that were not sent like that. Broken when an undamaged one is missing or out of order."""
    others: list[Frame] = []
    at = 0
    for one in found:
        if at < len(undamaged) and one == undamaged[at]:
            at += 1
        elif isinstance(one, Frame):
            others.append(one)
    if at < len(undamaged):
        raise Broken(f"{undamaged[at]!r} came undamaged and was not delivered")
    return others
