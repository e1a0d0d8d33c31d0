"""/main.py of a chip: runs the application of the slot that boot.py chose, and restarts the chip after it.

Like boot.py it stays as the factory wrote it. A product never comes to MicroPython's prompt.
"""

import micropython

micropython.kbd_intr(-1)  # see boot.py; MicroPython allows Ctrl-C anew before each of the two files

import gc  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

import machine  # noqa: E402

CTRL_C = 3
COLLECT_AFTER = 8192  # bytes between collections: short pauses, and the free heap stays in large pieces
PAUSE_S = (
    10  # seconds after a failure: a module that fails at once does so a few times a minute, not a second
)
START_MS = 120_000  # until the application has its own watchdog; one that hangs before counts as failed


def run():
    """Run the application; returns the seconds to wait before the restart."""
    gc.threshold(COLLECT_AFTER)
    from module.program import run_chip  # noqa: PLC0415 - what cannot be imported is a failure like any other

    code = run_chip()  # as a rule it restarts the chip itself
    print("main: the application ended with code", code or 0)
    return PAUSE_S if code else 0


product = globals().get("product", True)  # boot.py's
pause = PAUSE_S
try:
    if product:
        machine.WDT(timeout=START_MS)
    else:
        micropython.kbd_intr(CTRL_C)
    pause = run()
except BaseException as error:  # SystemExit too would end at the prompt
    if isinstance(error, KeyboardInterrupt) and not product:
        print("main: stopped; machine.reset() starts it again")
        raise
    print("main: the application failed")
    sys.print_exception(error)
try:
    print("main: restarts in", pause, "s")
    time.sleep(pause)
finally:
    machine.reset()
