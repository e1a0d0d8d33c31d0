#!/usr/bin/env python3
"""`wxlink flash` for those who look for it here: `tools/flash.py boards`, `tools/flash.py write --help`."""

import sys
from pathlib import Path

try:
    from wxlink.cli import main
except ModuleNotFoundError as error:  # not in the environment of this checkout
    sys.path[:0] = [str(Path(__file__).resolve().parents[1] / folder) for folder in ("host", "protocol")]
    try:
        from wxlink.cli import main
    except ModuleNotFoundError:
        sys.exit(f"flash: {error.name} is missing: run `make setup`, then .venv/bin/python tools/flash.py")

if __name__ == "__main__":
    sys.exit(main(["flash", *sys.argv[1:]]))
