"""`python -m bench [NAME ...]`: measures, prints, and (when all were measured) writes bench/results.json."""

import argparse
import importlib
import sys

from bench.figure import RESULTS, Figure, keep

MODULES = (
    "sizes",
    "frames",
    "points",
    "update",
    "flash",
    "uplinks",
    "latency",
    "cluster",
    "start",
    "store",
    "module",
    "heap",
    "pushes",
    "storm",
    "rest",
)


def main() -> int:
    """Run the figures named, or all of them."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, epilog="example: python -m bench frames"
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one of {', '.join(MODULES)} (default: all)"
    )
    names = parser.parse_args().names
    for name in set(names) - set(MODULES):
        parser.error(f"no figure is called {name!r}; there are {', '.join(MODULES)}")
    figures: list[Figure] = []
    for name in names or MODULES:
        print(f"measuring {name} …", file=sys.stderr)
        figures += importlib.import_module(f"bench.{name}").measure()
    for figure in figures:
        print(
            f"{figure.name}: {figure.ours:,.4g} {figure.unit}; {figure.peer}: {figure.peers:,.4g}; "
            f"ratio {figure.ratio:.3g} ({figure.better} is better)"
        )
    if not names:
        keep(figures)
        print(f"written to {RESULTS.name}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
