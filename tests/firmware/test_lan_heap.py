"""What the LAN costs a module: the heap that its two files take when they are loaded as a chip loads them."""

import os
import subprocess

from compiled import compiled
from firmware_bench import MICROPYTHON

LIMIT = 9 * 1024  # bytes on the 64-bit build, of the 48 KB that the whole application may take there
PROGRAM = """
import asyncio, binascii, gc, socket
asyncio.StreamReader, asyncio.gather  # loads what asyncio loads late
from module import console, loading, version
from wxproto import actions, commands, envelope, errors
gc.collect()
before = gc.mem_alloc()
from module import lan, lan_session
gc.collect()
print(gc.mem_alloc() - before)
"""


def test_the_lan_takes_at_most_9_kb_of_heap():
    done = subprocess.run(
        [MICROPYTHON, "-c", PROGRAM],
        env={**os.environ, "MICROPYPATH": f"{compiled()}:.frozen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert 0 < int(done.stdout) <= LIMIT
