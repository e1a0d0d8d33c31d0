"""Every feature of the C SDK compiles alone, strictly, with gcc and with clang."""

import re
import shutil
from pathlib import Path

import pytest

from wxlink.assets import asset
from wxlink.codegen import targets
from wxlink.codegen.build import compile_c
from wxlink.product import read

STRICT = [
    "-std=c99",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wshadow",
    "-Werror",
    "-fsyntax-only",
]
COMPILERS = ["gcc", "clang-14"]
CONFIG = asset("protocol/csdk") / "wxlink_config.h"
FEATURES = re.findall(r"^#ifndef (WXLINK_WITH_\w+)$", CONFIG.read_text("ascii"), re.MULTILINE)
DEFINES = ["WXLINK_LONG_FRAMES=0", *(f"{feature}=1" for feature in FEATURES)]


@pytest.mark.parametrize("product", ["gokit", "meter"])
@pytest.mark.parametrize("define", DEFINES)
@pytest.mark.parametrize("compiler", COMPILERS)
def test_alone(compiler: str, define: str, product: str, tmp_path: Path) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler} (apt-get install {compiler})")
    for name, text in targets.files(read(asset(f"protocol/products/{product}.json")), "c").items():
        (tmp_path / name).write_text(str(text), "utf-8")
    csdk = asset("protocol/csdk")
    sources = [*csdk.glob("wxlink*.c"), *tmp_path.glob("*.c")]
    compile_c([compiler, *STRICT, f"-D{define}", f"-I{csdk}", f"-I{tmp_path}", *map(str, sources)])
