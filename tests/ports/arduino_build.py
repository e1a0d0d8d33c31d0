"""Sketches compiled as the Arduino IDE does it: by its own builder, as Debian packages it."""

import subprocess
from pathlib import Path

from wxlink.assets import asset
from wxlink.codegen.targets import files
from wxlink.product import read

HARDWARE = Path("/usr/share/arduino/hardware")
CORE = HARDWARE / "arduino/avr"
TOOL_RECIPES = Path("/usr/share/arduino-builder")
BOARD = "arduino:avr:uno"
LIMIT_S = 240
GOKIT = asset("protocol/csdk/examples/arduino/GoKit/GoKit.ino")


class BuildError(Exception):
    """The builder refused; the text is its own."""


class Arduino:
    """An Arduino installation in `folder`, with the generated libraries that were put into it."""

    def __init__(self, folder: Path) -> None:
        self.libraries = folder / "libraries"
        self._folder = folder
        self.install(asset("protocol/products/gokit.json"))

    def install(self, product: Path) -> Path:
        """Generate the library of a product file; gives its folder."""
        for path, content in files(read(product), "arduino").items():
            target = self.libraries / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(str(content), "utf-8")
        return self.libraries / Path(path).parts[0]

    def build(self, sketch: Path, *flags: str, at: str = "") -> Path:
        """Compile a sketch for an Uno in a folder named `at`; gives the program.

        BuildError when it fails, or when the compiler warns of our code.
        """
        target = self._folder / (at or sketch.stem)
        cache = self._folder / "core"
        target.mkdir(exist_ok=True)
        cache.mkdir(exist_ok=True)
        # Debian's compiler has DECIMAL_DIG only in C++17, which its core uses all the same.
        preferences = {
            "compiler.cpp.extra_flags": " ".join(("-DDECIMAL_DIG=__DECIMAL_DIG__", *flags)),
            "compiler.c.extra_flags": " ".join(flags),
        }
        command = ["arduino-builder", "-compile", "-hardware", TOOL_RECIPES, "-hardware", HARDWARE]
        command += ["-tools", "/usr/bin", "-libraries", self.libraries, "-fqbn", BOARD, "-warnings", "all"]
        for name, value in preferences.items():
            command += ["-prefs", f"{name}={value}"]
        done = subprocess.run(
            [*command, "-build-cache", cache, "-build-path", target, sketch],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LIMIT_S,
            check=False,
        )
        if done.returncode:
            raise BuildError(done.stdout + done.stderr)
        lines = done.stderr.splitlines()
        warned = [line for line in lines if "warning:" in line and str(HARDWARE) not in line]
        if warned:
            raise BuildError("\n".join(warned))
        return target / f"{sketch.name}.elf"

    def gokit(self, baud: int) -> Path:
        """The GoKit example for an Uno, at a speed of the line."""
        return self.build(GOKIT, f"-DWXLINK_BAUD={baud}", at=f"gokit-{baud}")
