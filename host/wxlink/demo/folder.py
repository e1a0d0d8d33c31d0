"""The demo's data folder: private, and held by one demo at a time."""

import contextlib
import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from wxlink.demo.identity import FILE_NAME

LOCK = "lock"
_BEFORE_THE_IDENTITY = {LOCK, Path(FILE_NAME).with_suffix(".new").name}


class FolderError(RuntimeError):
    """The folder cannot be used; the text says what to do."""


@contextlib.contextmanager
def held(folder: Path, *, fresh: bool) -> Iterator[None]:
    """Make `folder` where it is missing, and hold it for this process; `fresh` empties it first.

    Raises FolderError: it cannot be made or written, holds something else, or another demo runs with it.
    """
    try:
        lock = _open(folder)
    except OSError as error:
        raise FolderError(
            f"{error.filename or folder} cannot be used ({error.strerror}); name another folder with --data"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderError(
                f"another demo runs with {folder}; end it, or name another folder with --data"
            ) from error
        if fresh:
            _empty(folder)
        yield


def _open(folder: Path) -> TextIO:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    names = {path.name for path in folder.iterdir()}
    if FILE_NAME not in names and not names <= _BEFORE_THE_IDENTITY:
        raise FolderError(f"{folder} does not hold a demo's data; name another folder with --data")
    folder.chmod(0o700)
    return (folder / LOCK).open("a", encoding="ascii")


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()
