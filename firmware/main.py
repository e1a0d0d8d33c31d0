"""The Wi-Fi module: `micropython main.py CONFIG.json`. See README.md for the keys of the file.

Exit codes: 0 interrupted; 1 the serial port or the data folder cannot be used, or the product's own
program failed; 2 wrong command line, configuration or product module.
"""

import asyncio
import gc
import sys

import boot  # noqa: F401 - for its effect; the unix port does not run it by itself
from module.bridge import Bridge, Restart
from module.config import load
from module.console import say
from module.settings import Settings
from port import unix as port
from wxproto.errors import LocalError


def main(arguments):
    """Run the module until it is interrupted; returns the exit code."""
    if len(arguments) != 1:
        print("usage: micropython main.py CONFIG.json")
        return 2
    while True:
        try:
            return run(arguments[0])
        except Restart:
            asyncio.new_event_loop()  # drops the tasks of the old one
            gc.collect()
            say("module", "starts anew")


def run(path):
    """Run the module that the file at `path` configures; returns the exit code. Raises Restart."""
    used = path
    try:
        config = load(used)
        used = config.data
        settings = Settings(used, port, lambda text: say("module", text))
        settings.use_mac(config.mac)
        used = config.tty
        line = open_line(config, path)
    except LocalError as error:
        print(error)
        return 2
    except OSError as error:
        print(f"{used} cannot be used: {error}")
        return 1
    served = f"MCU on {config.tty}" if config.tty else f"product {config.product}, no MCU"
    say("module", f"ready, mac {settings.mac}, {served}")
    bridge = Bridge(config, settings, port, line)
    code = 0
    try:
        asyncio.run(serve(bridge, line))
    except KeyboardInterrupt:
        pass
    except Restart:
        asyncio.run(bridge.close())
        line.close()
        raise
    except OSError as error:
        say("module", f"{served}: {error}")
        code = 1
    try:
        asyncio.run(bridge.close())
    except MemoryError:  # the unix port raises Ctrl-C anywhere; inside a collection it leaves the heap locked
        print("stopped without a farewell: the broker's will says off-line")
    return code


def open_line(config, path):
    """What the module talks to: an MCU on its serial port, or a product here. Raises OSError, LocalError."""
    if config.tty:
        return port.open_tty(config.tty, config.baud)
    from module import soc  # noqa: PLC0415 - a module with an MCU needs no heap for it

    return soc.Soc(soc.load(config.product, path.rpartition("/")[0] or "."), port.now_ms)


async def serve(bridge, line):
    """Run the module, and the product if it is in this program."""
    if hasattr(line, "run"):
        await asyncio.gather(bridge.run(), line.run())
    else:
        await bridge.run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
