"""MicroPython on ESP32, S2, S3, C3, C6: the MCU is on UART 1, the network is the chip's radio.

Every call is one that stock MicroPython 1.22 has; comments say what its source does beyond the manual.
"""

import asyncio
import os
import select
import sys
import time

import machine

from module.loading import drop

SIGNAL_LEVEL = 0  # before the radio has told its own
LAN_CLIENTS = 4  # apps served at once: stock MicroPython has ten sockets, six are for the rest of the module
MAX_CONSOLE = 64  # bytes taken of the console at once
_UART = 1  # the only one besides the console's that every chip of the family has
_RX_BUFFER = 1024  # bytes; a second at 9600 baud while a file is written
_TX_BUFFER = 2048  # bytes; write() blocks when it is full: twice the longest frame never fills it
_UNIX_2000 = 946684800  # Unix time of 2000-01-01, where the chip's time begins

state = {"ticks": time.ticks_ms(), "ms": 0, "radio": None, "console": None, "set": False}


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


def __getattr__(name):
    """What is asked of a chip once or now and then, from a file that is loaded for one call."""
    from port import esp32_seldom  # noqa: PLC0415 - dropped at once

    drop("port.esp32_seldom")
    return getattr(esp32_seldom, name)


def open_line(config):
    """Open the serial line to the MCU on the pins of the configuration."""
    return Line(config)


def radio():
    """The chip's Radio, always the same one."""
    if state["radio"] is None:
        from port.esp32_radio import Radio  # noqa: PLC0415 - the production test of a board without antenna needs none

        state["radio"] = Radio()
    return state["radio"]


def now_ms():
    """Milliseconds since start that never run backwards; to be called at least every six days."""
    ticks = time.ticks_ms()
    state["ms"] += time.ticks_diff(ticks, state["ticks"])
    state["ticks"] = ticks
    return state["ms"]


def sleep_ms(milliseconds):
    """Stop the program for so long."""
    time.sleep_ms(milliseconds)


def utc_s():
    """Unix time in seconds, right or not."""
    return int(time.time()) + epoch()


def epoch():
    """Unix time of the chip's second 0."""
    return _UNIX_2000 if time.gmtime(0)[0] == 2000 else 0


def address():
    """The module's IP address as text, empty without one."""
    return radio().address()


def entropy(count):
    """Random bytes fit for secrets, once radio() was called: before that they may repeat."""
    return os.urandom(count)


def restart():
    """Start the chip anew; does not return."""
    machine.reset()


def console_read():
    """Bytes that came on the console, without waiting."""
    if state["console"] is None:
        state["console"] = select.poll()
        state["console"].register(sys.stdin, select.POLLIN)
    data = b""
    while len(data) < MAX_CONSOLE and state["console"].poll(0):
        data += sys.stdin.buffer.read(1)
    return data


def send_at_once(sock):
    """Let small packets leave without waiting for the acknowledgement of the one before (TCP_NODELAY)."""
    try:
        sock.setsockopt(6, 1, 1)  # IPPROTO_TCP, TCP_NODELAY
    except OSError:
        pass  # firmware without this option: it is slower


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
