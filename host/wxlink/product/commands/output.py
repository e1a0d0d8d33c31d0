"""What the verbs of `wxlink product` write: files that are not lost by mistake, and words on the terminal."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from wxproto.product import ProductError


class NoOutput(Exception):
    """A file cannot be written; the text says which and what to do."""


def ending(suffix: str) -> Callable[[str], Path]:
    """Type of an argument that names a file to write, which is read back by this ending."""

    def path_of(text: str) -> Path:
        path = Path(text)
        if path.suffix != suffix:
            raise argparse.ArgumentTypeError(f"the file must end in {suffix}")
        return path

    return path_of


def add_output(parser: argparse.ArgumentParser, suffix: str) -> None:
    """Add the options of a verb that writes a file or to standard output."""
    parser.add_argument(
        "--out",
        type=ending(suffix),
        metavar="FILE",
        help=f"file to write, ending in {suffix} (default: standard output)",
    )
    add_force(parser)


def add_force(parser: argparse.ArgumentParser) -> None:
    """Add the option of a verb that keeps a file that is there unless told otherwise."""
    parser.add_argument("--force", action="store_true", help="write over a file that is there")


def write(path: Path | None, text: str, *, force: bool = False) -> None:
    """Write a text to a new file, to any file when forced, to standard output when there is no path."""
    if path is None:
        sys.stdout.write(text)
        return
    try:
        with path.open("w" if force else "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as error:
        remedy = "name another file" if path.is_dir() else "name another file, or add --force"
        raise NoOutput(f"{path} is there already: {remedy}") from error
    except OSError as error:
        raise NoOutput(f"{path}: {error.strerror}: name a file that can be written") from error


def complain(verb: str, error: ProductError | NoOutput) -> int:
    """Say on standard error why a verb could not be done; gives the exit status."""
    begin = "" if isinstance(error, ProductError) else f"wxlink product {verb}: "
    sys.stderr.write(f"{begin}{error}\n")
    return 1
