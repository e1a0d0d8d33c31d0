"""Files that are joined do what they did apart."""

import subprocess
import sys
from pathlib import Path

import pytest
from board_tty import MICROPYTHON

from wxlink.flash.link import link
from wxlink.flash.problem import FlashError

SOURCES = {
    "p/__init__.py": "",
    "p/base.py": (
        "import math\nfrom collections import namedtuple\n"
        "limit = 3\nMOST = 9\nPair = namedtuple('Pair', ('limit', 'b'))\n"
        "class Base:\n    limit = 1\n    double = limit * 2\n    def top(self):\n        return limit\n"
        "def grow(by=limit):\n    global limit\n    limit += by\n    return math.floor(limit)\n"
    ),
    "p/more.py": (
        "from . import base\nfrom .base import Base as Root, grow\n"
        "def limit(grow):\n    base = grow\n    return base\n"
        "class More(Root):\n    def all(self):\n        grow()\n        limit = [base for base in (1, 2)]\n"
        "        return self.top(), self.limit, self.double, limit\n"
    ),
    "p/main.py": (
        "import p.base\nfrom p import more\nfrom p.base import Pair, grow\n"
        "def run():\n    from p.late import told\n    from p import apart\n"
        "    try:\n        from p import base\n    except ImportError:\n        base = None\n"
        "    print(more.More().all(), more.limit(grow=5), Pair(1, 2).limit, told(grow), apart.seen())\n"
        "    print(apart.count, apart.base_limit())\n"
    ),
    "p/late.py": (
        "import math\nfrom p.base import MOST\ndef told(grow):\n    return grow(MOST), math.ceil(0.5)\n"
    ),
    "p/apart.py": (
        "from p import base, more as others\nfrom p.base import grow as bigger\ncount = 7\n"
        "def seen():\n    return bigger(), others.limit(1)\n"
        "def base_limit():\n    return base.limit\n"
    ),
}
UNITS = {"p/main.py": ("p/late.py",)}


def run(program: str, folder: Path, sources: dict[str, str]) -> str:
    for path, source in sources.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source)
    environment = {"MICROPYPATH": f"{folder}:.frozen", "PYTHONPATH": str(folder)}
    words = [program, "-c", "from p.main import run; run()"]
    return subprocess.run(words, capture_output=True, text=True, env=environment, check=True).stdout


@pytest.mark.parametrize("program", [sys.executable, MICROPYTHON], ids=["python", "micropython"])
def test_a_program_does_what_it_did(tmp_path: Path, program: str):
    joined = link(SOURCES, UNITS, {"run"})
    assert set(joined) == {"p/__init__.py", "p/main.py", "p/apart.py"}
    told = run(program, tmp_path / "joined", joined)
    assert told.startswith("(6, 1, 2, [1, 2]) 5 1 (15, 1)")
    assert told == run(program, tmp_path / "apart", SOURCES)


def test_what_is_imported_from_outside_comes_once():
    joined = link(SOURCES, UNITS, {"run"})["p/main.py"]
    assert joined.count("import math") == 1


def test_a_file_that_an_earlier_unit_has_is_imported_from_it():
    sources = {
        "a.py": "import c\ndef f():\n    return c.x\n",
        "b.py": "import a\nfrom c import x\ndef g():\n    return x\n",
        "c.py": "x = 1\n",
    }
    done = link(sources, {"a.py": (), "b.py": ()}, set())
    assert set(done) == {"a.py", "b.py"}
    assert "from a import c__x" in done["b.py"]


def test_a_joined_file_is_no_object():
    sources = {"p/a.py": "from p import b\nprint(b)\n", "p/b.py": "x = 1\n"}
    with pytest.raises(FlashError, match=r"^p/a\.py:2: b is joined"):
        link(sources, {"p/a.py": ()}, set())


def test_a_name_that_its_file_does_not_have_is_told():
    sources = {"p/a.py": "from p.b import y\n", "p/b.py": "x = 1\n"}
    with pytest.raises(FlashError, match=r"p/b\.py has no y"):
        link(sources, {"p/a.py": ()}, set())


def test_a_name_that_changes_is_asked_of_its_file():
    sources = {"p/a.py": "from p.b import x\n", "p/b.py": "x = 1\ndef f():\n    global x\n    x = 2\n"}
    with pytest.raises(FlashError, match=r"p/a\.py: x changes in p/b\.py"):
        link(sources, {"p/a.py": ()}, set())
