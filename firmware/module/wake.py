"""Something that one task waits for with a time limit.

asyncio.wait_for_ms() makes two tasks for each wait, 1 KB of heap; a module has eight loops that always wait.
"""

import asyncio
from time import ticks_diff, ticks_ms


class Wake:
    """set() ends the wait() of the one task that waits, or its next one."""

    def __init__(self):
        self._set = False
        self._task = None  # that sleeps in wait()

    def set(self):
        """Wake it."""
        self._set = True
        task = self._task
        # As Task.cancel() does: a task that sleeps is in the queue of those to run, at a later time.
        if task is not None and ticks_diff(task.ph_key, ticks_ms()) > 0:
            queue = asyncio.core._task_queue
            queue.remove(task)
            queue.push(task)

    async def wait(self, milliseconds):
        """Wait for set(), no longer than that; returns whether it was called, also before this."""
        self._task = asyncio.current_task()
        try:
            await asyncio.sleep_ms(0 if self._set else milliseconds)
        finally:
            self._task = None
        came = self._set
        self._set = False
        return came
