"""What the verbs share: the data folder, the store in it, and how errors and tables look."""

import argparse
import asyncio
import json
import os
import sys
import time
import unicodedata
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy.exc import DBAPIError

from wxlink.relay.config import ConfigError, find_file, read_config
from wxlink.relay.settings import RelaySettings
from wxlink.relay.store import Store, StoreError
from wxlink.relay.store.release_files import BadFile

DATABASE: Final = "relay.sqlite3"
_WIDE: Final = frozenset("WF")  # East Asian widths of two columns


class Refused(Exception):
    """The verb cannot do it; the text says what to do."""


class Ground(NamedTuple):
    """An open store, the relay's data folder and its settings."""

    store: Store
    data_dir: Path
    settings: RelaySettings


Verb: TypeAlias = Callable[[Ground, argparse.Namespace], Coroutine[Any, Any, None]]


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --config, --data and --json."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="the relay's configuration, which names its data and database (default: as for `wxlink relay`)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="the relay's data folder; without both: the relay's own one, or that of the demo",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(name: str, verb: Verb, arguments: argparse.Namespace) -> int:
    """Run a verb: 0 done, 1 when it cannot be done, with one line of why on stderr."""

    data = arguments.data and arguments.data.expanduser()

    async def work() -> None:
        async with _open(arguments.config, data) as ground:
            await verb(ground, arguments)

    try:
        asyncio.run(work())
    except (Refused, BadFile, StoreError, ConfigError) as error:
        reason = str(error)
    except DBAPIError as error:
        reason = f"the relay's database fails: {error.orig}"
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        reason = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    else:
        return 0
    return refuse(name, reason)


def refuse(name: str, reason: str) -> int:
    """Say on stderr why it cannot be done; the exit status of that."""
    sys.stderr.write(f"wxlink {name}: {plain(reason)}\n")
    return 1


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")


def say_json(value: Any) -> None:
    """Print a value as JSON."""
    say(json.dumps(value, indent=2))


def table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns under their titles, as wide as they need to be."""
    cells = [[plain(str(cell)) for cell in row] for row in (titles, *rows)]
    widths = [max(map(_columns, column)) for column in zip(*cells, strict=True)]
    lines = (
        "  ".join(cell + " " * (width - _columns(cell)) for cell, width in zip(row, widths, strict=True))
        for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def facts(pairs: Mapping[str, object]) -> str:
    """Names and values, one a line."""
    width = max(map(_columns, pairs))
    return "\n".join(
        f"{plain(name)}{' ' * (width - _columns(name))}  {plain(str(value))}".rstrip()
        for name, value in pairs.items()
    )


def moment(at: float | None) -> str:
    """A time in UTC, to the second."""
    return "" if at is None else time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(at))


def plain(text: str) -> str:
    """One line without control characters: what a device sent must not steer a terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)


@asynccontextmanager
async def _open(config: Path | None, data: Path | None) -> AsyncIterator[Ground]:
    """The store of the relay with this configuration, of one that has its data here, or of the demo."""
    file = config or (find_file() if data is None else None)
    settings = read_config(file, data=data).settings
    if settings.store_url is None:
        demo = [_default_data()] if file is None and data is None else []
        settings = replace(settings, data_dir=_folder([settings.data_dir, *demo]))
    store = await Store.open(settings.database_url)
    try:
        yield Ground(store, settings.data_dir, settings)
    finally:
        await store.close()


def _folder(asked: Sequence[Path]) -> Path:
    """The first folder that holds a database of ours, in itself or in its folder `relay`. Raises Refused."""
    folders = [folder for one in asked for folder in (one, one / "relay")]
    folder = next((one for one in folders if (one / DATABASE).is_file()), None)
    if folder is None:
        raise Refused(f"no relay keeps its data in {asked[0]}; name its data folder with --data")
    owner = (folder / DATABASE).stat().st_uid
    if owner != os.geteuid():
        raise Refused(f"the data in {folder} is of user {owner}; run this as that user, as the relay does")
    return folder


def _default_data() -> Path:
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "wxlink" / "demo" / "relay"


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in _WIDE else 1 for char in text)
