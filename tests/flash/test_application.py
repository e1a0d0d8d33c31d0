"""The application: what its files hold is what MicroPython runs, and one source gives one release file."""

import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from wxlink.assets import asset
from wxlink.flash import app
from wxlink.flash.app import MPY_MAX, WINDOW_BITS, Application
from wxlink.flash.mpy import compile_source
from wxlink.flash.problem import FlashError
from wxlink.flash.reach import reachable

VERSION = 'HARDWARE = "00000001"\nSOFTWARE = "00010203"  # major, minor, patch\n'
SOURCES = {
    "module/version.py": VERSION,
    "module/deep/inner.py": "import wxproto\n\ndef f(x):\n    return x + 1\n",
    "wxproto/__init__.py": '"""The protocol."""\n',
    "wxproto/hosts.py": "",
}
ROOT = {
    "boot.py": b"print('boot')\n",
    "main.py": b"from module.version import SOFTWARE\nfrom module.deep.inner import f\n",
}

# Unpacks a release with the window that the module has, imports from it, and prints what it found.
UNPACKER = """
import deflate, io, os, sys
file = deflate.DeflateIO(open(sys.argv[1], "rb"), deflate.GZIP, 10)
os.chdir(sys.argv[2])
while True:
    header = file.read(512)
    if not any(header):
        break
    name = str(header[:100], "ascii").rstrip("\\0")
    size = int(str(header[124:135], "ascii"), 8)
    folder = ""
    for part in name.split("/")[:-1]:
        folder += part
        try:
            os.mkdir(folder)
        except OSError:
            pass
        folder += "/"
    with open(name, "wb") as out:
        out.write(file.read(size))
    file.read(-size % 512)
sys.path.insert(0, ".")
from module.version import SOFTWARE
from module.deep.inner import f
print(SOFTWARE, f(1))
"""

IMPORTER = """
import sys
sys.path[:] = [".", ".frozen"]
for name in sys.argv[1:]:
    try:
        __import__(name)
    except ImportError as error:
        print(name, error)
"""


@pytest.fixture(scope="module")
def made() -> Application:
    return app.assemble(SOURCES, ROOT)


def micropython(*words: str) -> str:
    run = [str(Path(sys.executable).parent / "micropython"), *words]
    return subprocess.run(run, capture_output=True, text=True, check=True, timeout=60).stdout


def test_the_manifest_lists_every_file(made: Application) -> None:
    manifest = json.loads(made.slot["manifest.json"])
    assert manifest == {
        "version": "00010203",
        "files": {
            path: hashlib.sha256(data).hexdigest()
            for path, data in made.slot.items()
            if path != "manifest.json"
        },
    }
    assert set(manifest["files"]) == {"module/version.mpy", "module/deep/inner.mpy"}


def test_a_chip_gets_one_slot_and_the_root_files(made: Application) -> None:
    files = made.files("b")
    assert files["boot.py"] == ROOT["boot.py"]
    assert files["b/module/version.mpy"] == made.slot["module/version.mpy"]
    assert set(files) == set(ROOT) | {f"b/{path}" for path in made.slot}


def test_micropython_runs_what_it_unpacks(made: Application, tmp_path: Path) -> None:
    (tmp_path / "app.tgz").write_bytes(made.bundle())
    (tmp_path / "unpack.py").write_text(UNPACKER)
    (tmp_path / "slot").mkdir()
    told = micropython(str(tmp_path / "unpack.py"), str(tmp_path / "app.tgz"), str(tmp_path / "slot"))
    assert told == "00010203 2\n"
    assert {
        path.relative_to(tmp_path / "slot").as_posix(): path.read_bytes()
        for path in (tmp_path / "slot").rglob("*")
        if path.is_file()
    } == made.slot


def test_the_release_file_is_plain_ustar(made: Application) -> None:
    bundle = made.bundle()
    assert bundle[:10] == b"\x1f\x8b\x08\0\0\0\0\0\x02\xff"  # no time, no name
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(bundle))) as archive:
        members = archive.getmembers()
        assert [one.name for one in members] == sorted(made.slot)
        assert all(one.isreg() and not one.mtime and not one.uid and not one.uname for one in members)
        for one in members:
            content = archive.extractfile(one)
            assert content is not None
            assert content.read() == made.slot[one.name]


def test_one_source_gives_one_release_file(made: Application) -> None:
    again = app.assemble(dict(reversed(SOURCES.items())), ROOT)
    assert again.bundle() == made.bundle()
    assert WINDOW_BITS == 10


def test_tracebacks_name_the_file_as_on_the_chip(tmp_path: Path) -> None:
    (tmp_path / "bad.mpy").write_bytes(
        compile_source("module/bad.py", "def f():\n    return 1 / 0\n\n\nf()\n")
    )
    run = subprocess.run(
        [str(Path(sys.executable).parent / "micropython"), "-c", "import bad"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert 'File "module/bad.py"' in run.stdout + run.stderr
    assert str(tmp_path) not in run.stdout + run.stderr


def test_a_mistake_in_a_source_is_one_line() -> None:
    with pytest.raises(FlashError, match=r"module/odd\.py") as caught:
        app.assemble({**SOURCES, "module/odd.py": "def f(:\n"}, ROOT)
    assert "\n" not in str(caught.value)


def test_an_application_without_a_version() -> None:
    with pytest.raises(FlashError, match="SOFTWARE"):
        app.assemble({"module/version.py": 'SOFTWARE = "1.0"\n'}, ROOT)


def test_an_application_that_is_too_large() -> None:
    large = f"data = {bytes(range(65, 91)) * (MPY_MAX // 26 + 1)!r}\n"
    with pytest.raises(FlashError, match=str(MPY_MAX)):
        app.assemble({**SOURCES, "module/large.py": large}, ROOT)


@pytest.fixture(scope="module")
def shipped() -> Application:
    if not (asset("firmware") / "chip_main.py").exists():
        pytest.skip("this firmware has no chip_main.py yet")
    return app.build()


def test_the_firmware_fits(shipped: Application) -> None:
    assert shipped.mpy_size <= MPY_MAX
    assert set(shipped.root) == {"boot.py", "main.py"}
    assert {path for path in shipped.slot if "/" in path} == {"module/program.mpy"}
    files = set(shipped.shown.values())
    assert "module/bridge.py" in files
    assert "wxproto/session.py" not in files  # it is in module/program.mpy
    assert not {path for path in files if "unix" in path or path.startswith("sim")}
    names = [path for path in shipped.slot if not path.endswith(".mpy")]
    assert sorted(names) == ["manifest.json", "page.en", "page.zh", "texts"]


def test_the_page_of_set_up_is_a_whole_answer_in_each_language(shipped: Application) -> None:
    for language, word in (("zh", "密码"), ("en", "assword")):
        head, body = shipped.slot[f"page.{language}"].split(b"\r\n\r\n", 1)
        status, *lines = head.decode().split("\r\n")
        fields = dict(line.split(": ", 1) for line in lines)
        assert status == "HTTP/1.0 200 OK"
        assert fields["Content-Encoding"] == "gzip"
        assert int(fields["Content-Length"]) == len(body) < 4096
        page = gzip.decompress(body).decode()
        assert f'<html lang="{language}">' in page
        assert word in page


def test_names_can_be_read_back(shipped: Application) -> None:
    bridge = shipped.names["module/bridge.py"]
    assert "_take_asked" in bridge.values()
    assert "bridge__Bridge" in bridge.values()
    (shown,) = [name for name, path in shipped.shown.items() if path == "module/bridge.py"]
    assert b"_take_asked" not in shipped.slot[f"{shown}.mpy"]
    assert set(shipped.names) <= set(shipped.shown.values())


def test_the_firmwares_release_is_small_and_the_modules_own_code_takes_it(shipped: Application) -> None:
    assert len(shipped.bundle()) < shipped.mpy_size
    assert len(shipped.slot) <= 128  # files that the module takes
    assert all(len(path) <= 64 for path in shipped.slot)


def test_a_slot_lacks_nothing_that_it_imports(shipped: Application, tmp_path: Path) -> None:
    for path, data in shipped.slot.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    names = [path.removesuffix(".mpy").replace("/", ".") for path in shipped.slot if path.endswith(".mpy")]
    run = subprocess.run(
        [str(Path(sys.executable).parent / "micropython"), "-c", IMPORTER, *names],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    missing = [line.split("'")[1] for line in run.stdout.splitlines() if "no module named" in line]
    assert set(missing) <= {"network", "machine", "esp32", "esp"}, run.stdout
    assert not {"wxproto/product.py", "module/soc.py"} & set(shipped.shown.values())


@pytest.mark.parametrize(
    "statement",
    [
        "import far.away",
        "from far import away",
        "from far.away import anything",
        "def later():\n    from far.away import anything\n",
        "import far.away as other",
    ],
)
def test_whatever_way_a_module_is_imported_it_is_reached(statement: str) -> None:
    sources = {
        "main.py": statement,
        "far/__init__.py": "",
        "far/away.py": "from . import home",
        "far/home.py": "",
    }
    sources |= {"far/other.py": "import main"}
    assert reachable(sources, ["main.py"]) == set(sources) - {"far/other.py"}
