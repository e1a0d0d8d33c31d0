"""The files that MicroPython starts cost the chip no names, and do what their sources do."""

import ast
from pathlib import Path

from wxlink.flash.root import bare
from wxlink.flash.shorten import CHIP, COMMON

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
ROOT = {
    "boot.py": (FIRMWARE / "boot.py").read_text("utf-8"),
    "main.py": (FIRMWARE / "chip_main.py").read_text("utf-8"),
}


def names_of(source: str) -> set[str]:
    nodes = list(ast.walk(ast.parse(source)))
    return {
        name
        for node in nodes
        for field in ("id", "attr", "arg", "name")
        if isinstance(name := getattr(node, field, None), str)
    }


def test_their_names_are_micropythons_but_what_they_run() -> None:
    left = {name for source in bare(ROOT).values() for name in names_of(source)}
    assert left - COMMON - CHIP == {"run_chip", "product"}


def test_they_say_nothing_but_what_they_print() -> None:
    for path, source in bare(ROOT).items():
        assert len(source) < len(ROOT[path]) * 2 // 3
        assert "#" not in source
        assert '"""' not in source


def test_arguments_and_globals_keep_their_meaning() -> None:
    source = (
        "count = 1\n\ndef act(given):\n    global count\n    given = own = count + given\n    count = own\n"
        "    return given\n"
    )
    names: dict[str, object] = {"__builtins__": {}}
    exec(bare({"a.py": source + "result = act(2), act(3), count\n"})["a.py"], names)  # noqa: S102 - ours
    assert (3, 6, 6) in names.values()


def test_a_file_of_words_alone_is_still_python() -> None:
    source = bare({"a.py": '"""Words."""\n\ndef act(given):\n    """Words."""\n'})["a.py"]
    assert "ords" not in source
    ast.parse(source)
