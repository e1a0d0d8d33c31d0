"""MicroPython on ESP32, S2, S3, C3, C6: the MCU is on UART 1, the network is the chip's radio.

Every call is one that stock MicroPython 1.22 has; comments say what its source does beyond the manual.
"""

import asyncio
import os
import select
import sys
import time

import esp32
import machine
import micropython

SIGNAL_LEVEL = 0  # before the radio has told its own
LAN_CLIENTS = 4  # apps served at once: stock MicroPython has ten sockets, six are for the rest of the module
MAX_CONSOLE = 64  # bytes taken of the console at once
_UART = 1  # the only one besides the console's that every chip of the family has
_RX_BUFFER = 1024  # bytes; a second at 9600 baud while a file is written
_TX_BUFFER = 2048  # bytes; write() blocks when it is full: twice the longest frame never fills it
_FACTORY = "wxlink"  # NVS namespace
_BLOB_SIZES = (64, 512, 4096)  # bytes; get_blob() fails with a buffer that is too small
_UNIX_2000 = 946684800  # Unix time of 2000-01-01, where the chip's time begins
_RIGHT_FROM = 2024  # year; a chip that was without power is in 2000
_CAUSES = {
    machine.PWRON_RESET: "power-on",
    machine.HARD_RESET: "restart",  # machine.reset() and a crash of the firmware alike
    machine.WDT_RESET: "watchdog",
    machine.DEEPSLEEP_RESET: "deep sleep",
    machine.SOFT_RESET: "soft restart",
}

_state = {"ticks": time.ticks_ms(), "ms": 0, "radio": None, "console": None, "set": False}


class Line:
    """The serial line to the MCU. Writing never waits as long as frames are shorter than the buffer."""

    def __init__(self, config):
        self._uart = machine.UART(
            _UART, baudrate=config.baud, tx=config.tx, rx=config.rx, rxbuf=_RX_BUFFER, txbuf=_TX_BUFFER
        )
        self._stream = asyncio.StreamReader(self._uart)

    async def read_into(self, buffer):
        """Wait for bytes and put them into `buffer`; returns how many."""
        while True:
            size = await self._stream.readinto(buffer)
            if size:
                return size

    def write(self, data):
        """Write at once; returns how many bytes the line took."""
        return self._uart.write(data) or 0

    def close(self):
        """Close the line."""
        self._uart.deinit()


def open_line(config):
    """Open the serial line to the MCU on the pins of the configuration."""
    return Line(config)


def radio():
    """The chip's Radio, always the same one."""
    if _state["radio"] is None:
        from port.esp32_radio import Radio  # noqa: PLC0415 - the production test of a board without antenna needs none

        _state["radio"] = Radio()
    return _state["radio"]


def now_ms():
    """Milliseconds since start that never run backwards; to be called at least every six days."""
    ticks = time.ticks_ms()
    _state["ms"] += time.ticks_diff(ticks, _state["ticks"])
    _state["ticks"] = ticks
    return _state["ms"]


def sleep_ms(milliseconds):
    """Stop the program for so long."""
    time.sleep_ms(milliseconds)


def utc_s():
    """Unix time in seconds, right or not."""
    return int(time.time()) + _epoch()


def set_utc(seconds):
    """Set the clock to this Unix time."""
    when = time.gmtime(seconds - _epoch())
    machine.RTC().datetime(when[:3] + when[6:7] + when[3:6] + (0,))
    _state["set"] = True


def clock_is_right():
    """True when the clock was set, in this run or before a restart that kept it."""
    return _state["set"] or time.gmtime()[0] >= _RIGHT_FROM


def _epoch():
    return _UNIX_2000 if time.gmtime(0)[0] == 2000 else 0


def mac():
    """The chip's own MAC address, 12 lower-case hex digits."""
    return "".join(["%02x" % byte for byte in machine.unique_id()])


def new_mac():
    """As mac(): a chip needs none drawn."""
    return mac()


def address():
    """The module's IP address as text, empty without one."""
    return radio().address()


def entropy(count):
    """Random bytes fit for secrets, once radio() was called: before that they may repeat."""
    return os.urandom(count)


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


def restart():
    """Start the chip anew; does not return."""
    machine.reset()


def watchdog(timeout_ms):
    """The chip starts anew unless feed() is called within this time, always by this thread."""
    return machine.WDT(timeout=timeout_ms)


def idf_heap():
    """Free bytes outside MicroPython's heap: radio and TLS live there."""
    return sum([region[1] for region in esp32.idf_heap_info(esp32.HEAP_DATA)])


def no_interrupt():
    """Ctrl-C on the console is a byte like any other from now on."""
    micropython.kbd_intr(-1)


def console_read():
    """Bytes that came on the console, without waiting."""
    if _state["console"] is None:
        _state["console"] = select.poll()
        _state["console"].register(sys.stdin, select.POLLIN)
    data = b""
    while len(data) < MAX_CONSOLE and _state["console"].poll(0):
        data += sys.stdin.buffer.read(1)
    return data


def send_at_once(sock):
    """Let small packets leave without waiting for the acknowledgement of the one before (TCP_NODELAY)."""
    try:
        sock.setsockopt(6, 1, 1)  # IPPROTO_TCP, TCP_NODELAY
    except OSError:
        pass  # firmware without this option: it is slower


def known_host(_name):
    """None: a chip has no table of hosts."""
    return


def name_servers():
    """IPv4 addresses of the name servers to ask: the router's word."""
    server = radio().name_server()
    return [server] if server else []


class Led:
    """The status LED: set(True) lights it. Without a pin it does nothing."""

    def __init__(self, config):
        self._on = config.led_on
        self._pin = (
            None if config.led is None else machine.Pin(config.led, machine.Pin.OUT, value=1 - self._on)
        )

    def set(self, lit):
        """Light it or put it out."""
        if self._pin is not None:
            self._pin(self._on if lit else 1 - self._on)


class Button:
    """The set-up button, which connects its pin to ground."""

    def __init__(self, config):
        self._pin = (
            None if config.button is None else machine.Pin(config.button, machine.Pin.IN, machine.Pin.PULL_UP)
        )

    def pressed(self):
        """True while it is held."""
        return self._pin is not None and not self._pin()
