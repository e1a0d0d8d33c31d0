"""A 64 KB update of an MCU at 115200 baud against the wire's floor, in virtual time."""

import random
import sys
import tempfile
from pathlib import Path

from bench.figure import Figure

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "update"))
import update_programs
from update_rig import Board, Rig

BAUD = 115_200
BITS_A_BYTE = 10  # start, eight data, stop
SIZE = 65_536
PIECES = (128, 256, 512)
OVERHEAD = 13 + 9  # bytes of a piece's frame around its content, and of its ack, without stuffing


def measure() -> list[Figure]:
    """Content bytes a second for three sizes of a piece; the C receiver, wxproto's session and sender."""
    with tempfile.TemporaryDirectory() as folder:
        return [_figure(Path(folder), piece) for piece in PIECES]


def _figure(folder: Path, piece: int) -> Figure:
    program = update_programs.build("update_board", folder, sanitized=False, piece=piece, baud=BAUD)
    rate = SIZE / _seconds(program)
    limit = piece / (piece + OVERHEAD + (piece + OVERHEAD) / 256)
    return Figure(
        f"update of {SIZE // 1024} KB, pieces of {piece} bytes",
        rate,
        "bytes/s",
        f"the wire's floor at {BAUD} baud, content bytes only",
        BAUD / BITS_A_BYTE,
        "more",
        f"frame, ack and stuffing leave {limit:.3f} at most; one piece waits for the ack of the one before; "
        "random content, a flash that takes no time",
    )


def _seconds(program: Path) -> float:
    """From the announcement to the ack of the last piece, in seconds of virtual time."""
    board = Board(program, page_size=1024, unit=2, pages=64)
    rig = Rig(board, baud=BAUD)
    board.tell("image " + bytes(64).hex())
    rig.power_on()
    rig.run(lambda: "LinkUp" in rig.log)
    began = rig.now
    sender = rig.offer(random.Random(1).randbytes(SIZE))
    rig.run(lambda: sender.state == "done")
    board.close()
    return (rig.now - began) / 1000
