"""The example program is compiled when it has to be, and a failure says why."""

from pathlib import Path

import pytest

from wxlink.assets import asset
from wxlink.codegen.build import CompileError, NoCompiler, build_board, build_gokit
from wxlink.product import read


def test_build_does_nothing_twice(tmp_path: Path) -> None:
    lamp = read(asset("protocol/products/lamp.toml"))
    first = build_board(lamp, tmp_path).stat()
    assert build_board(lamp, tmp_path).stat() == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lamp", "lamp.sha256"]


def test_build_says_when_there_is_no_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler -m32")
    with pytest.raises(NoCompiler, match="no-such-compiler not found"):
        build_gokit(tmp_path)


def test_build_hands_on_the_compilers_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "cc -include no-such-header.h")
    with pytest.raises(CompileError, match=r"no-such-header\.h: No such file"):
        build_gokit(tmp_path)
    assert not (tmp_path / "gokit").exists()
