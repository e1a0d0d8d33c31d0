"""What a chip says and raises is the same with its texts in a file."""

import subprocess
from pathlib import Path

import pytest
from board_tty import MICROPYTHON

from wxlink.flash import app
from wxlink.flash.texts import take_texts

LOADING = Path(__file__).resolve().parents[2] / "firmware" / "module" / "loading.py"
SOURCE = """
def say(who, text):
    print(who, text)

def check(value, most):
    if value > most:
        raise ValueError("the value %d is above %d" % (value, most))
    if value < 0:
        raise ValueError(f"the value {value!r} is {'far' if value < -9 else 'a bit'} below {0:02X}: {{}} é")
    if not value:
        raise ValueError("too short to be moved"[:3])
    say("check", "nobody doubts that it fits" if value < 5 else f"{value} is much, {most - value} are left")
    say("check", "short")
    say("check", f"{value:{most}} has a width of its own")

for value in (3, 8, 11, -1, -10, 0):
    try:
        check(value, 9)
    except ValueError as error:
        print(error)
try:
    raise ValueError
except ValueError as error:
    print(repr(error))
"""


# Names of the reader are taken: by a local variable, an argument, and a function.
HIDDEN = """
def say(who, text):
    print(who, text)

def tell(percent):
    told = 0
    if percent > told:
        say("tell", f"it came to {percent} percent")

def again(told_):
    say("again", "what was said stays said")
    def told():
        raise ValueError("a long enough complaint")
    told()

tell(3)
try:
    again(1)
except ValueError as error:
    print(error)
"""


def run(folder: Path, *, texts: bytes | None) -> str:
    (folder / "module").mkdir(exist_ok=True)
    (folder / "module" / "loading.py").write_text(LOADING.read_text("utf-8"))
    if texts is not None:
        (folder / "texts").write_bytes(texts)
    done = subprocess.run([MICROPYTHON, str(folder / "a.py")], capture_output=True, check=True)
    return done.stdout.decode()


def test_a_program_says_and_raises_what_it_did(tmp_path: Path):
    (tmp_path / "a.py").write_text(SOURCE)
    before = run(tmp_path, texts=None)
    taken = take_texts({"a.py": SOURCE})
    assert "is above" not in taken.sources["a.py"]
    assert "doubts" not in taken.sources["a.py"]
    assert "are left" not in taken.sources["a.py"]
    (tmp_path / "a.py").write_text(taken.sources["a.py"])
    assert run(tmp_path, texts=taken.data) == before
    assert "nobody doubts that it fits" in before


def test_a_name_that_the_program_has_already_means_what_it_did(tmp_path: Path):
    (tmp_path / "a.py").write_text(HIDDEN)
    before = run(tmp_path, texts=None)
    taken = take_texts({"a.py": HIDDEN})
    assert "complaint" not in taken.sources["a.py"]
    (tmp_path / "a.py").write_text(taken.sources["a.py"])
    assert run(tmp_path, texts=taken.data) == before


def test_without_the_file_there_is_the_place_of_the_text(tmp_path: Path):
    taken = take_texts({"a.py": SOURCE})
    (tmp_path / "a.py").write_text(taken.sources["a.py"])
    told = run(tmp_path, texts=None)
    places = [int(line.split()[-1]) for line in told.splitlines() if "text " in line]
    assert len(places) > 3
    assert any(taken.data[at + 1 :].startswith(b"the value %d is above") for at in places)


@pytest.mark.parametrize("text", ["0123456789", "x" * 256, "é" * 128])
def test_what_is_short_or_too_long_stays(text: str):
    taken = take_texts({"a.py": f"raise ValueError({text!r})\n"})
    assert taken.data == b""
    assert "told" not in taken.sources["a.py"]


def test_a_text_that_comes_twice_is_there_once():
    taken = take_texts({"a.py": "raise A('one text of many')\n", "b.py": "raise B('one text of many')\n"})
    assert taken.data == bytes((16,)) + b"one text of many"


def test_the_manifest_of_a_release_has_the_texts():
    made = app.build()
    assert len(made.slot["texts"]) > 4096
    assert b'"texts"' in made.slot["manifest.json"]
