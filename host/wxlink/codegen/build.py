"""Builds the example programs of the MCU SDK with this machine's C compiler."""

import contextlib
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from wxlink.assets import asset
from wxlink.codegen.board import board_files
from wxlink.product import ProductFile

FLAGS = ("-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion")
SHARED = (".", "ports/posix", "examples/bench")
"""Folders of protocol/csdk whose files are in every program of the bench."""

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
    """Compile the GoKit example (protocol/csdk/examples/gokit) to `out_dir/gokit`; else as build_board()."""
    return _build(out_dir, "gokit", [*SHARED, "examples/gokit", "examples/gokit/generated"], {}, flags)


def build_board(file: ProductFile, out_dir: Path, flags: tuple[str, ...] = ()) -> Path:
    """Compile a product's simulated board (protocol/csdk/examples/board) to `out_dir/<stem>`, give its path.

    Nothing is done when neither sources, flags nor compiler command changed since the last time. NoCompiler
    when the machine has none, CompileError with the compiler's words when it fails.
    """
    return _build(out_dir, file.stem, [*SHARED, "examples/board"], board_files(file), flags)


def _build(
    out_dir: Path, name: str, folders: Sequence[str], generated: Mapping[str, str], flags: Sequence[str]
) -> Path:
    csdk = asset("protocol/csdk")
    sources = sorted(path for folder in folders for path in (csdk / folder).glob("*.c"))
    headers = sorted(path for folder in folders for path in (csdk / folder).glob("*.h"))
    command = [*compiler(), *FLAGS, *flags]
    digest = hashlib.sha256("\0".join(command).encode())
    for path in [*sources, *headers]:
        digest.update(f"\0{path.name}\0".encode() + path.read_bytes())
    for file_name, text in generated.items():
        digest.update(f"\0{file_name}\0{text}".encode())
    program = out_dir / name
    stamp = out_dir / f"{name}.sha256"
    with contextlib.suppress(OSError):
        if program.exists() and stamp.read_text("ascii") == digest.hexdigest():
            return program
    out_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out_dir) as scratch:
        folder = Path(scratch)
        for file_name, text in generated.items():
            (folder / file_name).write_text(text, "utf-8")
        fresh = folder / name
        includes = [f"-I{csdk / one}" for one in folders]
        words = [
            *command,
            f"-I{folder}",
            *includes,
            *map(str, [*sources, *folder.glob("*.c")]),
            "-o",
            str(fresh),
        ]
        compile_c(words)
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
