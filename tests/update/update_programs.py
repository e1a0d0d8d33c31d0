"""Compiles the programs of this folder: the SDK with update, the bootloader, a flash that loses its power."""

from pathlib import Path

from wxlink.assets import asset
from wxlink.codegen.build import compile_c, compiler

HERE = Path(__file__).parent
CSDK = asset("protocol/csdk")
GENERATED = CSDK / "examples/gokit/generated"
KIT = [CSDK / f"wxlink_{name}.c" for name in ("md5", "flash", "journal")] + [CSDK / "boot/wxlink_boot.c"]
"""What bootloader and program share, and the bootloader."""
SDK = sorted({*CSDK.glob("wxlink*.c"), *KIT, GENERATED / "gokit_product.c"})
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
SANITIZED = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
SOURCES = {
    "cut_power": ("cut_power.c", "world.c", "flash_model.c"),
    "update_board": ("update_board.c", "flash_model.c"),
    "md5_sum": ("md5_sum.c",),
}


def build(name: str, folder: Path, *, sanitized: bool = True, piece: int = 256, baud: int = 9600) -> Path:
    """Compile a program of SOURCES into `folder`; NoCompiler and CompileError as wxlink.codegen.build."""
    flags = SANITIZED if sanitized else ["-O2"]
    program = folder / f"{name}_{piece}_{baud}{'_sanitized' if sanitized else ''}"
    defines = ("-DWXLINK_WITH_UPDATE=1", f"-DWXLINK_PIECE_SIZE={piece}", f"-DWXLINK_BAUD={baud}")
    includes = [f"-I{path}" for path in (CSDK, CSDK / "boot", GENERATED, HERE)]
    own = [str(HERE / source) for source in SOURCES[name]]
    compile_c(
        [
            *compiler(),
            "-std=c99",
            *WARNINGS,
            *flags,
            *defines,
            *includes,
            *own,
            *map(str, SDK),
            "-o",
            str(program),
        ]
    )
    return program
