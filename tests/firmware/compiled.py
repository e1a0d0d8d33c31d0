"""The firmware as a chip gets it, folded and compiled: the sources would need more heap, and more time."""

import fcntl
import functools
import hashlib
import shutil
import tempfile
from pathlib import Path

from wxlink.flash.fold import fold
from wxlink.flash.mpy import OPTIONS, compile_source

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    ROOT / "firmware" / "module",
    ROOT / "firmware" / "port",
    ROOT / "firmware" / "sim",
    ROOT / "protocol" / "wxproto",
)
KEPT = 5  # trees of earlier sources


@functools.cache
def compiled() -> Path:
    """A folder with main.py, every package and the simulated chip, made once for the same sources."""
    sources = {
        f"{package.name}/{path.name}": path.read_text("utf-8")
        for package in PACKAGES
        for path in package.glob("*.py")
    }
    main = (ROOT / "firmware" / "main.py").read_text("utf-8")
    digest = hashlib.sha256(repr((OPTIONS, sorted(sources.items()), main)).encode()).hexdigest()[:16]
    folder = ROOT / "build" / "firmware"
    made = folder / digest
    folder.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "firmware.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other workers wait for what the first one makes
        if made.exists():
            return made
        for old in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)
        work = Path(tempfile.mkdtemp(dir=folder, prefix="new-"))
        for path, source in fold(sources, public=sources).items():  # programs of tests name constants too
            target = (work / path).with_suffix(".mpy")
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(compile_source(path, source))
        (work / "main.py").write_text(main, "utf-8")
        work.rename(made)
    return made
