"""An application's names become those that MicroPython has anyway, and nothing else changes."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

from board_tty import MICROPYTHON

from wxlink.flash import app
from wxlink.flash.shorten import CHIP, COMMON, shorten

ROOT = Path(__file__).resolve().parents[2]

# Tells how many names MicroPython stores, before each name on stdin and after: one that it has adds none.
KNOWN = """
import sys, micropython
class Any: pass
micropython.qstr_info()
for line in sys.stdin:
    print("name", line.strip())
    getattr(Any, line.strip(), None)
    micropython.qstr_info()
"""


def known_to_micropython(names: list[str]) -> set[str]:
    done = subprocess.run(
        [MICROPYTHON, "-X", "heapsize=8m", "-c", KNOWN],
        input="\n".join(names),
        capture_output=True,
        text=True,
        check=True,
    )
    counts = [int(count) for count in re.findall(r"n_qstr=(\d+)", done.stdout)]
    assert len(counts) == len(names) + 1
    return {name for name, before, after in zip(names, counts, counts[1:], strict=False) if before == after}


def run(source: str, tmp_path) -> str:
    path = tmp_path / "a.py"
    path.write_text(source)
    return subprocess.run([sys.executable, path], capture_output=True, text=True, check=True).stdout


def test_the_list_has_what_micropython_has():
    assert known_to_micropython(sorted(COMMON)) == COMMON


def test_no_name_of_micropython_that_the_application_means_is_missing_in_the_list():
    words = {
        word
        for path, source in app.sources().items()
        for word in re.findall(r"[A-Za-z_]\w*", source)
        if not path.startswith("port/")
    }
    assert known_to_micropython(sorted(words)) <= COMMON | CHIP


def test_what_the_ports_ask_of_the_chips_own_modules_is_in_the_list():
    fakes = ast.Module([], [])
    for name in ("esp32", "machine", "network"):
        fakes.body += ast.parse((ROOT / "firmware" / "sim" / f"{name}.py").read_text("utf-8")).body
    theirs = {node.name for node in ast.walk(fakes) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    theirs |= {node.id for node in ast.walk(fakes) if isinstance(node, ast.Name) and node.id.isupper()}
    theirs = {name for name in theirs if not name.startswith("_")}
    asked = {
        node.attr
        for path in (ROOT / "firmware" / "port").glob("esp32*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert len(asked & theirs) > 20
    assert (asked & theirs) - COMMON - CHIP == set()


def test_nearly_all_names_of_the_application_cost_no_heap():
    made = {name for names in app.build().names.values() for name in names}
    assert len(made) > 500
    assert len(made - COMMON) < len(made) // 5


def test_each_file_has_the_same_few_names_for_its_own():
    done = shorten(
        {
            "p/one.py": "class A:\n\n    def __init__(self):\n        self._first = self.second = 1\n",
            "p/two.py": "_state = 1\n\ndef _change(_by):\n    global _state\n    _state += _by\n",
        }
    )
    one, two = done.names["p/one.py"], done.names["p/two.py"]
    assert set(one.values()) == {"A", "_first", "second"}
    assert set(two.values()) == {"_state", "_change"}
    assert len(one.keys() & two.keys()) == 2  # of _first and A
    assert not re.search(r"_first|second|_state|_change|_by", json.dumps(done.sources))


def test_a_global_has_the_name_of_a_method_that_the_file_calls():
    source = (
        "import sys\n_HELD = []\n\nclass _Kept:\n\n    def insert(self, at):\n        _HELD.insert(0, at)\n\n"
        "def keep(sort):\n    _Kept().insert(sort)\n    _HELD.append(sorted(_HELD))\n"
        "    _HELD.sort(key=str)\n    sys.stdout.flush()\n"
    )
    done = shorten({"a.py": source}).names["a.py"]
    # insert is ours here, sort an argument, append and flush what MicroPython may look for by itself
    assert done["stdout"] in ("_HELD", "_Kept", "keep")
    assert not done.keys() & {"insert", "sort", "append", "flush", "sorted", "sys"}


def test_what_several_files_mean_has_one_name():
    done = shorten(
        {
            "p/one.py": "class Opened:\n    def shut_it(self, slowly=0):\n        return slowly\n",
            "p/two.py": "from p.one import Opened as Door\nDoor().shut_it(slowly=1)\n",
        }
    )
    names = {name: short for told in done.names.values() for short, name in told.items()}
    assert f"class {names['Opened']}" in done.sources["p/one.py"]
    assert f"def {names['shut_it']}(self, {names['slowly']}=0)" in done.sources["p/one.py"]
    assert f"from p.one import {names['Opened']} as {names['Door']}" in done.sources["p/two.py"]
    assert f"{names['Door']}().{names['shut_it']}({names['slowly']}=1)" in done.sources["p/two.py"]


def test_a_class_and_what_derives_from_it_do_not_meet():
    base = "class Base:\n    def __init__(self):\n        self._own = 1\n"
    more = "class More(Base):\n    def set(self):\n        self._other = 2\n        return self\n"
    done = shorten({"p/base.py": base, "p/more.py": "from p.base import Base\n\n" + more})
    names = {name: short for told in done.names.values() for short, name in told.items()}
    assert names["_own"] != names["_other"]


def test_what_others_know_stays():
    sources = {
        "a.py": "import sys\nprint(sys._machine)\n",  # not ours
        "b.py": "class _A:\n    _machine = 1\n",  # so not here either
        "d.py": "print(getattr(sys, '_text'))\n_text = 1\n",
        "e.py": "import b\nb.wlan = b.ifconfig\n",
        "f.py": "def print(self, _):\n    return self.__class__\n",
        "g.py": "def run_it():\n    pass\n",
    }
    done = shorten(sources, kept={"run_it", "_A", "wlan"})
    assert {path: text.replace("\n", "") for path, text in done.sources.items()} == {
        path: text.replace("\n", "") for path, text in sources.items()
    }
    assert not any(done.names.values())


def test_a_new_name_never_meets_one_that_stays():
    done = shorten({"a.py": "import x\n_long = x.N\nprint(_long, 'O')\n"})
    new = re.match(r"import x\n(\w+) = x\.N\nprint\((\w+), 'O'\)", done.sources["a.py"])
    assert new is not None
    assert new[1] == new[2]
    assert new[1] not in ("N", "O", "_long")


def test_fields_of_a_named_tuple_and_its_type_are_names():
    source = (
        "from collections import namedtuple\nPair = namedtuple('Pair', ('left', 'ok'))\n"
        "print(Pair(1, 2).left)\n"
    )
    done = shorten({"a.py": source})
    names = {name: short for short, name in done.names["a.py"].items()}
    assert f"namedtuple('{names['Pair']}', ('{names['left']}', '{names['ok']}'))" in done.sources["a.py"]
    assert f".{names['left']})" in done.sources["a.py"]


def test_a_program_does_what_it_did(tmp_path):
    source = (
        "from collections import namedtuple\n"
        "_Made = namedtuple('_Made', ('first_one', 'second_one'))\n"
        "class _Stack:\n    _made = 0\n\n    def __init__(self):\n        self._items = []\n"
        "        _Stack._made += 1\n\n    def push(self, _item, *, twice=False):\n"
        "        self._items.extend([_item] * (1 + twice))\n"
        "        return self\n\n    def _sum(self):\n        return sum(self._items)\n\n"
        "_ACTS = {'sum': _Stack._sum}\n"
        "stack = _Stack().push(3).push(4, twice=True)\nprint(_ACTS['sum'](stack), _Stack._made)\n"
        "def counter(start_at):\n    def step():\n        nonlocal start_at\n        start_at += 1\n"
        "        return start_at\n    return step\n"
        "print(counter(5)(), _Made(1, second_one=2).second_one)\n"
        "try:\n    raise ValueError('no')\nexcept ValueError as _error:\n    print(_error)\n"
    )
    done = shorten({"a.py": source}).sources["a.py"]
    assert "counter" not in done
    assert run(source, tmp_path) == run(done, tmp_path) == "11 1\n6 2\nno\n"


def test_without_enough_names_of_micropython_made_ones_do(tmp_path):
    source = (
        "".join(f"def call_{at}():\n    return {at}\n" for at in range(2000))
        + "print(call_1999() + call_7())\n"
    )
    done = shorten({"a.py": source}).sources["a.py"]
    assert "call_1999" not in done
    assert run(done, tmp_path) == "2006\n"
