"""What the verbs of `wxlink product` write: files that are not lost by mistake, and words on the terminal."""

import sys
from pathlib import Path

from wxproto.product import ProductError


class NoOutput(Exception):
    """A file cannot be written; the text says which and what to do."""


def write(path: Path | None, text: str, *, force: bool = False) -> None:
    """Write a text to a new file, to any file when forced, to standard output when there is no path."""
    if path is None:
        sys.stdout.write(text)
        return
    try:
        with path.open("w" if force else "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as error:
        raise NoOutput(f"{path} is there already: name another file, or add --force") from error
    except OSError as error:
        raise NoOutput(f"{path}: {error.strerror}") from error


def complain(verb: str, error: ProductError | NoOutput) -> int:
    """Say on standard error why a verb could not be done; gives the exit status."""
    begin = "" if isinstance(error, ProductError) else f"wxlink product {verb}: "
    sys.stderr.write(f"{begin}{error}\n")
    return 1
