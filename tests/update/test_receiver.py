"""The SDK's receiver of new firmware against the module's sender, byte by byte in virtual time."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from update_rig import Board, Rig

from wxproto.commands import MODULE_NOTICE
from wxproto.frame import encode

OLD = b"v1".ljust(8, b"\0") + bytes(3000)
COMPLETE, CANCELLED, SILENT, GAP, NOT_BINARY, BAD_PIECE, BAD_ANNOUNCE, TOO_LARGE, _, WRONG_CONTENT = range(10)


def image(version: str, size: int) -> bytes:
    return version.encode().ljust(8, b"\0") + random.Random(size).randbytes(size - 8)


@pytest.fixture
def rig(program: Callable[..., Path]) -> Iterator[Callable[..., Rig]]:
    """A function that gives a board with old firmware, up and known to the module."""
    boards: list[Board] = []

    def start(**geometry: int) -> Rig:
        boards.append(Board(program("update_board", baud=115200), **geometry))
        new = Rig(boards[-1])
        new.board.tell("image " + OLD.hex())
        new.power_on()
        new.run(lambda: "LinkUp" in new.log)
        assert new.reported == "v1"
        return new

    yield start
    for board in boards:
        assert board.close() == 0


def without_pieces(data: bytes) -> bytes:
    """Drop every 1D; two FF stand at the head of a frame and nowhere else."""
    frames = data.split(b"\xff\xff")[1:]
    return b"".join(b"\xff\xff" + frame for frame in frames if frame[2] != 0x1D)


def flash_use(rig: Rig) -> tuple[int, int]:
    """Pages erased and bytes written so far."""
    words = rig.board.tell("flash")[0].split()
    return int(words[1]), int(words[3])


@pytest.mark.parametrize(
    "geometry",
    [
        {},
        {"page_size": 128, "unit": 1, "pages": 100},
        {"page_size": 2048, "unit": 8, "pages": 8},
        {"page_size": 256, "unit": 32, "pages": 40},
    ],
    ids=["STM32F100", "ATmega", "STM32L4", "STM32H7"],
)
def test_an_update_arrives_is_installed_and_reported(
    rig: Callable[..., Rig], geometry: dict[str, int]
) -> None:
    link = rig(**geometry)
    link.offer(image("v2", 9001))
    link.run(lambda: "restart" in link.log)
    assert f"ended {COMPLETE}" in link.log
    link.power_on()
    assert link.log[-1] == "program v2"
    link.reported = ""
    link.board.tell("confirm")
    again = Rig(link.board)
    again.run(lambda: "LinkUp" in again.log)
    assert again.reported == "v2"


def test_what_was_written_before_a_cut_is_kept_and_the_mcu_asks_by_itself(rig: Callable[..., Rig]) -> None:
    link = rig()
    content = image("v2", 40_000)
    link.offer(content)
    link.run(lambda: link.sender.sent >= 20_000)
    link.board.tell("off 5 1")
    link.run(lambda: "dark" in link.log)
    link.power_on()
    assert link.log[-1] == "program v1"
    link.run(lambda: "restart" in link.log)
    pages, notes = 40, 1
    erased, written = flash_use(link)
    assert erased <= notes + pages + 2, "only the page at the cut and the one before are erased again"
    assert written < 128 + len(content) + 2 * 1024 + 2 * (pages + 4)


def test_a_program_that_is_not_confirmed_is_replaced_at_its_fourth_start(rig: Callable[..., Rig]) -> None:
    link = rig()
    link.offer(image("bad", 5000))
    link.run(lambda: "restart" in link.log)
    starts = []
    for _ in range(5):
        link.power_on()
        starts.append(link.log[-1].split()[1])
    assert starts == ["bad", "bad", "bad", "v1", "v1"]


def test_too_large_an_image_is_refused(rig: Callable[..., Rig]) -> None:
    link = rig(pages=8)
    before = flash_use(link)
    sender = link.offer(image("v2", 8 * 1024 + 1))
    link.run(lambda: sender.state == "stopped")
    assert sender.reason == "the receiver cancelled"
    link.run(lambda: f"ended {TOO_LARGE}" in link.log)
    assert flash_use(link) == before
    exact = link.offer(image("v2", 8 * 1024))
    link.run(lambda: "restart" in link.log)
    assert exact.state == "done"


def test_wrong_content_is_cancelled_and_nothing_of_it_kept(rig: Callable[..., Rig]) -> None:
    link = rig()
    sender = link.offer(image("v2", 5000), md5="0123456789abcdef" * 2)
    link.run(lambda: f"ended {WRONG_CONTENT}" in link.log)
    assert sender.reason == "the receiver cancelled"
    link.power_on()
    assert link.log[-1] == "program v1"
    link.offer(image("v2", 5000))
    link.run(lambda: "restart" in link.log)


def test_a_module_that_cancels_ends_it_and_may_begin_again(rig: Callable[..., Rig]) -> None:
    link = rig()
    sender = link.offer(image("v2", 20_000))
    link.run(lambda: sender.sent > 8000)
    sender.cancel()
    link.run(lambda: f"ended {CANCELLED}" in link.log)
    link.offer(image("v2", 20_000))
    link.run(lambda: "restart" in link.log)


def test_a_silent_module_is_asked_again_once_and_then_told(rig: Callable[..., Rig]) -> None:
    link = rig()
    sender = link.offer(image("v2", 20_000))
    link.run(lambda: sender.sent > 5000)
    heard: list[bytes] = []
    link.to_module = lambda data: heard.append(data) or data  # type: ignore[func-returns-value]
    link.to_board = without_pieces
    began = link.now
    link.run(lambda: f"ended {SILENT}" in link.log)
    asked = [data for data in heard if data[:2] == b"\xff\xff" and data[4] in (0x1B, 0x27)]
    assert [data[4] for data in asked] == [0x1B, 0x27]
    assert 30_000 <= link.now - began < 31_000


def test_a_break_of_the_line_costs_no_page(rig: Callable[..., Rig]) -> None:
    link = rig()
    sender = link.offer(image("v2", 20_000))
    link.run(lambda: sender.sent > 8000)
    resume = link.now + 20_000
    link.to_board = lambda data: data if link.now > resume else b""
    link.run(lambda: "restart" in link.log)
    erased, _ = flash_use(link)
    assert erased <= 1 + 20 + 2


@pytest.mark.parametrize("loss", [0.01, 0.1])
def test_lost_and_damaged_frames_change_nothing(
    rig: Callable[..., Rig], seeded: random.Random, loss: float
) -> None:
    link = rig()

    def spoil(data: bytes) -> bytes:
        if not data or seeded.random() >= loss:
            return data
        at = seeded.randrange(len(data))
        return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]

    link.to_board = spoil
    link.to_module = spoil
    link.offer(image("v2", 12_000))
    for _ in range(20):
        link.run(lambda: "restart" in link.log or link.sender.state in ("stopped",), 600_000)
        if "restart" in link.log:
            break
        link.offer(image("v2", 12_000))
    link.power_on()
    assert link.log[-1] == "program v2"


class Hand:
    """Frames made by hand for a board that is up."""

    def __init__(self, rig: Rig) -> None:
        self.board = rig.board
        self.sn = 100

    def say(self, cmd: int, payload: bytes, flags: int = 0) -> list[str]:
        """Send a command; gives the codes of the board's frames, with the first payload byte of a notice."""
        self.sn += 1
        lines = self.board.tell("rx " + encode(cmd, self.sn, payload, flags).hex()) + self.board.tell("poll")
        return [self._short(line) for line in lines if not line.startswith("tx ") or line[3:7] == "FFFF"]

    @staticmethod
    def _short(line: str) -> str:
        if not line.startswith("tx "):
            return line
        return line[11:13] + (":" + line[19:21] if line[11:13] == "12" else "")

    def announce(self, size: int) -> list[str]:
        """Announce an image and acknowledge the question for its pieces, the first that the board asks."""
        said = self.say(0x19, size.to_bytes(4, "big") + b"\0\x20" + b"0123456789abcdef" * 2)
        self.board.tell("rx " + encode(0x1C, 0).hex())
        return said

    def piece(self, number: int, count: int, size: int, flags: int = 0) -> list[str]:
        return self.say(0x1D, number.to_bytes(2, "big") + count.to_bytes(2, "big") + bytes(size), flags)


def test_pieces_are_judged_one_by_one(rig: Callable[..., Rig]) -> None:
    hand = Hand(rig())
    assert hand.piece(1, 4, 256) == ["12:03"], "nothing was announced"
    assert hand.announce(1000) == ["1A", "1B"]
    assert hand.piece(2, 4, 256) == ["1E"], "left over from before"
    assert hand.piece(1, 4, 256) == ["1E"]
    assert hand.piece(1, 4, 256) == ["1E"], "a repeat"
    assert hand.piece(2, 4, 256) == ["1E"]
    assert hand.piece(4, 4, 232)[0] == "1E", "a gap"


@pytest.mark.parametrize(
    ("piece", "end"),
    [
        ((3, 4, 256), GAP),
        ((2, 5, 256), BAD_PIECE),
        ((2, 4, 255), BAD_PIECE),
        ((0, 4, 256), BAD_PIECE),
        ((5, 4, 256), BAD_PIECE),
        ((2, 0, 40, 1), NOT_BINARY),
    ],
    ids=["gap", "count", "size", "number 0", "number over count", "HEX line"],
)
def test_pieces_that_do_not_fit_cancel(rig: Callable[..., Rig], piece: tuple[int, ...], end: int) -> None:
    link = rig()
    hand = Hand(link)
    hand.announce(1000)
    assert hand.piece(1, 4, 256) == ["1E"]
    said = hand.piece(*piece)
    assert said[0] == ("12:04" if end == NOT_BINARY else "1E")
    assert "27" in said + hand.say(MODULE_NOTICE, b"\x02")
    link.run(lambda: f"ended {end}" in link.log, 10_000)


@pytest.mark.parametrize("payload", [b"", bytes(4) + b"\0\x20" + b"0" * 32, b"\0\0\1\0\0\x10" + b"0" * 32])
def test_a_strange_announcement_is_refused(rig: Callable[..., Rig], payload: bytes) -> None:
    link = rig()
    assert Hand(link).say(0x19, payload)[0] == "1A"
    link.run(lambda: f"ended {BAD_ANNOUNCE}" in link.log, 10_000)
