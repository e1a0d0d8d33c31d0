"""What is asked of an ESP32 once or now and then: port/esp32.py loads it for one call."""

import os
import time

import esp32
import machine
import micropython

from port import esp32 as esp32_port

_FACTORY = "wxlink"  # NVS namespace
_BLOB_SIZES = (64, 512, 4096)  # bytes; get_blob() fails with a buffer that is too small
_RIGHT_FROM = 2024  # year; a chip that was without power is in 2000
_CAUSES = {
    machine.PWRON_RESET: "power-on",
    machine.HARD_RESET: "restart",  # machine.reset() and a crash of the firmware alike
    machine.WDT_RESET: "watchdog",
    machine.DEEPSLEEP_RESET: "deep sleep",
    machine.SOFT_RESET: "soft restart",
}


def set_utc(seconds):
    """Set the clock to this Unix time."""
    when = time.gmtime(seconds - esp32_port.epoch())
    machine.RTC().datetime(when[:3] + when[6:7] + when[3:6] + (0,))
    esp32_port.state["set"] = True


def clock_is_right():
    """True when the clock was set, in this run or before a restart that kept it."""
    return esp32_port.state["set"] or time.gmtime()[0] >= _RIGHT_FROM


def mac():
    """The chip's own MAC address, 12 lower-case hex digits."""
    return "".join(["%02x" % byte for byte in machine.unique_id()])


def new_mac():
    """As mac(): a chip needs none drawn."""
    return mac()


def private_folder(path):
    """Make the folder if need be; a chip has one owner."""
    try:
        os.mkdir(path)
    except OSError as error:
        if error.errno != 17:  # EEXIST
            raise


def factory(name):
    """What the factory wrote under this name, None when it wrote nothing."""
    store = esp32.NVS(_FACTORY)
    for size in _BLOB_SIZES:
        buffer = bytearray(size)
        try:
            return bytes(memoryview(buffer)[: store.get_blob(name, buffer)])
        except OSError:  # not there, or longer
            pass
    return None


def slot_store():
    """The NVS that holds which slot of the application runs: get_i32, set_i32, commit."""
    return esp32.NVS("wxslot")


def reset_cause():
    """Why the chip started, in words."""
    return _CAUSES.get(machine.reset_cause(), "unknown")


def watchdog(timeout_ms):
    """The chip starts anew unless feed() is called within this time, always by this thread."""
    return machine.WDT(timeout=timeout_ms)


def idf_heap():
    """Free bytes outside MicroPython's heap: radio and TLS live there."""
    return sum([region[1] for region in esp32.idf_heap_info(esp32.HEAP_DATA)])


def no_interrupt():
    """Ctrl-C on the console is a byte like any other from now on."""
    micropython.kbd_intr(-1)


def known_host(_name):
    """None: a chip has no table of hosts."""
    return


def name_servers():
    """IPv4 addresses of the name servers to ask: the router's word."""
    server = esp32_port.radio().name_server()
    return [server] if server else []
