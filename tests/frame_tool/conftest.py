"""The command `wxlink frame`, run in this process as a user runs it."""

import io
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from wxlink import cli

Frame = Callable[..., SimpleNamespace]


@pytest.fixture
def frame(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Frame:
    """A function that runs `wxlink frame` and gives status, out and err; stdin: bytes for it."""

    def run(*words: str, stdin: bytes = b"") -> SimpleNamespace:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        before = capsys.readouterr()
        status = cli.main(["frame", *words])
        said = capsys.readouterr()
        print(before.out, end="")  # a seed, for a test that fails
        return SimpleNamespace(status=status, out=said.out, err=said.err)

    return run


@pytest.fixture
def decoded(frame: Frame) -> Callable[..., list[dict[str, Any]]]:
    """A function that gives what `wxlink frame decode --json` prints; some frame must be good."""

    def run(*words: str, stdin: bytes = b"") -> list[dict[str, Any]]:
        done = frame("decode", "--json", *words, stdin=stdin)
        assert done.status == 0, done.err
        assert done.out.count("\n") == 1
        entries: list[dict[str, Any]] = json.loads(done.out)
        return entries

    return run
