"""Builds the example program of the MCU SDK with this machine's C compiler."""

import contextlib
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from wxlink.assets import asset

FLAGS = ("-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion")
INCLUDES = (".", "ports/posix", "examples/gokit", "examples/gokit/generated")
SOURCES = (".", "ports/posix", "examples/gokit", "examples/gokit/generated")
"""Folders of protocol/csdk whose .c files make the program."""

COMPILE_LIMIT_S = 120
"""Seconds; the program takes one or two, a slow board twenty."""


class NoCompiler(Exception):
    """This machine has no C compiler."""


class CompileError(Exception):
    """The compiler refused the program; the text is the compiler's."""


def compiler() -> list[str]:
    """Command that compiles C: $CC, else cc. NoCompiler when there is none."""
    words = shlex.split(os.environ.get("CC") or "cc")
    if not words or shutil.which(words[0]) is None:
        raise NoCompiler(f"no C compiler: {words[0] if words else 'CC'} not found (install gcc, or set CC)")
    return words


def build_gokit(out_dir: Path, flags: tuple[str, ...] = ()) -> Path:
    """Compile the GoKit example (protocol/csdk/examples/gokit) to `out_dir/gokit` and give its path.

    Nothing is done when neither sources, flags nor compiler command changed since the last time. NoCompiler
    when the machine has none, CompileError with the compiler's words when it fails.
    """
    csdk = asset("protocol/csdk")
    sources = sorted(path for folder in SOURCES for path in (csdk / folder).glob("*.c"))
    headers = sorted(path for folder in INCLUDES for path in (csdk / folder).glob("*.h"))
    command = [*compiler(), *FLAGS, *flags]
    digest = hashlib.sha256("\0".join(command).encode())
    for path in [*sources, *headers]:
        digest.update(f"\0{path.name}\0".encode() + path.read_bytes())
    program = out_dir / "gokit"
    stamp = out_dir / "gokit.sha256"
    with contextlib.suppress(OSError):
        if program.exists() and stamp.read_text("ascii") == digest.hexdigest():
            return program
    out_dir.mkdir(parents=True, exist_ok=True)
    includes = [f"-I{csdk / folder}" for folder in INCLUDES]
    with tempfile.TemporaryDirectory(dir=out_dir) as folder:
        fresh = Path(folder) / "gokit"
        compile_c([*command, *includes, *map(str, sources), "-o", str(fresh)])
        fresh.replace(program)
    stamp.write_text(digest.hexdigest(), "ascii")
    return program


def compile_c(command: list[str]) -> None:
    """Run a compiler command. CompileError with its words when it fails."""
    try:
        done = subprocess.run(  # noqa: S603 - the command is $CC or cc with our own files
            command, capture_output=True, text=True, errors="replace", timeout=COMPILE_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CompileError(f"{command[0]} took longer than {COMPILE_LIMIT_S} s") from error
    if done.returncode:
        raise CompileError(f"{command[0]} failed with status {done.returncode}:\n{done.stderr.strip()}")
