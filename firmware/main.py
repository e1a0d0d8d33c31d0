"""Start of the module: a chip runs this file after boot.py, a PC by `micropython main.py CONFIG.json`.

Exit codes on a PC: 0 interrupted; 1 the serial port or the data folder cannot be used, or the product's own
program failed; 2 wrong command line, configuration or product module. A chip starts anew instead.
"""

import gc
import sys

PAUSE_S = 5  # before a chip starts anew because its program cannot be loaded


def run_chip():
    """Run the application that boot.py chose. Only Ctrl-C on a unit that is no product comes back."""
    import machine  # noqa: PLC0415 - a PC has none
    import micropython  # noqa: PLC0415

    if globals().get(
        "product", True
    ):  # boot.py's word; MicroPython hands Ctrl-C back when it starts this file
        micropython.kbd_intr(-1)
    try:
        from module import program  # noqa: PLC0415 - with the threshold below

        program.run_chip()
    except Exception as error:  # noqa: BLE001 - a prompt would show every secret; boot.py counts the starts
        sys.print_exception(error)
        import time  # noqa: PLC0415 - only here

        time.sleep(PAUSE_S)
        machine.reset()


gc.threshold(16384)  # bytes between collections: short pauses, and the free heap stays in large pieces
if sys.platform == "esp32":
    run_chip()
elif __name__ == "__main__":
    from module import program

    sys.exit(program.run_pc(sys.argv[1:]))
