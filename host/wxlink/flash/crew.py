"""One thread a port, all ended by Ctrl-C."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from wxlink.flash.progress import Lane

STOP_S: Final = 8.0  # longest wait for one command that is under way; a second Ctrl-C does not wait
_POLL_S: Final = 0.05

Task = TypeVar("Task")


class Stopped(Exception):
    """The person at the bench wants no more of it."""


def work(
    tasks: Sequence[Task], lanes: Sequence[Lane], do: Callable[[Task, Lane, threading.Event], None]
) -> tuple[bool, list[Task]]:
    """Call `do` for each task in a thread of its own, and wait for all.

    Whether Ctrl-C came, and the tasks that were still under way long after it. `do` raises nothing and
    returns soon after the event is set.
    """
    stop = threading.Event()
    jobs = [(task, lane, threading.Event()) for task, lane in zip(tasks, lanes, strict=True)]

    def run(task: Task, lane: Lane, done: threading.Event) -> None:
        try:
            do(task, lane, stop)
        finally:
            done.set()

    for job in jobs:
        threading.Thread(target=run, args=job, name=job[1].port, daemon=True).start()
    try:
        for _, _, done in jobs:
            while not done.wait(_POLL_S):  # and not join(): interrupted, that takes the thread for ended
                pass
    except KeyboardInterrupt:
        stop.set()
        deadline = time.monotonic() + STOP_S
        for _, _, done in jobs:
            done.wait(max(0.0, deadline - time.monotonic()))
    return stop.is_set(), [task for task, _, done in jobs if not done.is_set()]
