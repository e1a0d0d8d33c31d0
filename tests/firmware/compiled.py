"""The firmware as a chip gets it, folded and compiled: the sources would need more heap, and more time.

The simulated chip has short names beside that: it shares its table of names with the application, where no
silicon has them. `sim.json` beside the packages says what they are in the source, to read a traceback by.
"""

import ast
import fcntl
import functools
import hashlib
import json
import shutil
import tempfile
from pathlib import Path

from wxlink.flash.fold import fold
from wxlink.flash.mpy import OPTIONS, compile_source
from wxlink.flash.scope import dotted
from wxlink.flash.shorten import shorten

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PACKAGES = (
    ROOT / "firmware" / "module",
    ROOT / "firmware" / "port",
    ROOT / "firmware" / "sim",
    ROOT / "protocol" / "wxproto",
)
SIMULATED = "sim/"
ROOT_FILES = [ROOT / "firmware" / name for name in ("boot.py", "chip_main.py", "main.py")]
MAKERS = [Path(__file__), *(ROOT / "host" / "wxlink" / "flash").glob("*.py")]
KEPT = 5  # trees of earlier sources


@functools.cache
def compiled() -> Path:
    """A folder with main.py, every package and the simulated chip, made once for the same sources."""
    sources = {
        f"{package.name}/{path.name}": path.read_text("utf-8")
        for package in PACKAGES
        for path in package.glob("*.py")
    }
    programs = {
        path.name: path.read_text("utf-8") for path in [*HERE.parent.glob("*/*_program.py"), *ROOT_FILES]
    }
    makers = [path.read_text("utf-8") for path in sorted(MAKERS)]
    given = OPTIONS, sorted(sources.items()), sorted(programs.items()), makers
    digest = hashlib.sha256(repr(given).encode()).hexdigest()[:16]
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
        public = [path for path in sources if not path.startswith(SIMULATED)]  # tests name constants of these
        folded = fold(sources | programs, public)
        kept = {name for path in (*public, *programs) for name in _meant(folded[path])}
        short, names = shorten({path: folded[path] for path in sources if path not in public}, kept)
        for path in sources:
            target = (work / path).with_suffix(".mpy")
            target.parent.mkdir(exist_ok=True)
            # A traceback names a file of the simulation as its module: a name that MicroPython has anyway.
            shown = dotted(path) if path in short else path
            target.write_bytes(compile_source(shown, short.get(path, folded[path])))
        (work / "main.py").write_text(programs["main.py"], "utf-8")
        (work / "sim.json").write_text(json.dumps(names, indent=1), "utf-8")
        work.rename(made)
    return made


def _meant(source: str) -> set[str]:
    """What a file may mean of others: what it imports, passes by name, reads of objects or has as texts."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(attr=name) | ast.keyword(arg=str(name)) | ast.alias(name=name):
                names.add(name)
            case ast.Constant(value=str(text)):
                names.add(text)
    return {name for name in names if not name.startswith("_")}
