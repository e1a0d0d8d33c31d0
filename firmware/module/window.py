"""Status bits that stand for a limited time: binding, onboarding, production test."""

import asyncio


class Window:
    """Named bits of a Status that open() sets and time clears; `on_over()` is called when the time is up."""

    def __init__(self, status, bits, on_over=None):
        self._status = status
        self._bits = bits
        self._on_over = on_over
        self._timer = None

    def open(self, seconds):
        """Set the bits for so long, counted from now; 0 means for ever."""
        self._stop()
        self._set(True)
        if seconds:
            self._timer = asyncio.create_task(self._run(seconds))

    def close(self):
        """Clear the bits before their time."""
        self._stop()
        self._set(False)

    async def _run(self, seconds):
        await asyncio.sleep(seconds)
        self._timer = None
        self._set(False)
        if self._on_over is not None:
            self._on_over()

    def _set(self, value):
        self._status.set(**dict.fromkeys(self._bits, value))

    def _stop(self):
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
