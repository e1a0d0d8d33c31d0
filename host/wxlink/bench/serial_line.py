"""A tty as the serial link wants it: raw, 9600 baud, never waiting."""

import os
import select
import termios
import tty


def open_line(path: str) -> int:
    """Open a tty raw, non-blocking, 9600 baud 8N1; what waited on it is lost. OSError when it fails."""
    line = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        tty.setraw(line, termios.TCSANOW)
        settings = termios.tcgetattr(line)
        settings[4] = settings[5] = termios.B9600
        termios.tcsetattr(line, termios.TCSANOW, settings)
        termios.tcflush(line, termios.TCIFLUSH)
    except termios.error as error:
        os.close(line)
        raise OSError(error.args[0], error.args[1], path) from error
    return line


def write_line(line: int, data: bytes, limit_ms: int = 1000) -> bool:
    """Write all bytes; False when the line took none for `limit_ms`: the rest is lost, the peer resends."""
    ready = select.poll()
    ready.register(line, select.POLLOUT)
    while data:
        try:
            data = data[os.write(line, data) :]
        except BlockingIOError:
            if not ready.poll(limit_ms):
                return False
    return True
