"""MicroPython's unix build: the serial port is a tty, the network is the host's."""

import asyncio
import errno
import os
import select
import sys
import termios
import time

BAUDS = {9600: termios.B9600, 57600: termios.B57600, 115200: termios.B115200}
SIGNAL_LEVEL = 7  # the host's network is as good as the strongest router
LAN_CLIENTS = 8  # apps served at once (app-api 5)
MAX_FILE = 8192  # bytes read of /etc/hosts and /etc/resolv.conf
NAME_SERVERS_USED = 3  # as in resolv.conf(5)
MAX_CONSOLE = 64  # bytes taken of the console at once
_console = []  # the poll of stdin, once it was asked for


class Tty:
    """A serial port in raw mode. Writing never waits: what the line cannot take is lost, as on a UART."""

    def __init__(self, path, baud):
        if baud not in BAUDS:
            raise OSError(errno.EINVAL, f"baud must be one of {', '.join([str(b) for b in sorted(BAUDS)])}")
        self._file = open(path, "r+b")  # noqa: SIM115 - open as long as the module runs
        self._set_raw(BAUDS[baud])
        self._stream = asyncio.StreamReader(self._file)
        self._writable = select.poll()
        self._writable.register(self._file, select.POLLOUT)
        self._state = select.poll()
        self._state.register(self._file, select.POLLIN)

    async def read_into(self, buffer):
        """Wait for bytes and put them into `buffer`; returns how many. OSError when the port is gone."""
        while True:
            size = await self._stream.readinto(buffer)
            if size:
                return size
            if any(flags & (select.POLLHUP | select.POLLERR) for _, flags in self._state.poll(0)):
                raise OSError(errno.EIO, "the serial port is gone")

    def write(self, data):
        """Write at once; returns how many bytes the line took (fewer when nobody reads at its other end)."""
        if not self._writable.poll(0):
            return 0
        return self._file.write(data) or 0

    def close(self):
        """Close the port."""
        self._file.close()

    def _set_raw(self, baud):
        fd = self._file.fileno()
        termios.setraw(fd)
        attributes = termios.tcgetattr(fd)
        attributes[4] = attributes[5] = baud
        attributes[6][6] = 0  # VMIN
        attributes[6][5] = 0  # VTIME: read() gives what is there instead of stopping the program
        termios.tcsetattr(fd, termios.TCSANOW, attributes)


class Watchdog:
    """A PC has none: whoever started the program sees it hang."""

    def feed(self):
        """Nothing to do."""


def open_line(config):
    """Open the serial port of the MCU; OSError says why it cannot be used."""
    return Tty(config.tty, config.baud)


def radio():
    """None: the network is the host's, nothing can be joined or opened from here."""
    return


def watchdog(_timeout_ms):
    """What is to be fed while the program gets on."""
    return Watchdog()


def factory(_name):
    """None: a PC has no factory data."""
    return


class Led:
    """A PC has no LED."""

    def __init__(self, config):
        pass

    def set(self, lit):
        """Nothing to do."""


class Button:
    """A PC has no set-up button."""

    def __init__(self, config):
        pass

    def pressed(self):
        """False."""
        return False


def slot_store():
    """None: a PC has no slots for the application."""
    return


def mac():
    """None: the configuration says it, or one is drawn."""
    return


def set_utc(_seconds):
    """The host keeps the time."""


def clock_is_right():
    """True: the host keeps the time."""
    return True


def reset_cause():
    """Why the program started, in words."""
    return "program start"


def idf_heap():
    """Free bytes outside MicroPython's heap; None: it is the host's memory."""
    return


def no_interrupt():
    """Nothing: whoever runs the program on a PC may stop it."""


def console_read():
    """Bytes that came on the console, without waiting; empty at its end too."""
    if not _console:
        poll = select.poll()
        poll.register(sys.stdin, select.POLLIN)
        _console.append(poll)
    data = b""
    while len(data) < MAX_CONSOLE and _console[0].poll(0):
        byte = sys.stdin.buffer.read(1)
        if not byte:
            break
        data += byte
    return data


def now_ms():
    """Milliseconds that never run backwards; on a 64-bit build ticks do not wrap within a lifetime."""
    return time.ticks_ms()


def utc_s():
    """Unix time in seconds; the host keeps it."""
    return int(time.time())


def address():
    """The module's IP address as text; empty, for this build cannot tell which of the host's is used."""
    return ""


def entropy(count):
    """Random bytes fit for secrets."""
    return os.urandom(count)


def new_mac():
    """A MAC address for a module without one: drawn, locally administered, 12 lower-case hex digits."""
    return "02" + "".join(["%02x" % byte for byte in entropy(5)])


def private_folder(path):
    """Make the folder if need be and see to it that only its owner can enter: it will hold a secret."""
    try:
        os.mkdir(path)
    except OSError as error:
        if error.errno != errno.EEXIST:
            raise
    if os.stat(path)[0] & 0o077:
        quoted = path.replace("'", "'\\''")
        if os.system(f"chmod 700 '{quoted}'"):  # noqa: S605 - this build has no os.chmod; the path is quoted
            raise OSError(errno.EPERM, f"{path} cannot be made private; choose another folder")


def send_at_once(sock):
    """Let small packets leave without waiting for the acknowledgement of the one before (TCP_NODELAY)."""
    sock.setsockopt(6, 1, 1)  # IPPROTO_TCP, TCP_NODELAY: MicroPython's socket names neither


def known_host(name):
    """IPv4 address that the host's own table gives for `name`, or None."""
    for words in _lines("/etc/hosts"):
        if name in words[1:] and "." in words[0]:
            return words[0]
    return None


def name_servers():
    """IPv4 addresses of the name servers to ask, in order."""
    lines = [words for words in _lines("/etc/resolv.conf") if len(words) > 1 and words[0] == "nameserver"]
    return [words[1] for words in lines if "." in words[1]][:NAME_SERVERS_USED]


def _lines(path):
    try:
        with open(path) as file:
            text = file.read(MAX_FILE)
    except OSError:
        return []
    lines = [line.partition("#")[0].split() for line in text.split("\n")]
    return [words for words in lines if words]
