"""What one board stands on: its console, its MCU, its relay, and the faults that this bench can make."""

import contextlib
from abc import ABC, abstractmethod
from pathlib import Path

from hil.board import Board
from hil.cloud import Cloud
from hil.pki import Pki
from other_version import other_version

from wxlink.product import ProductFile


class NotHere(Exception):
    """This bench cannot make that fault; the text says what it would need."""


class Bench(ABC):
    """A module under test. Times in seconds.

    console: tty of its console. network: (name, password) of the network that set-up gives it. mac: of the
    module, known from its first line on.
    """

    kind: str
    console: str
    network: tuple[str, str]
    cloud: Cloud
    board: Board
    pki: Pki
    product: ProductFile

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mac = ""
        self.parts = contextlib.ExitStack()

    @abstractmethod
    def facts(self) -> dict[str, str]:
        """What the report says of board, files and versions."""

    @abstractmethod
    def reset(self) -> None:
        """Start the module anew as its reset button does."""

    @abstractmethod
    def power_cycle(self) -> None:
        """Take the power away and give it back. Raises NotHere."""

    @abstractmethod
    def wifi(self, *, on: bool) -> None:
        """Switch the network's access point. Raises NotHere."""

    @abstractmethod
    def test_network(self, *, on: bool) -> None:
        """Switch the access point of the production test (GIZWITS_TEST_1). Raises NotHere."""

    def release(self, version: str, *, broken: bool = False) -> bytes:
        """The module's own application under another version, as a release file; `broken` ends at once."""
        changed = {"program": "def run_chip():\n    return 0\n"} if broken else {}
        return other_version(version, **changed).bundle()
