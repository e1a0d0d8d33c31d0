"""Stock images: given as a file, or fetched once and kept with their hash."""

import hashlib
import http.client
import os
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from wxlink.flash import stock
from wxlink.flash.boards import Board
from wxlink.flash.problem import FlashError

SIZE_MAX: Final = 16 * 1024 * 1024  # bytes; stock images have under 2 MB
TIME_S: Final = 30.0  # without a byte


def default_folder() -> Path:
    """Where fetched images are kept: $XDG_CACHE_HOME/wxlink/firmware."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wxlink" / "firmware"


def load(board: Board, given: Path | None = None, folder: Path | None = None) -> bytes:
    """The stock image for a board, checked. Raises FlashError.

    given: the user's own file; its hash matters only when it bears the name of the board's. Else the image
    kept in `folder`, fetched from micropython.org when it is not there yet.
    """
    if given is not None:
        data = _read(given)
        if given.name == board.firmware.file and board.firmware.sha256:
            _compare(
                board.firmware.sha256, data, f"{given} is not what micropython.org publishes under its name"
            )
    else:
        data = _kept(board, folder or default_folder())
    stock.split(board, data)
    return data


def _kept(board: Board, folder: Path) -> bytes:
    path = folder / board.firmware.file
    record = path.with_suffix(".sha256")
    if not path.exists():
        fetched = _fetch(board)
        if board.firmware.sha256:
            _compare(
                board.firmware.sha256, fetched, f"{board.firmware.url} is not the file that wxlink knows"
            )
        stock.split(board, fetched)  # what is no image is neither kept nor recorded
        _write(record, f"{hashlib.sha256(fetched).hexdigest()}\n".encode())
        _write(path, fetched)
    data = _read(path)
    known = board.firmware.sha256 or (
        _read(record).decode("ascii", "replace").strip() if record.exists() else ""
    )
    _compare(known, data, f"{path} has changed since it was fetched; remove it, and it is fetched again")
    return data


def _fetch(board: Board) -> bytes:
    url = board.firmware.url
    try:
        with urllib.request.urlopen(url, timeout=TIME_S) as answer:  # noqa: S310 - the board's own address
            data: bytes = answer.read(SIZE_MAX + 1)
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise FlashError(
            f"{url} cannot be fetched ({reason}): fetch it elsewhere and give it with --firmware FILE"
        ) from error
    if len(data) > SIZE_MAX:
        raise FlashError(f"{url} is longer than {SIZE_MAX} bytes: that is no stock image")
    return data


def _compare(known: str, data: bytes, wrong: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != known:
        raise FlashError(f"{wrong} (SHA-256 {found[:16]}..., expected {known[:16] or 'nothing'}...)")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(SIZE_MAX + 1)
    except OSError as error:
        raise FlashError(f"{path}: {error.strerror}") from error


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, also when two stations fetch at once."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(path)
    except OSError as error:
        raise FlashError(f"{path}: {error.strerror}") from error
