"""The composition root: puts a module together on a chip or on a PC and runs it."""

import asyncio
import gc
import sys

# The largest files first: compiling needs most heap, and now most of it is free.
import module.uplink  # noqa: F401 - only loaded here
import wxproto.session  # noqa: F401 - only loaded here
from module.bridge import Bridge, Restart
from module.console import say
from module.loading import drop
from module.settings import Settings
from wxproto.errors import LocalError

FAILED_MS = 5000  # milliseconds between a failed program and the next start: a console can be read meanwhile


def run_pc(arguments):
    """Run the module on a PC until it is interrupted; returns the exit code."""
    from port import unix as port  # noqa: PLC0415 - one of two

    if len(arguments) != 1:
        print("usage: micropython main.py CONFIG.json")
        return 2
    path = arguments[0]
    while True:
        try:
            return _run(port, path, path.rpartition("/")[0] or ".")
        except Restart:
            _forget_tasks()
            say("module", "starts anew")


def run_chip():
    """Run the module on a chip. The end is a restart of the chip, or Ctrl-C where the console allows it."""
    from port import esp32 as port  # noqa: PLC0415 - one of two

    try:
        if not _run(port, None, "."):
            return
    except Restart:
        port.restart()
    except Exception as error:  # noqa: BLE001 - a module nobody watches must come back
        sys.print_exception(error)
    port.sleep_ms(FAILED_MS)
    port.restart()


def _run(port, path, folder):
    """Run the module with the configuration in the file `path`, or the factory's; the exit code.

    `folder`: where a product of the maker's lies. Raises Restart.
    """
    from module import config as reader  # noqa: PLC0415 - dropped after use

    used = "the configuration"
    try:
        config = reader.load(path) if path else reader.load_chip(port)
        if config.production:
            port.no_interrupt()
        used = config.data
        settings = Settings(used, port, lambda text: say("module", text))
        settings.use_mac(config.mac or port.mac())
        if settings.relay:
            _use_relay(reader, config, settings.relay)
        del reader
        drop("config")
        used = config.tty or "the serial port"
        line = _open_line(port, config, folder)
    except LocalError as error:
        print(error)
        return 2
    except OSError as error:
        print(f"{used} cannot be used: {error}")
        return 1
    served = f"product {config.product}, no MCU" if config.product else f"MCU on {config.tty or 'UART 1'}"
    say("module", f"ready, mac {settings.mac}, {served}")
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


def _open_line(port, config, folder):
    """What the module talks to: an MCU on its serial port, or a product here. Raises OSError, LocalError."""
    if not config.product:
        return port.open_line(config)
    from module import soc  # noqa: PLC0415 - a module with an MCU needs no heap for it

    return soc.Soc(soc.load(config.product, folder), port.now_ms)


async def _serve(bridge, line):
    """Run the module, and the product if it is in this program."""
    if hasattr(line, "run"):
        await asyncio.gather(bridge.run(), line.run())
    else:
        await bridge.run()


def _forget_tasks():
    asyncio.new_event_loop()  # drops the tasks of the old one
    gc.collect()
