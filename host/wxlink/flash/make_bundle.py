"""`wxlink flash bundle`: the release file that modules in the field update themselves with."""

import argparse
import hashlib
import json
import sys
from pathlib import Path

from wxlink.flash import app
from wxlink.flash.problem import FlashError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `wxlink flash bundle`."""
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        default=Path(),
        metavar="DIR",
        help="folder of the file (default: this folder)",
    )
    parser.add_argument("--json", action="store_true", help="print file, version, size and hash as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Write app-<version>.tgz; the version is that of firmware/module/version.py."""
    made = app.build()
    data = made.bundle()
    path = arguments.out / f"app-{made.version}.tgz"
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        names = path.with_suffix(".names.json")
        names.write_text(json.dumps({"files": made.shown, "names": made.names}, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise FlashError(f"{path}: {error.strerror}") from error
    told = {
        "file": str(path),
        "names": str(names),
        "version": made.version,
        "size": len(data),
        "mpy_size": made.mpy_size,
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    if arguments.json:
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        sys.stdout.write(
            f"{path}: version {made.version}, {len(data)} bytes, {made.mpy_size} bytes of .mpy; "
            f"`wxlink release add {path}` offers it to modules\n"
            f"{names}: what files and names in a traceback of this version are called in the source\n"
        )
    return 0
