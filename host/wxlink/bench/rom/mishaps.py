"""What goes wrong on order. Blocks are counted from 0 as they arrive, each repetition anew."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Mishaps:
    """What a test wants to go wrong; by default nothing does.

    deaf_syncs: so many SYNC commands stay unanswered, as with a chip that is not in its loader yet.
    nak: blocks answered with `nak_code` and not written. lose_answer: blocks written, their answer lost.
    drop_bytes: blocks that lose a byte on the line. unplug: blocks at which the device vanishes for
    `unplugged_s` seconds; then it is back under the same name, or the chip with the address `replaced_by` is.
    slow: blocks answered `slow_s` seconds late. wrong_md5: checks answered with another digest, counted from
    0. silent_stub: a stub that was loaded never greets. clean_baud: highest speed at which the line carries
    bytes whole; above it each block loses a byte.
    """

    deaf_syncs: int = 0
    nak: Collection[int] = ()
    nak_code: int = 0x08
    lose_answer: Collection[int] = ()
    drop_bytes: Collection[int] = ()
    unplug: Collection[int] = ()
    unplugged_s: float = 0.2
    replaced_by: str | None = None
    slow: Collection[int] = ()
    slow_s: float = 0.0
    wrong_md5: Collection[int] = ()
    silent_stub: bool = False
    clean_baud: int | None = None
