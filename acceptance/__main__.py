"""`python -m acceptance cluster|single`: kill -9 under load; prints what happened, status 1 if it hurt."""

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

from acceptance.run import Plan, Report, run
from acceptance.site import cluster, single

SITES = {"cluster": cluster, "single": single}


def main() -> int:
    """Run it; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m acceptance", description=__doc__)
    parser.add_argument("site", choices=SITES)
    parser.add_argument("--times", type=int, default=1, help="how often in a row; stops when one hurts")
    parser.add_argument("--reports", type=int, default=500, help="a second, of all devices")
    parser.add_argument("--only", action="append", default=None, help="of what is done to it, by name")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument(
        "--keep", type=Path, default=None, help="a folder for the logs; else they are removed"
    )
    given = parser.parse_args()
    for number in range(given.times):
        seed = random.randrange(1 << 32) if given.seed is None else given.seed
        plan = Plan(SITES[given.site], reports_a_s=given.reports, acts=given.only, seed=seed)
        with tempfile.TemporaryDirectory(prefix="wxlink-acceptance-") as scratch:
            folder = given.keep / str(number) if given.keep else Path(scratch)
            folder.mkdir(parents=True, exist_ok=True)
            report = asyncio.run(run(plan, folder, lambda text: print(text, flush=True)))
        show(report)
        if not report.clean:
            return 1
    return 0


def show(report: Report) -> None:
    """Print the table."""
    heads = ("s", "acked", "/s", "silent s", "reconn", "reopen", "cmd ok", "failed")
    print("\n" + " " * 36 + "".join(f"{head:>9}" for head in heads))
    for one in report.phases:
        rate = one.acknowledged / one.seconds
        figures = (one.reconnects, one.reopened, one.answered, one.failed)
        print(
            f"{one.name:36}{one.seconds:9.1f}{one.acknowledged:9}{rate:9.0f}{one.silence_s:9.1f}"
            + "".join(f"{figure:9}" for figure in figures)
        )
    for words in (report.told, report.wrong):
        print()
        for name, count in words.items():
            print(f"{count:10}  {name}")
    print("\nclean\n" if report.clean else "\nNOT CLEAN: the last ten lines must be 0\n")


if __name__ == "__main__":
    sys.exit(main())
