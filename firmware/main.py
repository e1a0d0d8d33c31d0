"""The Wi-Fi module on a PC: `micropython main.py CONFIG.json`. See README.md for the keys of the file.

Exit codes: 0 interrupted; 1 the serial port or the data folder cannot be used, or the product's own
program failed; 2 wrong command line, configuration or product module.
"""

import asyncio
import gc
import sys

gc.threshold(16384)  # bytes between collections: short pauses, and the free heap stays in large pieces

from module import program  # noqa: E402 - with that threshold
from module.console import say  # noqa: E402
from port import unix as port  # noqa: E402


def main(arguments):
    """Run the module until it is interrupted; returns the exit code."""
    if len(arguments) != 1:
        print("usage: micropython main.py CONFIG.json")
        return 2
    path = arguments[0]
    folder = path.rpartition("/")[0] or "."
    while True:
        try:
            return program.run(port, lambda reader: reader.load(path), lambda config: line(config, folder))
        except program.Restart:
            asyncio.new_event_loop()  # drops the tasks of the old one
            gc.collect()
            say("module", "starts anew")


def line(config, folder):
    """What the module talks to: an MCU on its serial port, or a product here. Raises OSError, LocalError."""
    if config.tty:
        return port.open_line(config)
    from module import soc  # noqa: PLC0415 - a module with an MCU needs no heap for it

    return soc.Soc(soc.load(config.product, folder), port.now_ms)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
