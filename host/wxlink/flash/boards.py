"""The boards that wxlink knows: one file a board, `boards/<name>.toml`."""

import dataclasses
import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from wxlink.assets import asset
from wxlink.flash.problem import FlashError

MIB: Final = 1024 * 1024
SECTOR: Final = 4096  # bytes that flash erases at once; every partition begins at a multiple of it

LANGUAGES: Final = ("en", "zh")


@dataclasses.dataclass(frozen=True, slots=True)
class Partition:
    """A stretch of the flash, as the stock image's table says it; offset and size in bytes."""

    name: str
    kind: str  # "app" or "data"
    offset: int
    size: int

    @property
    def end(self) -> int:
        """First byte behind it."""
        return self.offset + self.size


@dataclasses.dataclass(frozen=True, slots=True)
class Uart:
    """The line to the product MCU: number of the UART, pins, and why these."""

    id: int
    tx: int
    rx: int
    why: Mapping[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Button:
    """The set-up button: its pin, and the level that it has while pressed."""

    pin: int
    pressed: int


@dataclasses.dataclass(frozen=True, slots=True)
class Led:
    """The light on the board: its pin; addressable (WS2812) or lit by the level `on`."""

    pin: int
    addressable: bool
    on: int


@dataclasses.dataclass(frozen=True, slots=True)
class Reset:
    """How the chip enters its ROM loader.

    kind: "auto" (DTR and RTS through two transistors), "usb-jtag" (the chip's own USB), or "hand".
    do: what the person at the bench does, in en and zh; also when auto-reset does not work.
    """

    kind: str
    do: Mapping[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class StockFirmware:
    """MicroPython's own image for the board; sha256 is "" where no independent record of it exists."""

    board: str
    version: str
    file: str
    url: str
    sha256: str


@dataclasses.dataclass(frozen=True, slots=True)
class Board:
    """One board or bare module. Offsets and sizes in bytes, `load` is where its stock image begins."""

    name: str
    names: Mapping[str, str]
    chip: str
    flash_size: int
    load: int
    partitions: Mapping[str, Partition]
    uart: Uart
    button: Button | None
    led: Led | None
    reset: Reset
    avoid: Mapping[int, Mapping[str, str]]
    firmware: StockFirmware

    @property
    def app_offset(self) -> int:
        """Where MicroPython itself lies."""
        return next(one.offset for one in self.partitions.values() if one.kind == "app")

    @property
    def nvs(self) -> Partition:
        """Where the identity lies."""
        return self.partitions["nvs"]

    @property
    def vfs(self) -> Partition:
        """Where the file system lies: up to the end of the flash, whatever its size."""
        return self.partitions["vfs"]

    def with_flash(self, size: int) -> "Board":
        """The same board with a flash of another size in bytes; stock images take what they find."""
        vfs = dataclasses.replace(self.vfs, size=size - self.vfs.offset)
        return dataclasses.replace(self, flash_size=size, partitions={**self.partitions, "vfs": vfs})


def names() -> tuple[str, ...]:
    """Every board's name, sorted."""
    return tuple(sorted(path.stem for path in asset("boards").glob("*.toml")))


@functools.cache
def load(name: str) -> Board:
    """The board of that name. Raises FlashError that lists the boards there are."""
    if name not in names():
        raise FlashError(f"there is no board {name!r}; take one of {', '.join(names())}")
    return read(asset("boards") / f"{name}.toml")


def read(path: Path) -> Board:
    """The board that a file describes. Raises FlashError."""
    try:
        given = tomllib.loads(path.read_text("utf-8"))
        return _board(path.stem, given)
    except OSError as error:
        raise FlashError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        raise FlashError(
            f"{path} is no board file ({error}); boards/board.schema.json tells the form"
        ) from error


def _board(name: str, given: dict[str, Any]) -> Board:
    flash, led, button = given["flash"], given.get("led"), given.get("button")
    return Board(
        name=name,
        names={language: given[language] for language in LANGUAGES},
        chip=given["chip"],
        flash_size=flash["size"],
        load=flash["load"],
        partitions={one["name"]: Partition(**one) for one in flash["partitions"]},
        uart=Uart(**given["uart"]),
        button=Button(**button) if button else None,
        led=Led(**led) if led else None,
        reset=Reset(**given["reset"]),
        avoid={pin: {lang: one[lang] for lang in LANGUAGES} for one in given["avoid"] for pin in one["pins"]},
        firmware=StockFirmware(**given["firmware"]),
    )
