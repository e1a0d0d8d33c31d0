"""The Wi-Fi module: `micropython main.py CONFIG.json`. See README.md for the keys of the file.

Exit codes: 0 interrupted; 1 the serial port or the data folder cannot be used; 2 wrong command line or
configuration.
"""

import asyncio
import sys

import boot  # noqa: F401 - for its effect; the unix port does not run it by itself
from module.bridge import Bridge
from module.config import ConfigError, load
from module.console import say
from module.settings import Settings
from port import unix as port


def main(arguments):
    """Run the module until it is interrupted; returns the exit code."""
    if len(arguments) != 1:
        print("usage: micropython main.py CONFIG.json")
        return 2
    used = arguments[0]
    try:
        config = load(used)
        used = config.data
        settings = Settings(used, port, lambda text: say("module", text))
        settings.use_mac(config.mac)
        used = config.tty
        tty = port.open_tty(used, config.baud)
    except ConfigError as error:
        print(error)
        return 2
    except OSError as error:
        print(f"{used} cannot be used: {error}")
        return 1
    say("module", f"ready, mac {settings.mac}, MCU on {config.tty}")
    bridge = Bridge(config, settings, port, tty)
    code = 0
    try:
        asyncio.run(bridge.run())
    except KeyboardInterrupt:
        pass
    except OSError as error:
        say("module", f"{config.tty}: {error}")
        code = 1
    try:
        asyncio.run(bridge.close())
    except MemoryError:  # the unix port raises Ctrl-C anywhere; inside a collection it leaves the heap locked
        print("stopped without a farewell: the broker's will says off-line")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
