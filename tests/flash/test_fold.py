"""Constants are written into the compiled application, and it does what its sources do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import wxproto
from wxlink.flash.fold import fold

ROOT = Path(__file__).resolve().parents[2]
CHECK = ROOT / "tests" / "protocol" / "vector_check.py"
MICROPYTHON = os.environ.get("WXLINK_MICROPYTHON") or str(Path(sys.executable).with_name("micropython"))


def test_a_constant_is_written_where_it_is_used_in_every_spelling():
    folded = fold(
        {
            "p/one.py": "A = 7\n_B = const(A << 1)\nC, D = range(2)\nE = -A + _B\n",
            "p/two.py": "from . import one\nfrom p.one import A, D as Other\nx = one.E + A + Other\n",
            "q/three.py": "from p import one\ndef f(a=one.C):\n    return [one.A, a]\n",
        }
    )
    assert folded["p/one.py"] == "\n"
    assert folded["p/two.py"] == "x = 7 + 7 + 1\n"
    assert folded["q/three.py"] == "def f(a=0):\n    return [7, a]\n"


def test_what_others_use_too_keeps_its_names_and_is_folded_as_well():
    folded = fold({"p/one.py": "A = 2\nB = A * 3\n"}, public={"p/one.py"})
    assert folded["p/one.py"] == "A = 2\nB = 2 * 3\n"


@pytest.mark.parametrize(
    "source",
    [
        "A = 1\nA = 2\n",  # set twice
        "A = 1\n\ndef f():\n    global A\n    A = 2\n",
        "A = 1\n\ndef f(A):\n    return A\n",  # the argument is another thing
        "A = 1\nfor A in ():\n    pass\n",
        "A = True\n",  # no number
        "A = 'one'\n",
        "A = 1.5\n",
        "a = 1\n",  # no constant by its name
        "A = 1 << 40\n",  # an object on a 32-bit chip
        "if a:\n    A = 1\n",
        "def f():\n    A = 1\n    return A\n",
    ],
)
def test_anything_else_stays_as_it_is(source: str):
    assert fold({"p/one.py": source})["p/one.py"].rstrip() == source.rstrip()


def test_an_import_for_its_effect_stays_and_an_idle_one_goes():
    folded = fold(
        {
            "p/one.py": "A = 1\n",
            "p/two.py": "from p import effect\nfrom p import one\nfrom p.one import A\nx = A + one.A\n",
            "p/effect.py": "print(1)\n",
        }
    )
    assert folded["p/two.py"] == "from p import effect\nx = 1 + 1\n"


def test_every_golden_frame_is_the_same_for_the_folded_codec(tmp_path: Path):
    package = Path(wxproto.__file__).parent
    sources = {f"wxproto/{path.name}": path.read_text("utf-8") for path in package.glob("*.py")}
    for path, source in fold(sources, public=sources).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(source, "utf-8")
    assert (tmp_path / "wxproto" / "session.py").read_text("utf-8") != sources["wxproto/session.py"]
    folded, plain = (vectors(folder) for folder in (tmp_path, package.parent))
    assert len(plain) > 100
    assert folded == plain


def vectors(folder: Path) -> list[str]:
    """What the golden frames print with the codec in `folder`."""
    protocol = ROOT / "protocol"
    done = subprocess.run(
        [MICROPYTHON, str(CHECK), str(protocol / "vectors"), str(protocol / "products")],
        env={**os.environ, "MICROPYPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_a_constant_that_is_asked_of_an_object_stays():
    sources = {
        "p/port.py": "LEVEL = 7\nOTHER = 8\n",
        "p/main.py": "from p import port\ndef run(port):\n    return port.LEVEL\nrun(port)\n",
    }
    folded = fold(sources)
    assert folded["p/port.py"].split("\n")[0] == "LEVEL = 7"
    assert "OTHER" not in folded["p/port.py"]
    assert "port.LEVEL" in folded["p/main.py"]
