"""The composition root: puts a module together on a chip or on a PC and runs it."""

import asyncio
import sys

# What the serial link needs, now that most of the heap is free; the rest after the configuration.
import module.link  # noqa: F401 - only loaded here
import wxproto.session  # noqa: F401 - only loaded here
from module.console import say
from module.loading import drop
from module.restart import Restart
from module.settings import Settings
from wxproto.errors import LocalError

FAILED_MS = 5000  # milliseconds between a failed program and the next start: a console can be read meanwhile


def run_chip():
    """Run the module on a chip. The end is a restart of the chip, or KeyboardInterrupt on a bench."""
    from port import esp32 as port  # noqa: PLC0415 - a PC has none

    try:
        if not run(port, lambda reader: reader.load_chip(port), port.open_line):
            raise KeyboardInterrupt
    except Restart:
        port.restart()
    except Exception as error:  # noqa: BLE001 - a module nobody watches must come back
        sys.print_exception(error)
    port.sleep_ms(FAILED_MS)
    port.restart()


def run(port, load, open_line):
    """Run the module until it is interrupted or cannot go on; the exit code. Raises Restart.

    `load(reader)` gives the Config by one of the functions of module/config.py, `open_line(config)` the line.
    """
    from module import config as reader  # noqa: PLC0415 - dropped after use

    used = "the configuration"
    try:
        config = load(reader)
        if config.production:
            port.no_interrupt()
        port.radio()  # before secrets are drawn: a chip's random numbers are none while its radio is off
        used = config.data
        settings = Settings(used, port, lambda text: say("module", text))
        settings.use_mac(config.mac or port.mac())
        if settings.relay:
            _use_relay(reader, config, settings.relay)
        del reader
        drop("module.config")
        used = config.tty or "the serial line"
        line = open_line(config)
    except LocalError as error:
        print(error)
        return 2
    except OSError as error:
        print(f"{used} cannot be used: {error}")
        return 1
    served = f"product {config.product}, no MCU" if config.product else f"MCU on {config.tty or 'UART 1'}"
    say("module", f"ready, mac {settings.mac}, {served}")
    from module.bridge import Bridge  # noqa: PLC0415 - the configuration's checks have left the heap

    bridge = Bridge(config, settings, port, line)
    code = 0
    try:
        asyncio.run(_serve(bridge, line))
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


def _use_relay(reader, config, url):
    try:
        reader.use_relay(config, url)
    except LocalError as error:
        say("module", f"the relay that the MCU named is not used: {error}")


async def _serve(bridge, line):
    """Run the module, and the product if it is in this program."""
    if hasattr(line, "run"):
        await asyncio.gather(bridge.run(), line.run())
    else:
        await bridge.run()
