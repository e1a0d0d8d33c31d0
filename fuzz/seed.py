"""The seed of a run: given, or drawn and printed."""

import argparse
import os
import random


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Add `--seed`; without it WXLINK_SEED counts, and else one is drawn."""
    drawn = int(os.environ.get("WXLINK_SEED") or random.SystemRandom().randrange(2**32))
    parser.add_argument("--seed", type=int, default=drawn, metavar="N", help="repeats a run")
