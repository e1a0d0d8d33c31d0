"""Fake of `machine` on an ESP32: refuses what the real one refuses, and one more: pins that a board lacks."""

import _thread
import errno
import io
import select
import termios
import time

from sim.world import host

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5

CAUSES = {"power-on": PWRON_RESET, "restart": HARD_RESET, "watchdog": WDT_RESET}
# chip -> (UARTs, pins, pins that cannot be an output); flash is wired to those that are left out
CHIPS = {
    "esp32": (
        3,
        [n for n in range(40) if n not in (6, 7, 8, 9, 10, 11, 20, 24, 28, 29, 30, 31)],
        range(34, 40),
    ),
    "esp32c3": (2, [n for n in range(22) if not 11 <= n <= 17], ()),
}
BAUDS = {9600: termios.B9600, 57600: termios.B57600, 115200: termios.B115200}
_GET_FILENO = 10  # MP_STREAM_GET_FILENO
_BLOCK_MS = 3000  # no line of a product is stuck for longer

world = None  # set by chip.py
clock = None


def _chip():
    return CHIPS[world.get("chip", "esp32")]


def _pin(number, out=False):
    if number not in _chip()[1]:
        raise ValueError("invalid pin")
    if out and number in _chip()[2]:
        raise ValueError("pin can only be input")
    return number


def reset():
    """Restart at once."""
    world.end("restart")


def reset_cause():
    """Why this start happened."""
    return CAUSES[world.cause]


def unique_id():
    """The MAC address, six bytes."""
    text = world.get("mac", "a4cf12000001")
    return bytes([int(text[i : i + 2], 16) for i in range(0, 12, 2)])


class Pin:
    """GPIO: pins of the world's `held` read 0, what is set is in pins.json."""

    IN, OUT, OPEN_DRAIN = 1, 3, 7
    PULL_DOWN, PULL_UP = 1, 2
    levels = {}  # noqa: RUF012 - one chip has one set

    def __init__(self, number, mode=IN, pull=None, *, value=None):
        self._number = _pin(number, mode == Pin.OUT)
        self._mode = mode
        self._pull = pull
        if value is not None:
            self(value)

    def __call__(self, value=None):
        if value is not None:
            if self._mode == Pin.IN:
                return None  # the real one takes it in silence
            if Pin.levels.get(self._number) != int(bool(value)):
                Pin.levels[self._number] = int(bool(value))
                world.store("pins.json", {str(pin): level for pin, level in Pin.levels.items()})
            return None
        while self._number in world.get("hangs", ()):
            time.sleep(0.1)
        if self._mode == Pin.OUT:
            return Pin.levels[self._number]
        return 0 if self._number in world.get("held", ()) else int(self._pull == Pin.PULL_UP)

    value = __call__


class UART(io.IOBase):
    """UART 1 is wired to the pty of the world, UART 2 to nothing, UART 0 is the console's."""

    def __init__(self, number, baudrate=115200, *, tx=None, rx=None, txbuf=256, rxbuf=256, timeout=0):
        if number == 0:
            raise ValueError("UART(0) is the console")
        if not 0 < number < _chip()[0]:
            raise ValueError("UART(%d) does not exist" % number)
        if tx is None or rx is None or tx == rx:
            raise ValueError("give tx and rx: the default pins of UART 1 belong to the flash")
        _pin(tx, True)
        _pin(rx)
        if baudrate not in BAUDS:
            raise ValueError("the simulated line has no speed of %d" % baudrate)
        self._file = host.open(world.get("uart") if number == 1 else "/dev/null", "r+b")
        self._fd = self._file.fileno()
        if number == 1:
            termios.setraw(self._fd)
            mode = termios.tcgetattr(self._fd)
            mode[4] = mode[5] = BAUDS[baudrate]
            mode[6][6] = mode[6][5] = 0
            termios.tcsetattr(self._fd, termios.TCSANOW, mode)
        self._room = select.poll()
        self._room.register(self._file, select.POLLOUT)

    def readinto(self, buffer, size=None):
        """Bytes that are there, None when there are none."""
        return self._file.readinto(buffer) or None

    def read(self, size=-1):
        """The same as an object."""
        return self._file.read(size) or None

    def write(self, data):
        """Waits while the line is full, as the real one does when its buffer is."""
        started = time.ticks_ms()
        while not self._room.poll(0):
            if time.ticks_diff(time.ticks_ms(), started) > _BLOCK_MS:
                raise OSError(errno.ETIMEDOUT)
            time.sleep_ms(10)
        return self._file.write(data)

    def ioctl(self, request, _):
        """Let poll() and asyncio wait for the pty."""
        return self._fd if request == _GET_FILENO else 0

    def deinit(self):
        """Close the line."""
        self._file.close()


class WDT:
    """Restarts the chip when it is not fed in time, by a thread of its own; a new one replaces it."""

    newest = None

    def __init__(self, id=0, timeout=5000):  # noqa: A002 - its name
        if id != 0:
            raise ValueError
        if timeout < 1000:
            raise ValueError("WDT timeout too short")
        first = WDT.newest is None
        self._timeout = timeout // world.get("hurry", 1)
        self.feed()
        WDT.newest = self
        if first:  # one thread for ever: the unix build does not outlive the end of many
            _thread.start_new_thread(WDT._watch, ())

    def feed(self):
        """All is well."""
        self._fed = time.ticks_ms()

    @staticmethod
    def _watch():
        while time.ticks_diff(time.ticks_ms(), WDT.newest._fed) < WDT.newest._timeout:
            time.sleep_ms(100)
        world.end("watchdog")


class RTC:
    """The clock as a calendar; the day of the week is worked out, not taken."""

    def datetime(self, when=None):
        """(year, month, day, weekday, hour, minute, second, microsecond)."""
        if when is None:
            year, month, day, hour, minute, second, weekday, _ = time.gmtime(int(clock.now()))
            return year, month, day, weekday, hour, minute, second, 0
        year, month, day, _, hour, minute, second, _ = when
        clock.set(time.mktime((year, month, day, hour, minute, second, 0, 0)))
        return None
