"""What the LAN costs a module: the heap that its two files take when they are loaded as a chip loads them."""

import os
import subprocess
from pathlib import Path

from firmware_bench import MICROPYTHON, ROOT

from wxlink.flash.mpy import compile_source

LIMIT = 9 * 1024  # bytes on the 64-bit build, of the 48 KB that the whole application may take there
FOLDERS = {
    "module": (ROOT / "firmware" / "module", ("lan", "lan_session", "console", "version")),
    "wxproto": (
        ROOT / "protocol" / "wxproto",
        ("__init__", "actions", "commands", "envelope", "errors", "record"),
    ),
}
PROGRAM = """
import asyncio, binascii, gc, socket
asyncio.StreamReader, asyncio.gather  # loads what asyncio loads late
from module import console, version
from wxproto import actions, commands, envelope, errors
gc.collect()
before = gc.mem_alloc()
from module import lan, lan_session
gc.collect()
print(gc.mem_alloc() - before)
"""


def test_the_lan_takes_at_most_9_kb_of_heap(tmp_path: Path):
    for package, (folder, names) in FOLDERS.items():
        (tmp_path / package).mkdir()
        for name in names:
            source = (folder / f"{name}.py").read_text("utf-8")
            (tmp_path / package / f"{name}.mpy").write_bytes(compile_source(f"{name}.py", source))
    done = subprocess.run(
        [MICROPYTHON, "-c", PROGRAM],
        env={**os.environ, "MICROPYPATH": f"{tmp_path}:.frozen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert 0 < int(done.stdout) <= LIMIT
