"""A MicroPython program whose console is a tty, started anew when it ends, as a chip is."""

import contextlib
import fcntl
import os
import select
import subprocess
import sys
import termios
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

MICROPYTHON = os.environ.get("WXLINK_MICROPYTHON") or str(Path(sys.executable).with_name("micropython"))


@contextlib.contextmanager
def on_a_tty(*words: object, ready: bytes = b"", deaf: bool = False) -> Iterator[str]:
    """`micropython words...` runs; gives the tty that its console is at, once it has written `ready`.

    deaf: Ctrl-C is a byte like any other there. On unix kbd_intr(-1) lets it end the whole process.
    """
    board, board_end = os.openpty()
    host, host_end = os.openpty()
    tty.setraw(host_end)
    modes = termios.tcgetattr(board_end)
    modes[1] &= ~termios.OPOST  # MicroPython ends its lines with CR LF itself
    modes[3] &= ~(termios.ECHO | (termios.ISIG if deaf else 0))
    termios.tcsetattr(board_end, termios.TCSANOW, modes)
    stopping = threading.Event()
    began = threading.Event()
    if not ready:
        began.set()

    def own_terminal() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def run() -> None:
        while not stopping.is_set():
            program = subprocess.Popen(
                [MICROPYTHON, *map(str, words)],
                stdin=board_end,
                stdout=board_end,
                stderr=board_end,
                start_new_session=True,
                preexec_fn=own_terminal,  # noqa: PLW1509 - Ctrl-C must reach it as on a console
            )
            while program.poll() is None and not stopping.wait(0.02):
                pass
            program.kill()
            program.wait()

    def pump() -> None:
        written = b""
        while not stopping.is_set():
            for end in select.select([board, host], [], [], 0.05)[0]:
                with contextlib.suppress(OSError):
                    data = os.read(end, 4096)
                    os.write(host if end == board else board, data)
                    if end == board and not began.is_set():
                        written += data
                        if ready in written:
                            began.set()

    workers = [threading.Thread(target=run), threading.Thread(target=pump)]
    for worker in workers:
        worker.start()
    try:
        assert began.wait(30)
        yield os.ttyname(host_end)
    finally:
        stopping.set()
        for worker in workers:
            worker.join()
        for end in (board, board_end, host, host_end):
            os.close(end)
