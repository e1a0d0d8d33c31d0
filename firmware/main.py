"""Start of the module: a chip runs this file after boot.py, a PC by `micropython main.py CONFIG.json`.

Exit codes on a PC: 0 interrupted; 1 the serial port or the data folder cannot be used, or the product's own
program failed; 2 wrong command line, configuration or product module. A chip starts anew instead.
"""

import gc
import sys

gc.threshold(16384)  # bytes between collections: short pauses, and the free heap stays in large pieces

from module import program  # noqa: E402 - with that threshold

if sys.platform == "esp32":
    program.run_chip()
elif __name__ == "__main__":
    sys.exit(program.run_pc(sys.argv[1:]))
