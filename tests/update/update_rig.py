"""A module that has new firmware for a board, in virtual time: wxproto's sender, the SDK's receiver."""

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

from wxproto.commands import MODULE
from wxproto.courier import Courier
from wxproto.data_sender import COMMANDS, Sender
from wxproto.events import Answered, GaveUp, LinkUp
from wxproto.session import Session

STEP_MS = 1
BITS = 10
"""On the wire for each byte."""


class Board:
    """A running update_board: a flash of `pages` pages, and old firmware in it once burn() was called."""

    def __init__(self, program: Path, page_size: int = 1024, unit: int = 2, pages: int = 64) -> None:
        self._process = subprocess.Popen(
            [program, *map(str, (page_size, unit, pages))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, line: str) -> list[str]:
        """Give the board a line; gives its answers."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        out: list[str] = []
        while (answer := self._process.stdout.readline()) != ".\n":
            if not answer:
                raise AssertionError("the board died")
            out.append(answer.rstrip("\n"))
        return out

    def close(self) -> int:
        """End it; gives its status."""
        self._process.communicate()
        return self._process.returncode


class Rig:
    """The board, two lines at `baud` and a module that gives `image` to any other version than `version`.

    `now` is the time in ms; `log` what the board said but for its bytes; `asked` the commands of its frames.
    """

    def __init__(self, board: Board, *, baud: int = 115_200) -> None:
        self.board = board
        self.log: list[str] = []
        self.now = 0.0
        self.sender: Sender | None = None
        self.to_board: Callable[[bytes], bytes] = bytes
        self.to_module: Callable[[bytes], bytes] = bytes
        self._baud = baud
        self._session = Session(MODULE, baud=baud)
        self._courier: Courier | None = None
        self._down: list[tuple[float, bytes]] = []
        self._up: list[tuple[float, bytes]] = []
        self._down_free = 0.0
        self._up_free = 0.0
        self.reported = ""

    def power_on(self) -> None:
        """Switch the board on."""
        self._board(f"at {int(self.now)}")
        self._board("on")

    def offer(self, image: bytes, md5: str | None = None) -> Sender:
        """Let the module announce new firmware."""
        digest = md5 or hashlib.md5(image, usedforsecurity=False).hexdigest()
        self.sender = Sender(len(image), digest, lambda offset, size: image[offset : offset + size])
        self._courier = Courier(self._session, self.sender, COMMANDS)
        self.sender.start()
        self._courier.ask(int(self.now))
        return self.sender

    def run(self, until: Callable[[], object], within_ms: int = 120_000) -> None:
        """Let time pass until something is so."""
        end = self.now + within_ms
        while not until():
            assert self.now < end, f"not within {within_ms} ms: {self.log[-5:]}"
            self._advance()

    def _advance(self) -> None:
        """To the next byte that arrives, or a step further."""
        self._flush()
        ahead = [queue[0][0] for queue in (self._down, self._up) if queue]
        tick = self.now + STEP_MS
        self.now = min([*ahead, tick])
        if self._down and self._down[0][0] <= self.now:
            self._board(f"at {int(self.now)}")
            self._board("rx " + self._down.pop(0)[1].hex())
        elif self._up and self._up[0][0] <= self.now:
            self._handle(self._session.receive(self._up.pop(0)[1], int(self.now)))
        else:
            self._board(f"at {int(self.now)}")
            self._board("poll")
            self._handle(self._session.poll(int(self.now)))
            if self._courier is not None:
                self._courier.poll(int(self.now))

    def _flush(self) -> None:
        data = self.to_board(self._session.data_to_send())
        if data:
            self._down_free = max(self._down_free, self.now) + len(data) * BITS * 1000 / self._baud
            self._down.append((self._down_free, data))

    def _board(self, line: str) -> None:
        for answer in self.board.tell(line):
            if answer.startswith("tx "):
                data = self.to_module(bytes.fromhex(answer[3:]))
                self._up_free = max(self._up_free, self.now) + len(data) * BITS * 1000 / self._baud
                self._up.append((self._up_free, data))
            else:
                self.log.append(answer)

    def _handle(self, events: list[object]) -> None:
        for event in events:
            if self._courier is not None and self._courier.handle(event, int(self.now)):  # type: ignore[arg-type]
                continue
            if isinstance(event, Answered) and event.cmd == 1:
                self.reported = event.payload[24:32].rstrip(b"\0").decode()
            if isinstance(event, (LinkUp, GaveUp)):
                self.log.append(type(event).__name__)
