"""Private names become short and shared, and nothing else changes."""

import subprocess
import sys

from wxlink.flash.shorten import shorten


def test_each_file_has_the_same_short_names_for_its_own():
    done = shorten(
        {
            "p/one.py": "class A:\n\n    def __init__(self):\n        self._first = self.second = 1\n",
            "p/two.py": "_state = 1\n\ndef _change(_by):\n    global _state\n    _state += _by\n",
        }
    )
    assert done.names == {
        "p/one.py": {"_a": "_first"},
        "p/two.py": {"_a": "_change", "_b": "_state", "_c": "_by"},
    }
    assert "self._a = self.second = 1" in done.sources["p/one.py"]
    assert done.sources["p/two.py"] == "_b = 1\n\ndef _a(_c):\n    global _b\n    _b += _c\n"


def test_a_class_and_what_derives_from_it_share_their_names():
    done = shorten(
        {
            "p/base.py": "class Base:\n\n    def __init__(self):\n        self._own = 1\n",
            "p/more.py": (
                "from p.base import Base\n\nclass More(Base):\n\n    def f(self):\n"
                "        self._other = 2\n        return self._own\n"
            ),
        }
    )
    names = {name: short for told in done.names.values() for short, name in told.items()}
    assert names["_own"] != names["_other"]
    assert f"return self.{names['_own']}" in done.sources["p/more.py"]


def test_what_others_know_stays():
    sources = {
        "a.py": "import sys\nprint(sys._machine)\n",  # not ours
        "b.py": "class A:\n    _machine = 1\n",  # so not here either
        "c.py": "def f(*, _key=1):\n    return f(_key=2)\n",
        "d.py": "class B:\n    _text = 1\nprint(getattr(B, '_text'))\n",
        "e.py": "from b import _hidden\n",
        "f.py": "def g(self, _):\n    return self.__class__\n",
    }
    done = shorten(sources)
    assert {path: text.replace("\n", "") for path, text in done.sources.items()} == {
        path: text.replace("\n", "") for path, text in sources.items()
    }
    assert not any(done.names.values())


def test_a_short_name_never_meets_one_that_stays():
    done = shorten({"a.py": "import x\n_long = x._a\nprint(_long)\n"})
    assert done.sources["a.py"] == "import x\n_b = x._a\nprint(_b)\n"


def test_a_program_does_what_it_did(tmp_path):
    source = (
        "class _Stack:\n    _made = 0\n\n    def __init__(self):\n        self._items = []\n"
        "        _Stack._made += 1\n\n    def push(self, _item):\n        self._items.append(_item)\n"
        "        return self\n\n    def _sum(self):\n        return sum(self._items)\n\n"
        "_ACTS = {'sum': _Stack._sum}\n"
        "stack = _Stack().push(3).push(4)\nprint(_ACTS['sum'](stack), _Stack._made)\n"
        "try:\n    raise ValueError('no')\nexcept ValueError as _error:\n    print(_error)\n"
    )
    outputs = []
    for text in (source, shorten({"a.py": source}).sources["a.py"]):
        path = tmp_path / "a.py"
        path.write_text(text)
        done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True)
        outputs.append(done.stdout)
    assert outputs == ["7 1\nno\n"] * 2


def test_an_argument_that_is_nothing_else_anywhere_is_short_and_any_other_stays():
    done = shorten(
        {
            "a.py": "def f(slow, *, quick=1, about=2):\n    about = slow\n    return lambda quick: about\n",
            "b.py": "from a import f\nf(3, quick=5)\nf(4).loud\n",
            "c.py": "def g(loud, list, *told):\n    return [kind for kind in told]\n",
            "d.py": "told = 1\ndef h(told):\n    return told\n",
        }
    )
    assert done.sources["a.py"].startswith(
        "def f(_a, *, quick=1, _b=2):\n    _b = _a\n    return lambda quick: _b"
    )
    assert done.sources["c.py"].startswith("def g(loud, list, *_a):\n    return [kind for kind in _a]")
    assert done.sources["d.py"].replace("\n", "") == "told = 1def h(told):    return told"
