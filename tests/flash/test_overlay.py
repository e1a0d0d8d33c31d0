"""Rare methods leave their class and are found when they are called."""

import subprocess
import sys
from pathlib import Path

import pytest
from board_tty import MICROPYTHON

from wxlink.flash.overlay import overlay
from wxlink.flash.problem import FlashError

LOADING = Path(__file__).resolve().parents[2] / "firmware" / "module" / "loading.py"
DOOR = """
import math
from module.loading import drop, rare

_SIZES = {"small": math.floor(1.5), "large": 3}
OPEN = "open"
told = []


class Door:
    def __init__(self, size):
        self._size = size
        self.state = "shut"

    def use(self):
        return self._turn("key", slowly=True)

    @rare
    def _turn(self, what, *, slowly=False):
        self.state = self._opened()
        opened = self.opened()
        told.append(_measured(self._size) + len(opened) - 4)
        return f"{what} {self.state} {slowly}"

    @rare
    def _opened(self):
        opened = self.opened()
        return opened

    @rare
    def opened(self):
        return OPEN

    @rare
    async def wait(self):
        return self.state


def _measured(size):
    return _SIZES[size]


door = Door("large")
print(door.use(), told, door.state)
try:
    door.wait().send(None)
except StopIteration as end:
    print(end.value)
try:
    door.nothing()
except AttributeError as error:
    print(error)
"""


def written(folder: Path, sources: dict[str, str]) -> Path:
    for path, source in sources.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source)
    return folder


def run(program: str, folder: Path) -> str:
    environment = {"MICROPYPATH": f"{folder}:.frozen", "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [program, "-c", "import door"], capture_output=True, text=True, env=environment, check=True
    )
    return done.stdout


@pytest.mark.parametrize("program", [sys.executable, MICROPYTHON], ids=["python", "micropython"])
def test_a_class_does_what_it_did(tmp_path: Path, program: str):
    sources = {"door.py": DOOR, "module/loading.py": LOADING.read_text("utf-8"), "module/__init__.py": ""}
    plain = run(program, written(tmp_path / "plain", sources))
    apart = run(program, written(tmp_path / "apart", overlay(sources)))
    assert plain.splitlines()[:2] == apart.splitlines()[:2] == ["key open True [3] open", "open"]
    assert "nothing" in apart.splitlines()[2]


def test_what_only_rare_methods_use_goes_with_them():
    done = overlay({"door.py": DOOR})
    assert "math.floor" not in done["door.py"]
    assert "import math" not in done["door.py"]
    assert "_SIZES" not in done["door.py"]
    assert "def _turn" not in done["door.py"]
    assert "def _measured" in done["door_rare.py"]
    assert "from door import told" in done["door_rare.py"]


def test_a_rare_method_calls_another_without_loading_it_again():
    assert "self.state = _opened(self)" in overlay({"door.py": DOOR})["door_rare.py"]


def test_what_other_files_know_stays():
    done = overlay({"door.py": DOOR, "other.py": "from door import _measured\n"})
    assert "def _measured" in done["door.py"]
    assert "_measured" in done["door_rare.py"].splitlines()[0]


def test_a_table_of_rare_methods_goes_with_them():
    source = (
        "class A:\n    @rare\n    def take(self, cmd):\n        return _HANDLERS[cmd](self)\n"
        "    @rare\n    def _one(self):\n        return 1\n_HANDLERS = {1: A._one}\n"
    )
    done = overlay({"a.py": source})
    assert "_HANDLERS = {1: _one}" in done["a_rare.py"]
    assert "_HANDLERS" not in done["a.py"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("    @rare\n    def __init__(self):\n        pass\n", "in the class itself"),
        ("    @rare\n    def f(self):\n        global x\n        x = 1\n", "sets a global name"),
        ("    @rare\n    def f(self):\n        return lambda: self\n", "its lambda may outlive it"),
        (
            "    @rare\n    def f(self):\n        pass\n    def g(self):\n        return self.f\n",
            "do not pass it about",
        ),
        (
            "    @rare\n    def f(self):\n        pass\nclass B:\n    def f(self):\n        pass\n",
            "has its name",
        ),
        (
            "    @rare\n    def f(self):\n        pass\nTABLE = {1: A.f}\nprint(TABLE)\n",
            "do not pass it about",
        ),
    ],
)
def test_what_cannot_be_rare_is_refused_and_the_line_is_named(body: str, reason: str):
    with pytest.raises(FlashError, match=rf"^a\.py:\d+: .*{reason}"):
        overlay({"a.py": "class A:\n" + body})
