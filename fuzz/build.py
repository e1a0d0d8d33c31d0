"""Compiles the C side of the fuzzers into build/fuzz."""

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

from wxlink.codegen import generate
from wxproto.product import Product

ROOT = Path(__file__).resolve().parents[1]
CSDK = ROOT / "protocol" / "csdk"
OUT = ROOT / "build" / "fuzz"
NOT_RUN = 77
"""Exit status of a target that lacks a tool, as test programs of autotools use it."""
CLANGS = ("clang-14", "clang")

FEATURES = re.findall(r"#ifndef (WXLINK_WITH_\w+)", (CSDK / "wxlink_config.h").read_text("utf-8"))
"""Macros of everything that can be left out of the SDK; here nothing is."""
FLAGS = ("-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fno-sanitize-recover=all")
SDK = tuple(sorted(CSDK.glob("wxlink*.c")))


class NoTool(Exception):
    """Something to build or run with is missing; the text names the Debian package."""


def program(name: str, product: str = "gokit", *, fuzzer: bool) -> Path:
    """Compile fuzz/c/NAME.c with the SDK and a product, under sanitizers, once; gives the program.

    With `fuzzer` it is libFuzzer's, which needs clang and its runtime. NoTool when that, or any compiler, is
    missing.
    """
    compiler = _clang() if fuzzer else shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NoTool("no C compiler (Debian: gcc libc6-dev)")
    sanitizers = "-fsanitize=" + ("fuzzer," if fuzzer else "") + "address,undefined"
    generated = _generated(product)
    defines = [f"-D{macro}=1" for macro in FEATURES]
    defines += [f"-DPREFIX={product}", f'-DPRODUCT_HEADER="{product}_product.h"']
    target = OUT / f"{name}_{product}"
    sources = [ROOT / "fuzz" / "c" / f"{name}.c", generated / f"{product}_product.c", *SDK]
    command = [compiler, *FLAGS, sanitizers, *defines, f"-I{CSDK}", f"-I{generated}"]
    digest = hashlib.sha256("\0".join(command).encode())
    for path in (*sources, *CSDK.glob("*.h"), *generated.glob("*.h")):
        digest.update(path.read_bytes())
    stamp = target.with_suffix(".sha256")
    if not target.exists() or not stamp.exists() or stamp.read_text("ascii") != digest.hexdigest():
        subprocess.run([*command, *sources, "-o", target], check=True, cwd=ROOT)
        stamp.write_text(digest.hexdigest(), "ascii")
    return target


def _generated(product: str) -> Path:
    """The folder of a product's generated files, made anew."""
    folder = OUT / "generated" / product
    folder.mkdir(parents=True, exist_ok=True)
    path = ROOT / "protocol" / "products" / f"{product}.json"
    for file, text in generate(Product.from_dict(json.loads(path.read_text("utf-8"))), product).items():
        (folder / file).write_text(text, "utf-8")
    return folder


def _clang() -> str:
    for name in CLANGS:
        found = shutil.which(name)
        if found is None:
            continue
        asked = subprocess.run([found, "-print-resource-dir"], capture_output=True, text=True, check=True)
        if list(Path(asked.stdout.strip()).glob("lib/**/*fuzzer*.a")):
            return found
    raise NoTool("no clang with libFuzzer (Debian: clang-14 libclang-rt-14-dev)")
