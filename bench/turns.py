"""Rates of programs that are measured in turns, so that a busy machine slows all of them alike."""

import time
from collections.abc import Callable, Mapping

Rates = dict[str, float]
ROUNDS = 5


def rates(programs: Mapping[str, Callable[[], int]], seconds: float) -> Rates:
    """What each program does in a second of processor time, in the best of ROUNDS turns.

    Each gives the number of things it did in one call. seconds: processor time for all of them together.
    """
    slice_s = seconds / ROUNDS / len(programs)
    best = dict.fromkeys(programs, 0.0)
    for _ in range(ROUNDS):
        for name, program in programs.items():
            count = 0
            began = time.process_time()
            while (took := time.process_time() - began) < slice_s:
                count += program()
            best[name] = max(best[name], count / took)
    return best
