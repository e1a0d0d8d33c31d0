"""The application that runs on the chip: compiled, listed in its manifest, and packed as a release file."""

import dataclasses
import functools
import hashlib
import io
import json
import re
import tarfile
import zlib
from pathlib import Path
from typing import Final

from wxlink.assets import asset
from wxlink.flash.flatten import flatten
from wxlink.flash.fold import fold
from wxlink.flash.link import link
from wxlink.flash.mpy import compile_source
from wxlink.flash.overlay import overlay
from wxlink.flash.page import answers
from wxlink.flash.problem import FlashError
from wxlink.flash.reach import imported, reachable
from wxlink.flash.root import bare
from wxlink.flash.shorten import shorten
from wxlink.flash.texts import FILE, take_texts

MPY_MAX: Final = (
    120 * 1024
)  # bytes of all .mpy: two slots and a download must fit into the smallest file system
WINDOW_BITS: Final = 10  # of deflate: the module has to have that in one piece, 1 KB
VERSION_SIZE: Final = 8  # characters, compared as text

# What a slot holds: (folder of the repository, name in the slot).
_PACKAGES: Final = (("firmware/module", "module"), ("firmware/port", "port"), ("protocol/wxproto", "wxproto"))
# What a chip cannot use: the unix port, and products without MCU, which only a PC runs.
_LEFT_OUT: Final = frozenset({"port/unix.py", "module/soc.py", "module/soc_product.py"})
_PAGE: Final = "module/captive_page.py"  # is packed instead
_LIBRARY: Final = "wxproto/"  # of it a slot has what the rest imports
# What stays in memory together: first what serves the serial link, later the rest.
_UNITS: Final = {
    "module/program.py": (),
    "module/bridge.py": (
        "module/wifi.py",
        "module/lan.py",
        "module/panel.py",
        "module/console_reader.py",
    ),
    "module/uplink.py": ("module/tls.py",),
    "module/update.py": (),
    "module/cloud.py": (),
}
# What MicroPython starts: as source, for it looks for no other names.
_ROOT: Final = (("firmware/boot.py", "boot.py"), ("firmware/chip_main.py", "main.py"))
_WORD: Final = re.compile(r"[^\W\d]\w*")
_VERSION: Final = re.compile(r'^SOFTWARE = "([!-~]{8})"', re.MULTILINE)


@dataclasses.dataclass(frozen=True, slots=True)
class Application:
    """One version: `slot` and `root` map paths inside a slot and at the root of the chip to contents.

    To read a traceback by: `shown`, what it calls a file -> path of the source; `names`, that path -> name in
    the compiled file -> the name in the source.
    """

    version: str
    slot: dict[str, bytes]
    root: dict[str, bytes]
    shown: dict[str, str]
    names: dict[str, dict[str, str]]

    def files(self, slot: str = "a") -> dict[str, bytes]:
        """Everything by path on a chip that runs this application from one slot."""
        return {**self.root, **{f"{slot}/{path}": data for path, data in self.slot.items()}}

    @property
    def mpy_size(self) -> int:
        """Bytes of all compiled files."""
        return sum(len(data) for path, data in self.slot.items() if path.endswith(".mpy"))

    def bundle(self) -> bytes:
        """The release file `app-<version>.tgz`: the same bytes for the same sources, on every machine."""
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for path, data in sorted(self.slot.items()):
                entry = tarfile.TarInfo(path)
                entry.size = len(data)
                entry.mode = 0o644
                archive.addfile(entry, io.BytesIO(data))
        return _gzip(tar.getvalue())


@functools.cache
def build() -> Application:
    """Compile the firmware that this installation of wxlink holds. Raises FlashError."""
    root = bare({name: _folder(origin).read_text("utf-8") for origin, name in _ROOT})
    return assemble(sources(), {name: source.encode() for name, source in root.items()})


def sources() -> dict[str, str]:
    """What a chip has, by path in its slot, as this installation of wxlink holds it. Raises FlashError."""
    paths = {
        f"{name}/{path.relative_to(folder).as_posix()}": path
        for origin, name in _PACKAGES
        for folder in (_folder(origin),)
        for path in folder.rglob("*.py")
    }
    return {name: path.read_text("utf-8") for name, path in paths.items() if name not in _LEFT_OUT}


def assemble(sources: dict[str, str], root: dict[str, bytes]) -> Application:
    """An application of sources by path in the slot, and of root files. Raises FlashError."""
    found = _VERSION.search(sources.get("module/version.py", ""))
    if found is None:
        raise FlashError(f"module/version.py names no SOFTWARE of {VERSION_SIZE} characters")
    version = found[1]
    try:
        # The port is handed about as an object: what is read from it is found at run time only.
        folded = fold(sources, [path for path in sources if path.startswith("port/")])
    except SyntaxError as error:
        raise FlashError(f"{error.filename}:{error.lineno} is no Python: {error.msg}") from error
    pages = answers(folded.pop(_PAGE)) if _PAGE in folded else {}
    folded, texts = take_texts(overlay(folded))
    needed = reachable(folded, [path for path in folded if not path.startswith(_LIBRARY)])
    kept = {word for text in root.values() for word in _WORD.findall(text.decode())}
    units = {path: members for path, members in _UNITS.items() if path in needed}
    joined = link({path: folded[path] for path in sorted(needed)}, units, kept)
    entries = {path for name, text in root.items() for path in imported(name, text.decode())}
    flat, origins = flatten(joined, entries, kept)
    short, names = shorten(flat, kept, origins)
    slot = {
        path.removesuffix(".py") + ".mpy": compile_source(_shown(path), source)
        for path, source in short.items()
    }
    slot |= pages | ({FILE: texts} if texts else {})
    manifest = {
        "version": version,
        "files": {path: hashlib.sha256(data).hexdigest() for path, data in sorted(slot.items())},
    }
    slot["manifest.json"] = json.dumps(manifest, separators=(",", ":")).encode()
    made = Application(
        version,
        slot,
        dict(root),
        {_shown(path): origins.get(path, path) for path in short},
        {path: told for path, told in names.items() if told},
    )
    if made.mpy_size > MPY_MAX:
        raise FlashError(
            f"the application has {made.mpy_size} bytes of .mpy, {MPY_MAX} at most: leave something out"
        )
    return made


def _shown(path: str) -> str:
    """What a traceback calls the file: its last name, which MicroPython has anyway."""
    return path.removesuffix(".py").rpartition("/")[2]


def _folder(origin: str) -> Path:
    # An installation has wxproto as a package of its own, beside wxlink.
    if origin == "protocol/wxproto":
        import wxproto  # noqa: PLC0415

        return Path(wxproto.__file__).parent
    try:
        return asset(origin)
    except FileNotFoundError as error:
        raise FlashError(str(error)) from error


def _gzip(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -WINDOW_BITS)
    body = packer.compress(data) + packer.flush()
    header = b"\x1f\x8b\x08" + bytes(5) + b"\x02\xff"  # no name, no time: nothing of this machine
    return header + body + zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")
