"""How a fuzzer ends: the sentence and the exit status of it."""

from collections.abc import Callable

from fuzz.build import NOT_RUN, NoTool
from fuzz.invariant import Broken


def outcome(name: str, run: Callable[[], object]) -> int:
    """Run it. Exit status 0, 1 when something is Broken, NOT_RUN when a tool is missing; it says which."""
    try:
        run()
    except NoTool as missing:
        print(f"{name}: not run, {missing}")
        return NOT_RUN
    except Broken as broken:
        print(f"{name}: {broken}")
        return 1
    return 0
