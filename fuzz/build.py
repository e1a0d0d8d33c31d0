"""Compiles the C side of the fuzzers into build/fuzz."""

import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CSDK = ROOT / "protocol" / "csdk"
GENERATED = CSDK / "examples" / "gokit" / "generated"
OUT = ROOT / "build" / "fuzz"
NOT_RUN = 77
"""Exit status of a target that lacks a tool, as test programs of autotools use it."""
CLANGS = ("clang-14", "clang")

FEATURES = re.findall(r"#ifndef (WXLINK_WITH_\w+)", (CSDK / "wxlink_config.h").read_text("utf-8"))
"""Macros of everything that can be left out of the SDK; here nothing is."""
FLAGS = ("-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fno-sanitize-recover=all")
SDK = (*sorted(CSDK.glob("wxlink*.c")), GENERATED / "gokit_product.c")


class NoTool(Exception):
    """Something to build or run with is missing; the text names the Debian package."""


def program(name: str, *, fuzzer: bool) -> Path:
    """Compile fuzz/c/NAME.c with the SDK and the GoKit, under sanitizers; gives the program.

    With `fuzzer` it is libFuzzer's, which needs clang and its runtime. NoTool when that, or any compiler, is
    missing.
    """
    compiler = _clang() if fuzzer else shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NoTool("no C compiler (Debian: gcc libc6-dev)")
    sanitizers = "-fsanitize=" + ("fuzzer," if fuzzer else "") + "address,undefined"
    OUT.mkdir(parents=True, exist_ok=True)
    target = OUT / name
    source = ROOT / "fuzz" / "c" / f"{name}.c"
    includes = [f"-I{CSDK}", f"-I{GENERATED}", *(f"-D{name}=1" for name in FEATURES)]
    subprocess.run(
        [compiler, *FLAGS, sanitizers, *includes, source, *SDK, "-o", target], check=True, cwd=ROOT
    )
    return target


def _clang() -> str:
    for name in CLANGS:
        found = shutil.which(name)
        if found is None:
            continue
        asked = subprocess.run([found, "-print-resource-dir"], capture_output=True, text=True, check=True)
        if list(Path(asked.stdout.strip()).glob("lib/**/*fuzzer*.a")):
            return found
    raise NoTool("no clang with libFuzzer (Debian: clang-14 libclang-rt-14-dev)")
