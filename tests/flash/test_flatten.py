"""Files at the root of a slot do what they did in their packages, and cost one name each."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from board_tty import MICROPYTHON

from wxlink.flash import app
from wxlink.flash.flatten import BUILT_IN, flatten
from wxlink.flash.mpy import compile_source
from wxlink.flash.problem import FlashError
from wxlink.flash.shorten import COMMON, shorten

LOADING = Path(__file__).resolve().parents[2] / "firmware" / "module" / "loading.py"
SOURCES = {
    "module/loading.py": LOADING.read_text("utf-8"),
    "p/__init__.py": '"""A package with nothing in it."""\n',
    "p/base.py": "import math\nlimit = 3\nclass Base:\n    FILE = 'p.deep.late'\n    size = math.ceil(3.5)\n",
    "p/more.py": "print('more is loaded')\n",
    "p/deep/late.py": (
        "import p\nimport p.more\nfrom p import base as below, base\nbase.limit += 1\n"
        "def told(base):\n    return base, below.limit\n"
    ),
    "p/main.py": (
        "import sys\nimport p.base as low\nfrom module.loading import drop\n"
        "_FILES = ('p.more', 'p.deep.late')\n"
        "def run():\n    from p import base, more\n    from p.base import Base as Root\n"
        "    for _ in range(2):\n        from p.deep.late import told\n"
        "        print(told(Root.size), base is low, base.limit)\n        drop(*_FILES)\n"
        "    __import__(Root.FILE)\n"
        "    print(base.limit, hasattr(sys.modules[Root.FILE], 'told'), 'p.main' in sys.modules)\n"
    ),
}
ENTRIES = {"p/main.py"}
KEPT = {"run"}

IMPORTS = """
import sys
sys.path[:] = [".frozen"]
for name in sys.argv[1:]:
    try:
        __import__(name)
        print(name)
    except ImportError:
        pass
"""
# Tells how many names MicroPython keeps before and after the import of the second file.
COUNTS = """
import micropython, sys
__import__(sys.stdin.readline().strip())
micropython.qstr_info()
__import__(sys.stdin.readline().strip())
micropython.qstr_info()
"""


def written(folder: Path, sources: dict[str, str]) -> Path:
    for path, source in sources.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source)
    return folder


def run(program: str, folder: Path, *words: str, given: str = "") -> str:
    environment = {"MICROPYPATH": f"{folder}:.frozen", "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [program, "-c", *words], input=given, capture_output=True, text=True, env=environment, check=True
    )
    return done.stdout


@pytest.mark.parametrize("program", [sys.executable, MICROPYTHON], ids=["python", "micropython"])
def test_a_program_does_what_it_did(tmp_path: Path, program: str):
    start = "from p.main import run; run()"
    flat = flatten(SOURCES, ENTRIES, KEPT)
    assert {path for path in flat.sources if "/" in path} == ENTRIES
    assert sorted(flat.origins.values()) == sorted(set(SOURCES) - ENTRIES - {"p/__init__.py"})
    told = run(program, written(tmp_path / "packages", SOURCES), start)
    assert told.splitlines() == [
        "more is loaded",
        "(4, 4) True 4",
        "more is loaded",
        "(4, 5) True 5",
        "more is loaded",
        "6 True True",
    ]
    assert run(program, written(tmp_path / "flat", flat.sources), start) == told
    short = shorten(flat.sources, KEPT, flat.origins)
    assert run(program, written(tmp_path / "short", short.sources), start) == told
    assert "low" in short.names["p/main.py"].values()
    assert "below" in short.names["p/deep/late.py"].values()


def test_a_file_costs_one_name(tmp_path: Path):
    origins = flatten({"p/first_file.py": "", "p/second_file.py": ""}, ()).origins
    costs = []
    for paths in (origins.values(), origins):
        names = [path.removesuffix(".py").replace("/", ".") for path in paths]
        for name, path in zip(names, paths, strict=True):
            target = (tmp_path / path).with_suffix(".mpy")
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(compile_source(name.rpartition(".")[2], ""))
        told = run(MICROPYTHON, tmp_path, COUNTS, given="\n".join(names))
        before, after = re.findall(r"n_qstr=(\d+)", told)
        costs.append(int(after) - int(before))
    assert costs == [3, 1]


def test_no_file_has_a_name_that_micropython_means():
    told = run(MICROPYTHON, Path(), "help('modules')")
    modules = {part for word in told.partition("Plus")[0].split() for part in word.split("/")}
    assert {"asyncio", "stream", "ssl"} <= modules
    assert {name for name in modules if not name.startswith("_")} <= BUILT_IN
    names = [path.removesuffix(".py") for path in flatten(many(150), ()).origins]
    assert len(names) == 150
    assert set(names) <= COMMON - BUILT_IN
    assert run(MICROPYTHON, Path(), IMPORTS, "json", *names) == "json\n"


def many(count: int) -> dict[str, str]:
    return {f"p/f{number}.py": "" for number in range(count)}


def test_names_are_short_words_that_the_application_does_not_use():
    plain = flatten(many(2), ())
    first, second = (path.removesuffix(".py") for path in plain.origins)
    assert len(first) == len(second) == 1
    assert (
        flatten(many(2) | {"p/f1.py": f"print('the {first}')\n"}, (), {second})
        .origins.keys()
        .isdisjoint(plain.origins)
    )


def test_the_same_sources_give_the_same_names():
    turned = dict(reversed(SOURCES.items()))
    assert flatten(turned, ENTRIES).origins == flatten(SOURCES, ENTRIES).origins
    assert list(flatten(SOURCES, ENTRIES).origins.values()) == sorted(
        set(SOURCES) - ENTRIES - {"p/__init__.py"}
    )


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("drop('p.bse')\n", "p.bse is no file of the application"),
        ("FILES = ('p.base', 'p.deep.base')\n", "p.deep.base is no file"),
        ("import p.base\nprint(p.base.limit)\n", "p is no object"),
        ("import p\nprint(p)\n", "p is no object"),
        ("import p as q\nprint(q)\n", "q is no object"),
    ],
)
def test_what_would_not_work_is_refused_and_the_file_is_named(source: str, reason: str):
    with pytest.raises(FlashError, match=rf"^p/late\.py: {reason}"):
        flatten({**SOURCES, "p/late.py": source}, ENTRIES)


def test_a_package_with_code_of_its_own_is_refused():
    with pytest.raises(FlashError, match=r"^p/__init__\.py has code"):
        flatten({**SOURCES, "p/__init__.py": "limit = 1\n"}, ENTRIES)


def test_more_files_than_names_are_refused():
    with pytest.raises(FlashError, match="too few names for 5000 files"):
        flatten(many(5000), ())


def test_a_traceback_names_a_file_that_the_release_tells():
    made = app.build()
    for path in made.slot:
        if path.endswith(".mpy"):
            assert made.shown[path.removesuffix(".mpy").rpartition("/")[2]] in {*app.sources(), *rare()}


def rare() -> set[str]:
    return {path.replace(".py", "_rare.py") for path in app.sources()}
